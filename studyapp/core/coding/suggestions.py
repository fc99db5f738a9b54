"""Which codes a text may deserve, by the words that a coder's earlier codings of other texts have in common with it."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

WORD = re.compile(r"[^\W\d_]{2,}")
LEAST_LIFT = 0.25

C = TypeVar("C", bound=Hashable)


def words(text: str) -> set[str]:
    """Return a text's words in lower case, without the plural's s, so that legs and leg are one."""
    found = {word.lower() for word in WORD.findall(text)}
    return {word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in found}


def suggest(text: str, read: Iterable[tuple[str, set[C]]], named: Mapping[C, str]) -> list[C]:
    """Return codes to suggest for a text, the likeliest first.

    `read` holds the texts read before with the codes given to each; `named` maps each code to its name. A code is
    suggested where one of the text's words went with it clearly more often than texts in general did, or where its
    whole name stands in the text. A share is taken as if one more text with the word had gone without the code, so
    that a single coincidence weighs half.
    """
    asked = words(text)
    with_word, with_code, n_read = Counter[str](), Counter[C](), 0
    together: dict[str, Counter[C]] = defaultdict(Counter)
    for earlier, codes in read:
        n_read += 1
        with_code.update(codes)
        for word in words(earlier) & asked:
            with_word[word] += 1
            together[word].update(codes)
    lift = {code: 1.0 for code, name in named.items() if words(name) and words(name) <= asked}
    for word, counts in together.items():
        for code, count in counts.items():
            gained = count / (with_word[word] + 1) - with_code[code] / (n_read + 1)
            lift[code] = max(lift.get(code, 0), gained)
    kept = [code for code in named if lift.get(code, 0) >= LEAST_LIFT]
    return sorted(kept, key=lambda code: -lift[code])
