"""Whatever stands in a name or an answer, Markdown shows it letter by letter: as another library reads CommonMark."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from analysis.planning.preregistration import preregistration
from analysis.reading.plans import Plan
from analysis.results import markdown
from analysis.results.tables import Readable

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TEXTS = st.text("ab1*_`<>[]()!#&;\\~|-+.=:/ äé", min_size=1, max_size=14)
HOSTILE = "*b* _i_ `c` ~~s~~ <u>t</u> &copy; [x](http://y) ![p](q) \\* a_b # 1. |"


def shown(text: str) -> list[str]:
    """Return the text of each piece of a Markdown page, as a browser shows it; pictures by their alternative text."""
    found = []
    for token in READER.parse(text):
        if token.type == "inline":
            assert {part.type for part in token.children} <= {"text", "softbreak", "image"}, text
            parts = [part.children if part.type == "image" else [part] for part in token.children]
            found.append("".join(one.content for of_part in parts for one in of_part))
    return found


@given(TEXTS)
@example(HOSTILE)
@example("1) a")
@example("a*b*c and ***d*** __e__")
@example("---")
@example("===")
def test_a_value_reads_as_it_is_written_wherever_it_stands(text):
    value = " ".join(text.split())
    if not value:
        return
    for page in (f"- {markdown.literal(value)}", f"# x {markdown.literal(value)}", f"a: {markdown.literal(value)}\n"):
        (found,) = shown(page)
        assert found.removeprefix("x ").removeprefix("a: ") == value.strip(), page
    assert shown(f"![{markdown.alternative(value)}](a.png)") == [value]
    table = markdown.table(Readable([(value, False), ("n", True)], [[value, "1"], ["b", value]]))
    assert shown(table) == [value, "n", value, "1", "b", value]


@pytest.mark.parametrize("text", ["a", "a`b", "`", "``x`", "*a*", "a\\"])
def test_a_name_as_code_is_that_name(text):
    (token,) = [token for token in READER.parse(f"Tested by {markdown.code(text)}.") if token.type == "inline"]
    assert [part.content for part in token.children if part.type == "code_inline"] == [text]


def test_a_preregistration_says_the_plans_own_words():
    stated = {"id": "*H*", "text": HOSTILE, "analysis": "a`b.anova", "term": "<b>"}
    said = preregistration(Plan(hypotheses=(stated,), primary=("a`b.anova",)), "_My_ [study](x)", "Two *cells*.")
    (hypothesis,) = [token for token in READER.parse(said) if token.type == "inline" and "Tested by" in token.content]
    text = "".join(part.content for part in hypothesis.children)
    assert text == f"*H* {HOSTILE} Tested by a`b.anova, term <b>."
    title, *_ = (token for token in READER.parse(said) if token.type == "inline")
    assert "".join(part.content for part in title.children) == "Analysis plan: _My_ [study](x)"
