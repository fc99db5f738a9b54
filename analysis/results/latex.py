"""Tables in LaTeX: text that prints as it stands, and columns that fit a text width of 345 pt (article at 10 pt).

A table needs `booktabs` alone. One that is too wide at the text's size is set smaller; if that isn't enough, its
longest texts are wrapped; what still doesn't fit follows as blocks of columns below each other, each with the rows'
names. Widths are estimated from the number of letters, on the safe side.
"""

import re
from collections.abc import Iterator

from analysis.results import apa
from analysis.results.tables import HEADINGS, Readable

TEXT_WIDTH = 345.0
LETTER, GAP = 5.4, 12.0  # pt of a letter and of the space about a column, at the text's size
SMALL_LETTER, SMALL_GAP = 4.4, 6.0  # at footnote size
NARROWEST = 12  # letters of a column that is wrapped
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega",
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon",
    "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
LATIN_CAPITALS = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧοϵ", ("A", "B", "E", "Z", "H", "I", "K", "M", "N", "O", "P", "T", "X", "o",
                                               r"$\epsilon$"), strict=True))  # fmt: skip
LETTERS = {
    "&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "²": r"$^2$", "₀": r"$_0$", "₁": r"$_1$", "₂": r"$_2$",
    "−": r"$-$", "×": r"$\times$", "∞": r"$\infty$", "—": "---", "±": r"$\pm$", "<": "$<$", ">": "$>$",
    "|": r"\textbar{}", "…": r"\ldots{}", "“": "``", "”": "''", "–": "--", "′": r"$'$", "√": r"$\surd$",
    "½": r"$\frac{1}{2}$", "·": r"$\cdot$", "‘": "`", "’": "'", "≥": r"$\geq$", "≤": r"$\leq$", "≠": r"$\neq$",
    "→": r"$\rightarrow$", "`": r"\textasciigrave{}", "[": "{[}", "*": "{*}", "°": r"$^\circ$",
    **{letter: rf"$\{name}$" for letter, name in GREEK.items()}, **LATIN_CAPITALS,
}  # fmt: skip
BEYOND = (
    "% These letters need XeLaTeX or LuaLaTeX and a font (fontspec, \\setmainfont) that has them; pdfLaTeX has none: "
)


def latex(shown: Readable, caption: str, label: str) -> str:
    """Return the table as a LaTeX `table` with booktabs rules, its remarks as a note below; `label` is an id.

    Letters that pdfLaTeX cannot print are named in a comment above it, with what they need.
    """
    shown, remarks = _without_remarks(shown)
    small, letters, blocks = _fitted(shown)
    lines = [r"\begin{table}", r"\centering"]
    lines += [r"\footnotesize", r"\setlength{\tabcolsep}{3pt}"] if small else []
    lines += [rf"\caption{{{escape(caption)}}}", rf"\label{{tab:{_label(label)}}}"]
    for i, block in enumerate(blocks):
        lines += [r"\par\medskip"] if i else []
        lines += _block(shown, block, letters)
    notes = [rf"\par\smallskip{{\footnotesize\emph{{Note.}} {escape('; '.join(remarks))}.}}"] if remarks else []
    text = "\n".join([*lines, *notes, r"\end{table}"]) + "\n"
    beyond = "".join(dict.fromkeys(letter for letter in text if ord(letter) > 0x17F and letter not in LETTERS))
    return f"{BEYOND}{beyond}\n{text}" if beyond else text


def escape(text: str) -> str:
    """Return text that LaTeX prints as it stands, on one line.

    >>> escape("50% of a_b, [x] -- *")
    '50\\\\% of a\\\\_b, {[}x] -{}- {*}'
    """
    said = " ".join(str(text).split()).replace("--", "-\0-").replace("--", "-\0-")
    printed = "".join(LETTERS.get(letter, letter) for letter in said if letter == "\0" or letter.isprintable())
    return printed.replace("\0", "{}")


def _label(id: str) -> str:
    """Return an id as a label: letters that every LaTeX reads, others by their code, so that labels stay apart."""
    plain = id.encode("ascii", "backslashreplace").decode()
    return re.sub(r"[^A-Za-z0-9_.:-]+", "-", plain)


def _without_remarks(shown: Readable) -> tuple[Readable, list[str]]:
    """Return the table without its column of remarks, and each remark once."""
    kept = [i for i, (heading, _) in enumerate(shown.headings) if heading != HEADINGS["reason"]]
    said = [row[i] for row in shown.rows for i in range(len(row)) if i not in kept]
    remarks = [text for text in dict.fromkeys(said) if text not in ("", apa.NOTHING)]
    rows = [[row[i] for i in kept] for row in shown.rows]
    return Readable([shown.headings[i] for i in kept], rows), remarks


def _fitted(shown: Readable) -> tuple[bool, dict[int, int], list[list[int]]]:
    """Return whether the table is set small, the letters of the columns that are wrapped, and its blocks of columns."""
    columns = list(range(len(shown.headings)))
    widths = [max(len(cell) for cell in cells)
              for cells in ([shown.headings[i][0], *(row[i] for row in shown.rows)] for i in columns)]  # fmt: skip
    if sum(widths) * LETTER + len(columns) * GAP <= TEXT_WIDTH:
        return False, {}, [columns]
    room = (TEXT_WIDTH - len(columns) * SMALL_GAP) / SMALL_LETTER
    wrapped: dict[int, int] = {}
    texts = [i for i in columns if not shown.headings[i][1]]
    while sum(widths) > room:
        widest = max(texts, key=lambda i: widths[i], default=None)
        if widest is None or widths[widest] <= max(NARROWEST, _longest_word(shown, widest)):
            break
        widths[widest] -= 1
        wrapped[widest] = widths[widest]
    return True, wrapped, list(_blocks(shown, widths))


def _longest_word(shown: Readable, column: int) -> int:
    cells = [shown.headings[column][0], *(row[column] for row in shown.rows)]
    return max(len(word) for cell in cells for word in [*cell.split(), ""])


def _blocks(shown: Readable, widths: list[int]) -> Iterator[list[int]]:
    """Yield the columns in blocks that fit, the rows' names (the texts before the first number) at the head of each."""
    first = next((i for i, (_, number) in enumerate(shown.headings) if number), len(widths))
    names = list(range(min(first, 3)))

    def width(columns: list[int]) -> float:
        return sum(widths[i] * SMALL_LETTER + SMALL_GAP for i in columns)

    block = list(names)
    for i in range(len(names), len(widths)):
        if len(block) > len(names) and width([*block, i]) > TEXT_WIDTH:
            yield block
            block = list(names)
        block.append(i)
    yield block


def _block(shown: Readable, columns: list[int], letters: dict[int, int]) -> list[str]:
    """Return one `tabular` of these columns; a wrapped cell is set ragged in a width of its own."""
    form = "".join(f"p{{{letters[i] * SMALL_LETTER + 4:.0f}pt}}" if i in letters else "r" if shown.headings[i][1]
                   else "l" for i in columns)  # fmt: skip

    def line(cells: list[str]) -> str:
        texts = [(r"\raggedright " if i in letters else "") + escape(cells[i]) for i in columns]
        return " & ".join(texts) + r" \tabularnewline"

    heads, *rows = [line(cells) for cells in ([heading for heading, _ in shown.headings], *shown.rows)]
    return [rf"\begin{{tabular}}{{{form}}}", r"\toprule", heads, r"\midrule", *rows, r"\bottomrule", r"\end{tabular}"]
