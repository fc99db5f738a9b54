"""All of report.md and methods.txt is read back, line by line: each says what its own part of results.json holds."""

import json
import re
from itertools import zip_longest

import pytest

from analysis.report import folder
from analysis.report.verdicts import SAID
from tests.analysis.report.test_true_sentences import (
    DESIGNS,
    NUMBER,
    RECIPES,
    check_table,
    numbers_of,
    written,
)

HEADS = ("Findings", "Design and sample", "Primary analyses", "Secondary analyses", "Exploratory analyses", "Methods",
         "Data and software")  # fmt: skip
INTERVALS = re.compile(r"9[05]% (?:CI|t intervals|Wilson intervals|intervals|power)|p < \.001")
ALWAYS = {"0", "1", "50%", "7"}  # the ends of shares, confidence that knows nothing
STATED = re.compile(r"^(?P<title>.+) \((?P<type>primary|secondary|exploratory), n = (?P<n>\d+)\)\. (?P<said>.+)\.$")


def strings_of(content) -> set[str]:
    """Return every text of a part of the results: names of levels, answers and items, which may hold numbers."""
    if isinstance(content, dict):
        return {text for key, value in content.items() for text in strings_of(value) | {str(key)}}
    if isinstance(content, list):
        return {text for value in content for text in strings_of(value)}
    return {content} if isinstance(content, str) else set()


def check_said(text: str, *parts, also=()) -> None:
    """Hold every number of a text to those of its parts of the results, names that contain numbers aside."""
    texts = {text for part in parts for text in strings_of(part)}
    names = {name for text in texts for name in (text, text.replace("_", " ")) if not NUMBER.fullmatch(name)}
    for name in sorted((name for name in names if re.search(r"\d", name) and len(name) < 90), key=len, reverse=True):
        text = text.replace(name, "")
    known = numbers_of(list(parts)) | ALWAYS | {*also} | {name for name in texts if NUMBER.fullmatch(name)}
    said = [number.lstrip("−") for number in NUMBER.findall(INTERVALS.sub("", text))]
    assert [number for number in said if number not in known] == [], text


def plain(markdown: str) -> str:
    """Return Markdown with the marks that are to be read as they are, but for those between cells."""
    return re.sub(r"\\([!-/:-@\[-`{}~])", r"\1", markdown)


def parts_of(markdown: str) -> dict[str, list[str]]:
    """Return the lines of each part of the report, by its heading; what precedes them under the empty one."""
    found, head = {"": []}, ""
    for line in markdown.splitlines():
        if line.startswith("## ") and line[3:] in HEADS and line[3:] not in found:
            head = line[3:]
            found[head] = []
        else:
            found[head].append(line)
    return found


def blocks(lines: list[str], mark: str) -> list[tuple[str, list[str]]]:
    """Return the lines under each heading of one depth."""
    found = []
    for line in lines:
        if line.startswith(mark):
            found.append((line.removeprefix(mark), []))
        elif found:
            found[-1][1].append(line)
    return found


def check_section(title: str, lines: list[str], content: dict, place: dict) -> None:
    finding = next(found for found in content["findings"] if plain(found["title"]) == title and not found.get("read"))
    finding["read"] = True
    by_id = {found["id"]: found for found in content["analyses"]}
    own = [by_id[id] for id in finding["analyses"]]
    kept = blocks(lines, "#### ")
    above = lines[: next((i for i, line in enumerate(lines) if line.startswith("#### ")), len(lines))]
    for line in filter(None, above):
        if line == f"**{finding['answer']}**":
            check_said(line, own, {"power": 0.8})
        elif line.startswith("!["):
            figure = content["figures"][place["figure"]]
            alt, file = re.fullmatch(r"!\[(.*)\]\((.*)\)", line).groups()
            assert (alt, file) == (figure["alt"], figure["file"].replace(".svg", ".png"))
            check_said(alt, figure["values"], {"n": len(figure["values"])}, figure["title"])
        elif line.startswith("*Figure "):
            place["figure"] += 1
            figure = content["figures"][place["figure"] - 1]
            assert line == f"*Figure {place['figure']}. {figure['title']}. {figure['caption']}*"
            check_said(figure["caption"], own, {"alpha": content["plan"]["alpha"]})
        elif not line.startswith("**Warning.** "):
            check_said(line, own, content["sample"], also={"5"})
    assert [f"{found['title']} ({found['type']})" for found in own] == [title for title, _ in kept]
    for found, (_, said) in zip(own, kept, strict=True):
        check_record(found, [line for line in said if line])


def check_record(found: dict, lines: list[str]) -> None:
    if not found["defined"]:
        assert lines == [f"Not defined: {found['reason']}."]
        return
    listed = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
    assert listed == [*found["apa"], *(f"Warning: {text}" for text in found["warnings"])]
    for sentence in found["apa"]:
        check_said(sentence, found)
    rows = [line for line in lines if line.startswith("|")]
    check_table("\n".join(rows), found)
    assert len(listed) + len(rows) == len(lines)


