"""From a bundle's confusable pairs to the pairs of a study: marks, nominations and votes of several researchers.

After Zhang et al., CWOX-2s, supplement, section B.3: unfamiliar, ambiguous and specific classes are left out, the
researchers nominate among the rest, and vote among the nominated. What each one said is kept.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from studyapp import models
from studyapp.bundles.stimuli import reader
from studyapp.core.bundles.pairs import CRITERIA, Pair, find_pairs
from studyapp.core.engine.kinds import kind
from studyapp.core.export.tables import cell

RECORD = ("researcher", "about", *CRITERIA, "nominated", "voted", "changed_at")
OBJECTIONS = {"familiar": "unfamiliar", "unambiguous": "ambiguous", "non_specific": "a kind of another class"}


@dataclass(frozen=True)
class Standing:
    """A pair and what the researchers made of it; `objections` says why a class of it is left out, if one is."""

    pair: Pair
    nominations: int
    votes: int
    objections: tuple[str, ...]

    @property
    def in_question(self) -> bool:
        """Whether the pair may still be nominated: nobody objects to a class of it."""
        return not self.objections


def pairs_of(bundle: models.Bundle, needed: int) -> list[Pair]:
    """Return the bundle's pairs with at least `needed` qualifying images, the most frequent first."""
    return [pair for pair in _pairs_of(bundle, bundle.sha256) if len(pair.images) >= needed]


def standings(bundle: models.Bundle, needed: int) -> list[Standing]:
    """Return the pairs with enough images, those with most votes first, then most nominations, then most images."""
    ballots = list(bundle.pair_ballots.values_list("pair", "nominated", "voted"))
    nominations = [pair for pair, nominated, _ in ballots if nominated]
    votes = [pair for pair, _, voted in ballots if voted]
    against = objections(bundle)
    found = [
        Standing(
            pair=pair,
            nominations=nominations.count(pair.name),
            votes=votes.count(pair.name),
            objections=tuple(f"{name}: {reason}" for name in pair.labels for reason in against.get(name, ())),
        )
        for pair in pairs_of(bundle, needed)
    ]
    return sorted(found, key=lambda one: (not one.in_question, -one.votes, -one.nominations))


def objections(bundle: models.Bundle) -> dict[str, list[str]]:
    """Return why classes are left out, by class: each criterion that somebody found not met, with how many did."""
    by_class: dict[str, list[dict]] = {}
    for mark in bundle.class_marks.values("class_name", *CRITERIA):
        by_class.setdefault(mark["class_name"], []).append(mark)
    found: dict[str, list[str]] = {}
    for name, marks in by_class.items():
        for criterion in CRITERIA:
            if against := sum(not mark[criterion] for mark in marks):
                found.setdefault(name, []).append(f"{OBJECTIONS[criterion]} ({against} of {len(marks)})")
    return found


def mark_classes(bundle: models.Bundle, researcher, marks: dict[str, dict[str, bool]]) -> None:
    """Keep what a researcher says of some classes: `{"cello": {"familiar": True, …}}`; earlier marks give way."""
    models.ClassMark.objects.bulk_create(
        [
            models.ClassMark(bundle=bundle, researcher=researcher, class_name=name, **mark)
            for name, mark in marks.items()
        ],
        update_conflicts=True,
        unique_fields=["bundle", "researcher", "class_name"],
        update_fields=[*CRITERIA, "changed_at"],
    )


def ballot(bundle: models.Bundle, researcher, field: str, offered: Iterable[str], chosen: Iterable[str]) -> None:
    """Keep which of the `offered` pairs a researcher nominates or votes for; `field` is nominated or voted."""
    chosen = set(chosen)
    models.PairBallot.objects.bulk_create(
        [
            models.PairBallot(bundle=bundle, researcher=researcher, pair=name, **{field: name in chosen})
            for name in offered
        ],
        update_conflicts=True,
        unique_fields=["bundle", "researcher", "pair"],
        update_fields=[field, "changed_at"],
    )


def write_record(bundle: models.Bundle, file) -> int:
    """Write every mark, nomination and vote with who gave it and when as CSV, and return how many there are."""
    rows, writer = _record(bundle), csv.writer(file)
    writer.writerow(RECORD)
    writer.writerows([cell(row.get(name)) for name in RECORD] for row in rows)
    return len(rows)


def _record(bundle: models.Bundle) -> list[dict]:
    rows = [
        {
            "researcher": mark.researcher.get_username(),
            "about": mark.class_name,
            **{criterion: getattr(mark, criterion) for criterion in CRITERIA},
            "changed_at": mark.changed_at,
        }
        for mark in bundle.class_marks.select_related("researcher")
    ]
    return rows + [
        {
            "researcher": vote.researcher.get_username(),
            "about": vote.pair,
            "nominated": vote.nominated,
            "voted": vote.voted,
            "changed_at": vote.changed_at,
        }
        for vote in bundle.pair_ballots.select_related("researcher")
    ]


def takes_pairs(study: models.Study) -> bool:
    """Return whether a study's kind has pairs to choose."""
    return "pairs" in kind(study.kind).defaults()


def use(study: models.Study, pairs: list[str], **counts: int) -> None:
    """Make these the pairs of a study, and set its numbers of trials; its stimuli are drawn anew."""
    defaults, wanted = kind(study.kind).defaults(study.language), study.parameters | {"pairs": pairs} | counts
    study.parameters = {name: value for name, value in wanted.items() if value != defaults[name]}
    study.stimuli = None
    study.save(update_fields=["parameters", "stimuli"])


@lru_cache(maxsize=16)
def _pairs_of(bundle: models.Bundle, sha256: str) -> list[Pair]:
    """Return a bundle's pairs, found once per process: bundles never change."""
    return find_pairs(reader(bundle))
