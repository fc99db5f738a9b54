"""The characters of a file from elsewhere: UTF-8, UTF-16 with its mark, or Windows-1252 where its bytes say so.

Excel on Windows writes "CSV" in the code page of its country, which no file names. Bytes that are no UTF-8 are read as
Windows-1252 (Western Europe) where they make words of its languages, and refused otherwise: the same bytes would be
other letters on a Mac (Mac Roman), in Prague (Windows-1250), Istanbul (1254) or Moscow (1251).
"""

import codecs
import re
from pathlib import Path

from analysis.errors import AnalysisError

ASSUMED = "cp1252"
LETTERS = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüŒœ"  # of Western Europe's large languages
MARKS = "€‚„…‘’“”•–—™\xa0¡£§©ª«®°²´·º»½¿"
IN_WORDS = "‚„…•–—™¡£§©ª«®°²´·º»½¿€"  # marks that stand in no word: letters of another code page
WORD = re.compile(rf"[A-Za-z{LETTERS}]+")
OTHERWISE = (
    (b"PK\x03\x04", "an Excel workbook or another archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"$FL2", "a file of SPSS"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
)
SAVE = "save it as CSV in UTF-8 (in Excel: “CSV UTF-8 (Comma delimited)”)"
AROUND = 12


def decoded(path: Path) -> tuple[str, str]:
    """Return a file's text, without its mark, and a remark where its encoding was assumed."""
    content = path.read_bytes()
    _refuse_what_is_no_text(content, path)
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        try:
            return _without_zeros(content.decode("utf-16"), path), ""
        except UnicodeDecodeError as error:
            raise AnalysisError(f"{path}: is no CSV in UTF-8 or UTF-16: {error}") from None
    try:
        return _without_zeros(content.decode("utf-8-sig"), path), ""
    except UnicodeDecodeError as error:
        return _western(content, path, error.start)


def _refuse_what_is_no_text(content: bytes, path: Path) -> None:
    start = content[:512].lstrip(codecs.BOM_UTF8).lstrip()
    found = next((name for mark, name in OTHERWISE if start[: len(mark)].lower() == mark.lower()), "")
    if not found and start[:1] in (b"[", b"{") and re.match(rb'[\[{]\s*["{\[\]}]', start):
        raise AnalysisError(
            f"{path}: is JSON, expected a CSV (jsPsych writes one by localSave('csv', …), reVISit as its tidy export)"
        )
    if found:
        raise AnalysisError(f"{path}: is {found}, expected a CSV; {SAVE}")


def _without_zeros(text: str, path: Path) -> str:
    if "\0" in text:
        raise AnalysisError(f"{path}: is no CSV in UTF-8: it holds a zero byte; {SAVE}")
    return text


def _western(content: bytes, path: Path, first: int) -> tuple[str, str]:
    """Return the text by Windows-1252, with the remark that says so and shows a word; refuse what makes no words."""
    if b"\0" in content:
        raise AnalysisError(f"{path}: is no CSV in UTF-8: it holds a zero byte; {SAVE}")
    text = content.decode(ASSUMED, errors="replace")
    place = _strange(text)
    if place is not None:
        shown = " ".join(text[max(0, place - AROUND) : place + AROUND].split())
        raise AnalysisError(
            f"{path}: is no CSV in UTF-8, and its bytes don't tell in what else it was written (read as Windows-1252 "
            f"it holds “{shown}”, line {text[:place].count(chr(10)) + 1}); {SAVE}"
        )
    shown = " ".join(text[max(0, first - AROUND) : first + AROUND].split())
    return text, (
        f"The file is no UTF-8; its letters were read as Windows-1252, as Excel writes Western Europe's: “{shown}”."
        f" If these are wrong, {SAVE}."
    )


def _strange(text: str) -> int | None:
    """Return where a text of Windows-1252 is none of a Western European language, None where nothing speaks against it.

    >>> _strange("Stärke; “trifft zu” – 5 €"), _strange("St\u0160rke"), _strange("Äà, Íåò")
    (None, 2, 0)
    """
    for fits in re.finditer(r"[^\x00-\x7f]", text):
        before, after = text[fits.start() - 1 : fits.start()], text[fits.end() : fits.end() + 1]
        inside = bool(WORD.fullmatch(before) and WORD.fullmatch(after))
        wrong = (before.islower() and fits[0].isupper()) or (fits[0] == "²" and not before.isalnum())
        if fits[0] not in LETTERS + MARKS or (fits[0] in IN_WORDS and inside) or wrong:
            return fits.start()
    words = [fits for fits in WORD.finditer(text) if not fits[0].isascii()]
    foreign = sum(not letter.isascii() for fits in words for letter in fits[0])
    if words and 2 * foreign > sum(len(fits[0]) for fits in words) and any(len(fits[0]) > 1 for fits in words):
        return words[0].start()
    return None