def check_methods(text: str, content: dict) -> None:
    _, people, analysis, said = re.fullmatch(
        r"(Participants)\n\n(.+?)\n\nStatistical analysis\n\n(.+?)\n\nResults\n\n(.+)\n", text, re.DOTALL
    ).groups()
    flow = {row["reason"]: row["n"] for row in content["sample"]["flow"]}
    assert people.startswith(f"{flow.pop('started')} participants started and {flow.pop('analysed')} were analysed")
    assert all(f"{n} {reason}" in people for reason, n in flow.items())
    assert content["design"] in analysis
    assert f"α = {content['plan']['alpha']:g}".replace("0.", ".") in analysis
    told = [found for found in content["analyses"] if found["apa"] or not found["defined"]]
    for found, paragraph in zip_longest(told, said.split("\n\n")):
        fits = STATED.fullmatch(paragraph)
        if found["defined"]:
            assert (fits["title"], fits["type"], int(fits["n"])) == (found["title"], found["type"], found["n"])
            assert fits["said"] == "; ".join(found["apa"])
        else:
            assert paragraph == f"{found['title']} ({found['type']}): not defined, because {found['reason']}."


def check_report(place) -> None:
    """Read a report folder back."""
    content = json.loads((place / "results.json").read_text())
    parts = parts_of(plain((place / "report.md").read_text()))
    people = content["sample"]["n"]
    title, kind, *notes = filter(None, parts[""])
    assert title == f"# {content['study']['name']}"
    assert f", {people} participants, planned by " in kind
    remarks = [f"**Note.** {remark}" for remark in content["remarks"]]
    assert [note for note in notes if not note.startswith("**Simulated")] == remarks
    findings = [line for line in parts["Findings"] if line]
    if not content["hypotheses"]:
        assert findings == ["The plan states no hypothesis."]
        findings = []
    for stated, line in zip_longest(content["hypotheses"], findings):
        start = f"- **{stated['id']}.** {stated['text']} – "
        assert line.startswith(f"{start}{SAID[stated['verdict']]}: ")
        tested = [found for found in content["analyses"] if found["id"] == stated["tested_by"]]
        check_said(line.removeprefix(start), tested, stated, also={str(len(content["hypotheses"]))})
    listed = [line for line in parts["Design and sample"] if line]
    assert listed[0] == content["design"]
    flow = [f"- {row['reason']}: {row['n']}" for row in content["sample"]["flow"]]
    rules = [f"- {rule['text']}: {rule['n']} ({rule['done']})" for rule in content["sample"]["rules"]]
    assert listed[-len(flow) - len(rules) - 1 :] == [*flow, "Rules about careless answers:", *rules]
    cells = [int(line.rpartition(": ")[2]) for line in listed[1 : -len(flow) - len(rules) - 1]]
    assert sum(cells) == people
    counter = {"figure": 0}
    for head in HEADS[2:5]:
        for title, lines in blocks(parts.get(head, []), "### "):
            check_section(title, lines, content, counter)
    assert all(found.pop("read") for found in content["findings"])
    assert counter["figure"] == len(content["figures"])
    methods = (place / "methods.txt").read_text()
    check_methods(methods, content)
    assert "\n".join(parts["Methods"]).strip() == plain(methods).strip()
    hashes = dict(re.findall(r"^- (.+): SHA-256 `(\w+)`$", "\n".join(parts["Data and software"]), re.MULTILINE))
    assert hashes == content["data"]["sha256"]
    versions = json.loads((place / "versions.json").read_text())
    assert parts["Data and software"][-1] == "- " + ", ".join(f"{name} {version}" for name, version in versions.items())


@pytest.mark.parametrize("kind", RECIPES)
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside another"])
def test_every_line_of_a_recipe_s_report_is_read_back(tmp_path, reported, kind, beside):
    folder.write(reported(kind, beside), tmp_path / "report")
    check_report(tmp_path / "report")


@pytest.mark.parametrize("kind", ["ratio", "ordinal"])
@pytest.mark.parametrize("effect", [0.0, 1.5])
@pytest.mark.parametrize(("n_between", "n_within"), DESIGNS)
def test_every_line_of_a_design_s_report_is_read_back(tmp_path, n_between, n_within, effect, kind):
    report = written(tmp_path, n_between, n_within, effect, kind, bounds={"Score.Sum": 0.7})
    folder.write(report, tmp_path / "report")
    check_report(tmp_path / "report")


def test_a_number_that_is_not_its_own_is_found(tmp_path):
    folder.write(written(tmp_path, 1, 1, 1.5), tmp_path / "report")
    path = tmp_path / "report" / "report.md"
    text = path.read_text()
    for wrong in (re.sub(r"M = (\d)\.(\d)", r"M = 9.\2", text, count=1), text.replace("analysed: 12", "analysed: 13"),
                  re.sub(r"p = \.\d(\d\d)", r"p = .9\1", text, count=1)):  # fmt: skip
        assert wrong != text
        path.write_text(wrong)
        with pytest.raises(AssertionError):
            check_report(tmp_path / "report")
