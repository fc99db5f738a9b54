"""Markdown in which names, words and answers read as they are written, whatever marks stand in them."""

import re

from analysis.results.tables import Readable

_MARKS = r"""\\(?=[!-/:-@\[-`{-~]|$)   # a backslash that would hide the mark after it
    |`|~(?=~)                   # code, strokes
    |<(?=[A-Za-z/!?])           # tags
    |&(?=\#?\w+;)               # entities
    |\](?=\()                   # links and pictures
    |\*(?=\S)|(?<=\S)\*         # emphasis: a lone star between spaces is none, nor is a line inside a word
    |(?<![^\W_])_(?=\S)|(?<=\S)_(?![^\W_])
    |^>|^\[|^[\#+*-](?=\s|$)|^\#(?=\#*(\s|$))|\#$  # quotes, definitions, headings, lists
    |(?<=^\d)[.)](?=\s|$)|(?<=^\d\d)[.)](?=\s|$)
    |^[-=](?=[-=\s]*$)          # rules and what underlines a heading
    """
_TEXT = re.compile(_MARKS, re.VERBOSE | re.MULTILINE)
_ALTERNATIVE = re.compile(rf"{_MARKS}|[\[\]]", re.VERBOSE | re.MULTILINE)


class Markdown(str):
    """Text that is Markdown already, and is taken over as it is."""

    __slots__ = ()


def literal(value: object) -> str:
    """Return a value's text so that Markdown shows it letter by letter; Markdown and numbers as they are.

    >>> literal("a_b <i> *c* 2 * 3 [.1, .4] [x](y)")
    'a_b \\\\<i> \\\\*c\\\\* 2 * 3 [.1, .4] [x\\\\](y)'
    """
    return value if isinstance(value, Markdown) else _TEXT.sub(r"\\\g<0>", str(value))


def code(text: str) -> Markdown:
    """Return a name as code, in as many backticks as it takes.

    >>> code("a"), code("a`b")
    ('`a`', '`` a`b ``')
    """
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return Markdown(f"{fence}{text}{fence}" if len(fence) == 1 else f"{fence} {text} {fence}")


def cell(value: object) -> Markdown:
    """Return a value as a cell of a table, in one line."""
    return Markdown(literal(value if isinstance(value, Markdown) else " ".join(str(value).split())).replace("|", r"\|"))


def alternative(text: str) -> Markdown:
    """Return a picture's alternative text, whose brackets are none of the picture's."""
    return Markdown(_ALTERNATIVE.sub(r"\\\g<0>", text))


def table(shown: Readable) -> Markdown:
    """Return a table."""
    rule = ["---:" if number else "---" for _, number in shown.headings]
    rows = [[heading for heading, _ in shown.headings], *shown.rows]
    cells: list[list[str]] = [[cell(value) for value in row] for row in rows]
    return Markdown("".join(f"| {' | '.join(row)} |\n" for row in [cells[0], rule, *cells[1:]]))
