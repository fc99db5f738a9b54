"""The mistakes that are made: one line each, such as a person makes and a reviewer overlooks.

Docstrings, annotations, messages of errors and warnings, and arithmetic on text are left alone: a mistake there is
either no mistake of the program's or falls at once.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS = {ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
               ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
               ast.In: ("in", "not in"), ast.NotIn: ("not in", "in")}  # fmt: skip
ARITHMETIC = {ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"),
              ast.FloorDiv: ("//", "/"), ast.Pow: ("**", "*"), ast.Mod: ("%", "*"), ast.BitAnd: ("&", "|"),
              ast.BitOr: ("|", "&")}  # fmt: skip
NAMES = {"max": "min", "min": "max", "any": "all", "all": "any", "first": "last", "last": "first", "ceil": "floor",
         "floor": "ceil", "sf": "cdf", "cdf": "sf", "idxmax": "idxmin", "idxmin": "idxmax"}  # fmt: skip
UNORDERED = {"max", "min", "hypot", "union", "print", "isinstance", "spearmanr"}
MESSAGES = {"warn", "getLogger", "debug", "info", "warning"}
LARGE = 100  # from here on, a constant is a limit rather than a count


@dataclass(frozen=True)
class Mutant:
    """One mistake: in `path`, the bytes from `start` to `end` become `text`."""

    path: str
    line: int
    start: int
    end: int
    text: str
    kind: str

    def applied(self, source: bytes) -> bytes:
        """Return the source with the mistake in it."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def in_words(self, source: bytes) -> str:
        """Return the mistake as `path:line: kind: the line before → after`."""
        whole = source.decode().splitlines()[self.line - 1].strip()
        after = self.applied(source).decode().splitlines()[self.line - 1].strip()
        return f"{self.path}:{self.line}: {self.kind}: {whole}  →  {after}"


def mutants(path: str, source: bytes) -> list[Mutant]:
    """Return every mistake that is made in a file, in its order; each leaves the file valid Python."""
    found = [
        Mutant(path, source.count(b"\n", 0, start) + 1, start, end, text, kind)
        for start, end, text, kind in _Mistakes(source).everywhere()
    ]
    return sorted(set(found), key=lambda mutant: (mutant.start, mutant.text))


class _Mistakes:
    """The mistakes of one source as (start, end, text, kind), found by walking its syntax tree."""

    def __init__(self, source: bytes):
        self.source = source
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def everywhere(self) -> Iterator[tuple[int, int, str, str]]:
        """Yield all mistakes."""
        yield from self._within(ast.parse(self.source))

    def _within(self, node: ast.AST) -> Iterator[tuple[int, int, str, str]]:
        yield from self._at(node)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_params") or isinstance(node, ast.JoinedStr):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_message(child):
                    yield from self._within(child)

    def _at(self, node: ast.AST) -> Iterator[tuple[int, int, str, str]]:
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for left, right, operator in zip(sides, sides[1:], node.ops, strict=False):
                yield from self._operator(left, right, *COMPARISONS[type(operator)], "comparison")
        elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC and not _textual(node):
            yield from self._operator(node.left, node.right, *ARITHMETIC[type(node.op)], "arithmetic")
        elif isinstance(node, ast.BoolOp):
            words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            for left, right in zip(node.values, node.values[1:], strict=False):
                yield from self._operator(left, right, *words, "and/or")
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert | ast.USub):
            kind = "dropped sign" if isinstance(node.op, ast.USub) else "dropped not"
            yield self._span(node)[0], self._span(node.operand)[0], "", kind
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
            yield *self._span(node), _other(node.value), "constant"
        elif isinstance(node, ast.Call):
            yield from self._call(node)
        elif _is_statement(node):
            yield *self._span(node), "pass", "removed statement"

    def _call(self, node: ast.Call) -> Iterator[tuple[int, int, str, str]]:
        called = _called(node)
        if called in NAMES:
            end = self._span(node.func)[1]
            yield end - len(called), end, NAMES[called], "other function"
        two = node.args[:2]
        if len(two) == 2 and called not in UNORDERED and all(isinstance(arg, ast.Name | ast.Attribute) for arg in two):
            (start, mid), (after, end) = self._span(two[0]), self._span(two[1])
            first, between, second = self.source[start:mid], self.source[mid:after], self.source[after:end]
            if first != second:
                yield start, end, (second + between + first).decode(), "swapped arguments"

    def _operator(self, left: ast.expr, right: ast.expr, old: str, new: str, kind: str) -> Iterator:
        start, end = self._span(left)[1], self._span(right)[0]
        gap = self.source[start:end]
        word = re.escape(old).replace(r"\ ", r"\s+")
        place = re.search((rf"\b{word}\b" if old[0].isalpha() else word).encode(), gap)
        if place:
            yield start + place.start(), start + place.end(), new, kind

    def _span(self, node: ast.AST) -> tuple[int, int]:
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset


def _is_statement(node: ast.AST) -> bool:
    """Return whether leaving a statement out is a mistake that the syntax allows."""
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not _is_message(node.value)
    return called or isinstance(node, ast.AugAssign | ast.Raise | ast.Continue | ast.Break)


def _is_message(node: ast.AST) -> bool:
    """Return whether a node only says something, to a log or as a warning."""
    return isinstance(node, ast.Call) and _called(node) in MESSAGES


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _textual(node: ast.BinOp) -> bool:
    """Return whether arithmetic is of texts or lists, where another operator fails at once."""
    texts = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp, ast.Dict, ast.DictComp, ast.Set, ast.SetComp)
    for side in (node.left, node.right):
        if isinstance(side, texts) or (isinstance(side, ast.Constant) and isinstance(side.value, str | bytes)):
            return True
        if isinstance(side, ast.BinOp) and _textual(side):
            return True
    return False


def _other(value: bool | int | float) -> str:
    """Return another constant, near enough to be overlooked: .95 as .9, 2 as 3, a tolerance a million times as wide.

    A large limit becomes half as large: one more or less is no mistake.
    """
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, int):
        return str(value + 1 if abs(value) < LARGE else value // 2)
    if 0 < abs(value) < 1e-3:
        return repr(value * 1e6)
    return repr(round(value - 0.05, 10)) if 0.05 < value <= 1 else repr(value + 1.0)
