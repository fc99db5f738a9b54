"""docs/security.md claims nothing without a test: every one that it names is there."""

import re

from tests.docs.pages import DOCS


def test_every_test_that_the_page_names_is_there():
    named = set(re.findall(r"`(test_\w+)`", (DOCS / "security.md").read_text(encoding="utf-8")))
    written = "\n".join(path.read_text(encoding="utf-8") for path in DOCS.parent.glob("tests/**/test_*.py"))
    assert len(named) > 30
    assert not named - set(re.findall(r"def (test_\w+)\(", written))
