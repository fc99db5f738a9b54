"""The passages to code: gathered from the answers, met in random order."""

import secrets

from django.db import connection
from django.db.models import Exists, Max, OuterRef, QuerySet

from studyapp import models
from studyapp.core.engine.fields import Field
from studyapp.core.engine.kinds import Page
from studyapp.core.engine.questions import text_key
from studyapp.core.texts import asked_in
from studyapp.publishing import kind_of_study, read_version, texts_of

CHUNK = 2000
OVERLAP = 2000


def free_fields(study: models.Study) -> dict[str, tuple[Page, Field]]:
    """Return the columns that hold participants' own words, each with its page and the field as the page names it."""
    found = {}
    for page in kind_of_study(study).pages:
        for field in page.columns:
            if field.free:
                found[field.name if page.trial else f"{page.name}_{field.name}"] = (page, field)
    return found


def question_of(study: models.Study, column: str) -> str:
    """Return what a column holds, and how the study words the question; every wording, where versions differ."""
    page, field = free_fields(study)[column]
    key = next((text_key(page.name, asked) for asked in page.questions if asked.name == field.name), "")
    if not key:
        return field.description
    published = [read_version(pk).definition for pk in study.versions.exclude(number=0).values_list("pk", flat=True)]
    texts = [record["texts"] for record in published] or [texts_of(study)]
    asked = dict.fromkeys(asked_in(its[key])[0] for its in texts)
    return f"{field.description} Asked as {', '.join(f'“{words}”' for words in asked)}."


def gather(study: models.Study) -> int:
    """Make a passage of every text that people have left since the last time; return how many are new.

    Only answers since the last one that was looked at are, and `OVERLAP` before it: an answer gets its number in the
    transaction that stores it, and such a one is short, so that none appears after so many later ones were seen.
    """
    columns, seen = free_fields(study), dict(study.gatherings.values_list("field", "upto"))
    newest = models.Response.objects.aggregate(newest=Max("pk"))["newest"] or 0
    n_new = sum(_gather(study, column, columns, seen.get(column, 0) - OVERLAP) for column in columns)
    looked = [models.Gathering(study=study, field=column, upto=newest) for column in columns]
    models.Gathering.objects.bulk_create(
        looked, update_conflicts=True, unique_fields=["study", "field"], update_fields=["upto"]
    )
    return n_new


def _gather(study: models.Study, column: str, columns: dict, after: int) -> int:
    """Make passages of what a column holds in the answers after one."""
    page, field = columns[column]
    pages_with_it = [
        other.name for other in kind_of_study(study).pages if field.name in {one.name for one in other.columns}
    ]
    alike = len(pages_with_it) > 1
    answers = models.Response.objects.filter(pk__gt=after, participant__study=study, participant__preview=False)
    new = answers.filter(**{f"answer__{field.name}__isnull": False}).exclude(**{f"answer__{field.name}": ""})
    new = new.exclude(**{f"answer__{field.name}": {}})  # words on several things, none of them written
    known = models.Passage.objects.filter(response=OuterRef("pk"), field=column)
    if not new.filter(~Exists(known)).exists():
        return 0
    if not alike:
        return _insert(study, column, new)
    pages = new.filter(~Exists(known)).select_related("participant__plan").iterator(CHUNK)
    of_page = [row.pk for row in pages if row.participant.plan.steps[row.position]["page"] == page.name]
    rows = [models.Passage(study=study, response_id=pk, field=column, place=secrets.randbelow(2**62)) for pk in of_page]
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
    return found.filter(response__participant__bot="") if _leaves_bots_out(study, column) else found


def readings(study: models.Study, column: str) -> QuerySet[models.Reading]:
    """Return the finished readings of these passages."""
    done = models.Reading.objects.filter(passage__study=study, passage__field=column, done=True)
    return done.filter(passage__response__participant__bot="") if _leaves_bots_out(study, column) else done


def _leaves_bots_out(study: models.Study, column: str) -> bool:
    """Return whether bots have walked and people have left texts of their own."""
    if not study.participants.filter(bot__gt="", preview=False).exists():
        return False  # without a look at everybody's texts
    return _of_people(study).filter(field=column).exists()


def simulated(study: models.Study) -> bool:
    """Return whether there are passages, but of bots alone."""
    return study.passages.exists() and not _of_people(study).exists()


def _of_people(study: models.Study) -> QuerySet[models.Passage]:
    if not study.participants.filter(bot="", preview=False).exists():
        return study.passages.none()
    return study.passages.filter(response__participant__bot="")


def unread(study: models.Study, column: str, coder) -> QuerySet[models.Passage]:
    """Return the passages of a column that a coder is not done with, in order."""
    mine = models.Reading.objects.filter(passage=OuterRef("pk"), coder=coder, done=True)
    return passages(study, column).filter(~Exists(mine))


def counts(study: models.Study, column: str, coder) -> tuple[int, int]:
    """Return how many passages a column has, and how many of them a coder is done with."""
    return passages(study, column).count(), readings(study, column).filter(coder=coder).count()


def text_of(passage: models.Passage, columns: dict) -> str:
    """Return a passage's words, its response being loaded; those on several things stand below one another, by name."""
    words = passage.response.answer.get(columns[passage.field][1].name, "")
    return (
        "\n\n".join(f"{about}: {words_about}" for about, words_about in sorted(words.items()))
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
