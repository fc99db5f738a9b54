"""The passages to code: gathered from the answers, met in random order."""

import secrets
from datetime import timedelta

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from studyapp import models
from studyapp.core.engine.fields import Field
from studyapp.core.engine.kinds import Page, kind
from studyapp.core.engine.questions import text_key
from studyapp.core.texts import asked_in
from studyapp.publishing import kind_of_study, read_version

CHUNK = 2000
OVERLAP = timedelta(hours=1)


def free_fields(study: models.Study) -> dict[str, tuple[Page, Field]]:
    """Return the columns that hold participants' own words, each with its page and the field as the page names it."""
    found = {}
    for page in kind_of_study(study).pages:
        for field in page.columns:
            if field.free:
                found[field.name if page.trial else f"{page.name}_{field.name}"] = (page, field)
    return found


def told(study: models.Study, column: str) -> str:
    """Return what a column holds, and how the study words the question; every wording, where versions differ."""
    page, field = free_fields(study)[column]
    key = next((text_key(page.name, asked) for asked in page.questions if asked.name == field.name), "")
    if not key:
        return field.description
    published = [read_version(pk).definition for pk in study.versions.exclude(number=0).values_list("pk", flat=True)]
    texts = [record["texts"] for record in published] or [kind(study.kind).texts(study.language) | study.texts]
    asked = dict.fromkeys(asked_in(its[key])[0] for its in texts)
    return f"{field.description} Asked as {', '.join(f'“{words}”' for words in asked)}."


def gather(study: models.Study) -> int:
    """Make a passage of every text that people have left since the last time; return how many are new."""
    columns = free_fields(study)
    return sum(_gather(study, column, columns) for column in columns)


def _gather(study: models.Study, column: str, columns: dict) -> int:
    """Make a column's new passages. Only answers since the newest passage's are looked at, and of some time before it.

    An answer is dated in the transaction that stores it, and such a one is short: none that is older than `OVERLAP`
    appears after a newer one was seen.
    """
    page, field = columns[column]
    its_pages = [
        other.name for other in kind_of_study(study).pages if field.name in {one.name for one in other.columns}
    ]
    alike = len(its_pages) > 1
    known = models.Passage.objects.filter(response=OuterRef("pk"), field=column)
    newest = study.passages.filter(field=column).order_by("-response_id").values("response__submitted_at").first()
    answers = models.Response.objects.filter(participant__study=study, participant__preview=False)
    if newest:
        answers = answers.filter(submitted_at__gte=newest["response__submitted_at"] - OVERLAP)
    new = answers.filter(**{f"answer__{field.name}__isnull": False}).exclude(**{f"answer__{field.name}": ""})
    new = new.exclude(**{f"answer__{field.name}": {}})  # words on several things, none of them written
    if not new.filter(~Exists(known)).exists():
        return 0
    if not alike:
        return _insert(study, column, new)
    pages = new.filter(~Exists(known)).select_related("participant__plan").iterator(CHUNK)
    found = [row.pk for row in pages if row.participant.plan.steps[row.position]["page"] == page.name]
    rows = [models.Passage(study=study, response_id=pk, field=column, place=secrets.randbelow(2**62)) for pk in found]
    models.Passage.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)
    return len(rows)


def _insert(study: models.Study, column: str, new: QuerySet[models.Response]) -> int:
    """Make passages of answers that have none, each at a random place, within the database; return how many.

    Those that have one are told by the table's constraint: a look for them would pass over the rows just inserted.
    """
    found, values = new.order_by().values("id").query.sql_with_params()
    place = "abs(random() >> 1)" if connection.vendor == "sqlite" else "floor(random() * 4611686018427387904)::bigint"
    table = models.Passage._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (study_id, field, response_id, place) SELECT %s, %s, found.id, {place} "
            f"FROM ({found}) AS found WHERE true ON CONFLICT DO NOTHING",
            [study.pk, column, *values],
        )
        return cursor.rowcount


def passages(study: models.Study, column: str) -> QuerySet[models.Passage]:
    """Return the passages of a column: people's, or while there is none, bots', to try it out."""
    found = study.passages.filter(field=column)
    if not study.participants.filter(bot__gt="", preview=False).exists():
        return found  # without a look at everybody's runs
    of_people = found.filter(response__participant__bot="")
    return of_people if of_people.exists() else found


def simulated(study: models.Study) -> bool:
    """Return whether there are passages, but of bots alone."""
    return study.passages.exists() and not study.passages.filter(response__participant__bot="").exists()


def unread(study: models.Study, column: str, coder) -> QuerySet[models.Passage]:
    """Return the passages of a column that a coder is not done with, in order."""
    mine = models.Reading.objects.filter(passage=OuterRef("pk"), coder=coder, done=True)
    return passages(study, column).filter(~Exists(mine))


def counts(study: models.Study, column: str, coder) -> tuple[int, int]:
    """Return how many passages a column has, and how many of them a coder is done with."""
    found = passages(study, column)
    return found.count(), models.Reading.objects.filter(passage__in=found, coder=coder, done=True).count()


def text_of(passage: models.Passage, columns: dict) -> str:
    """Return a passage's words, its response being loaded; those on several things stand below one another, by name."""
    words = passage.response.answer.get(columns[passage.field][1].name, "")
    return (
        "\n\n".join(f"{about}: {said}" for about, said in sorted(words.items()))
        if isinstance(words, dict)
        else str(words)
    )


def shown(passage: models.Passage, columns: dict) -> dict:
    """Return all that a coder may see of a passage: nothing of the person, the condition or the score."""
    return {
        "id": passage.pk,
        "text": text_of(passage, columns),
        "question": columns[passage.field][1].description,
        "about": str(passage.response.scores.get("class_name") or ""),
    }
