"""A study's dashboard: who is where, who left where, the balance, durations, quality and money, all in five queries.

Everything is counted by the database, from what runs keep when they end, so that the number of answers doesn't matter.
The page asks for its figures every few seconds and changes what differs.
"""

import hashlib
from bisect import bisect_right
from datetime import timedelta
from decimal import Decimal
from random import Random
from statistics import median

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from studyapp import models
from studyapp.core.engine import flow
from studyapp.core.engine.kinds import Kind
from studyapp.core.engine.payment import money
from studyapp.core.questionnaires import plans
from studyapp.core.questionnaires.pages import kind_of
from studyapp.core.texts import words
from studyapp.desk.pages import page_context, study_of
from studyapp.publishing import frozen, read_version

from . import charts, completed

PARTS = ("next", "numbers", "funnel", "balance", "durations", "quality")
LEFT = (flow.WITHDRAWN, flow.EXPIRED, flow.SCREENED_OUT, flow.NO_CONSENT)
SHOWN = 500


def figures(study: models.Study, *, bots: bool = False) -> dict[str, dict]:
    """Return what each of `PARTS` shows, of people or of bots."""
    runs, recent = _runs(study, bots), timezone.now() - timedelta(minutes=study.active_minutes)
    is_recent = Q(status=flow.ACTIVE, seen_at__gte=recent)
    places = list(
        runs.order_by()
        .values("status", "version", "condition", "position")
        .annotate(n=Count("pk"), active=Count("pk", filter=is_recent))
    )
    done = runs.filter(status=flow.COMPLETED)
    minutes, typical_ms = completed.times(done)
    cells = list(study.conditions.all())
    return {
        "next": {"started": bool(places)},
        "numbers": {"numbers": _numbers(study, places, minutes, completed.bonus(done), cells)},
        "funnel": {"funnel": charts.funnel(_stages_reached(places, cells))},
        "balance": {"balance": charts.balance([_cell(cell, places) for cell in cells])},
        "durations": {"durations": charts.histogram(minutes, "min")},
        "quality": {"quality": _quality(study, done, typical_ms), "n_completed": len(minutes)},
    }


def behind(study: models.Study, *, bots: bool, stage: str = "", flag: str = "") -> list[models.Participant]:
    """Return the runs that stand or ended at a stage, or that have a quality flag."""
    runs = _runs(study, bots)
    pks = _with_flag(study, runs.filter(status=flow.COMPLETED), flag) if flag else _at(study, runs, stage)
    shown = runs.filter(pk__in=sorted(pks)[:SHOWN]).select_related("condition").order_by("pk")
    return list(shown.defer("summary", "quality"))


def _with_flag(study: models.Study, done, flag: str) -> list[int]:
    _, typical_ms = completed.times(done)
    groups = completed.flagged(done, typical_ms, _least_ms(study), with_pks=True)
    return [pk for group in groups if flag in group.flags for pk in group.pks]


def _at(study: models.Study, runs, stage: str) -> list[int]:
    """Return the unfinished runs that stand or ended at a stage."""
    left = runs.exclude(status__in=(flow.COMPLETED, "erased")).order_by()
    rows = list(left.values_list("pk", "version", "condition", "position"))
    cells = list(study.conditions.all())
    ways = {key: _stages_of(*key, cells) for key in {(version, condition) for _, version, condition, _ in rows}}
    return [pk for pk, version, condition, at in rows if _stage_at(ways[version, condition], at) == stage]


def stages(plan: list[dict], study_kind: Kind) -> list[tuple[str, int]]:
    """Return the stages of a run, each with its first position: pages of one name, or trials, in a row.

    Detours, as another try at failed questions, belong to the stage that they leave from.
    """
    found: list[list] = []
    for position in _main_way(plan):
        step = plan[position]
        number = step.get("trial_index")
        name = study_kind.trial_word if number is not None else words(step["page"])
        if found and found[-1][0] == name:
            found[-1][3] = number
        else:
            found.append([name, position, number, number])
    return _named(found)


def urls(model_admin) -> list:
    """Return the addresses of the dashboard, of what it asks, and of the runs behind its figures."""
    views = {"dashboard": _page, "live": _live, "who": _who}
    return [
        path(f"<int:pk>/{name}/", model_admin.admin_site.admin_view(make(model_admin)), name=f"study_{name}")
        for name, make in views.items()
    ]


def _page(model_admin):
    @require_GET
    def page(request: HttpRequest, pk: int) -> HttpResponse:
        study, bots = study_of(request, pk), "bots" in request.GET
        context = {
            **page_context(model_admin, request, f"Dashboard: {study}", study),
            "bots": bots,
            "parts": rendered(study, bots=bots),
        }
        return TemplateResponse(request, "admin/studyapp/dashboard/page.html", context)

    return page


def _live(model_admin):
    """Return the view that the page asks: its parts that differ from what it has, as `{part: {hash, html}}`."""

    @never_cache
    @require_GET
    def live(request: HttpRequest, pk: int) -> HttpResponse:
        study = study_of(request, pk)
        parts = rendered(study, bots="bots" in request.GET)
        return JsonResponse({name: part for name, part in parts.items() if request.GET.get(name) != part["hash"]})

    return live


def _who(model_admin):
    @require_GET
    def who(request: HttpRequest, pk: int) -> HttpResponse:
        study, bots = study_of(request, pk), "bots" in request.GET
        stage, flag = request.GET.get("stage", ""), request.GET.get("flag", "")
        runs = behind(study, bots=bots, stage=stage, flag=flag)
        context = {
            **page_context(model_admin, request, flag or f"Stand, or left, at “{stage}”", study),
            "runs": runs,
            "cut": len(runs) == SHOWN,
            "bots": bots,
        }
        return TemplateResponse(request, "admin/studyapp/dashboard/who.html", context)

    return who


def _runs(study: models.Study, bots: bool):
    runs = study.participants.filter(preview=False)
    return runs.filter(bot__gt="") if bots else runs.filter(bot="")


def rendered(study: models.Study, *, bots: bool = False) -> dict[str, dict]:
    """Return each part as HTML, with a hash by which the page knows whether it has it."""
    shown = {}
    for name, context in figures(study, bots=bots).items():
        html = render_to_string(f"admin/studyapp/dashboard/{name}.html", {**context, "study": study, "bots": bots})
        shown[name] = {"hash": hashlib.sha256(html.encode()).hexdigest()[:16], "html": html}
    return shown


def _numbers(study, places: list[dict], minutes: list[float], bonus: Decimal, cells: list) -> list[dict]:
    def total(*statuses, of="n"):
        return sum(row[of] for row in places if not statuses or row["status"] in statuses)

    quotas = [cell.quota for cell in cells]
    wanted = f" of {sum(quotas)}" if quotas and None not in quotas else ""
    active, done = total(of="active"), len(minutes)
    usual = f"{median(minutes):.1f} min" if minutes else "–"
    rows = [
        ("Started", total(), "clicked Start"),
        ("Active now", active, f"gave a sign of life in the last {study.active_minutes} minutes"),
        ("Away", total(flow.ACTIVE) - active, "unfinished, without a recent sign of life"),
        ("Completed", f"{done}{wanted}", "went all the way"),
        ("Left", total(flow.WITHDRAWN, flow.EXPIRED), "withdrew, or never came back"),
        ("Turned away", total(flow.SCREENED_OUT, flow.NO_CONSENT), "screened out, or without consent"),
        ("Median duration", usual, "start to completion, pauses included"),
        ("Bonus total", money(bonus, study.currency), "earned by those who completed"),
        ("Reward total", money(bonus + done * study.reward_base, study.currency), "bonus and base reward together"),
    ]
    if erased := total("erased"):
        rows.append(("Erased", erased, "counted as started, and nowhere else"))
    return [{"label": label, "value": value, "meaning": meaning} for label, value, meaning in rows]


def _stages_reached(places: list[dict], cells: list) -> list[dict]:
    """Return each stage with how many people reached it, left at it, and stand there."""
    found: dict[str, dict] = {}
    for key in dict.fromkeys((row["version"], row["condition"]) for row in places):
        way = _stages_of(*key, cells)
        for name, _ in way:
            found.setdefault(name, {"name": name, "reached": 0, "left": 0, "active": 0, "away": 0})
        for row in places:
            if (row["version"], row["condition"]) == key and row["status"] != "erased":
                _count(row, way, found)
    return sorted(found.values(), key=lambda stage: -stage["reached"])


def _count(row: dict, way: list, found: dict) -> None:
    place = len(way) - 1 if row["status"] == flow.COMPLETED else _index_at(way, row["position"])
    for name, _ in way[: place + 1]:
        found[name]["reached"] += row["n"]
    here = found[way[place][0]]
    if row["status"] in LEFT:
        here["left"] += row["n"]
    elif row["status"] == flow.ACTIVE:
        here["active"] += row["active"]
        here["away"] += row["n"] - row["active"]


def _stages_of(version_id: int, condition_id: int | None, cells: list) -> list[tuple[str, int]]:
    cell = next((cell for cell in cells if cell.pk == condition_id), None)
    if cell is None:
        return []
    record = frozen(read_version(version_id))
    return stages(plans.build(record, cell.name, cell.factors, 0, Random(0)), kind_of(record))


def _main_way(plan: list[dict]) -> list[int]:
    return flow.expected(plan, {position: {"passed": True} for position in range(len(plan))})


def _named(found: list[list]) -> list[tuple[str, int]]:
    """Return the stages with names of their own: trials by their numbers, pages met again by a count."""
    seen: dict[str, int] = {}
    named = []
    for name, position, first, last in found:
        seen[name] = seen.get(name, 0) + 1
        if first is not None:
            name = f"{name} {first}" if first == last else f"{name} {first}–{last}"
        elif seen[name] > 1:
            name = f"{name} {seen[name]}"
        named.append((name, position))
    return named


def _index_at(way: list[tuple[str, int]], position: int) -> int:
    return max(0, bisect_right([first for _, first in way], position) - 1)


def _stage_at(way: list[tuple[str, int]], position: int) -> str:
    return way[_index_at(way, position)][0] if way else ""


def _cell(cell: models.Condition, places: list[dict]) -> dict:
    mine = [row for row in places if row["condition"] == cell.pk]
    return {
        "pk": cell.pk,
        "name": cell.name,
        "quota": cell.quota,
        "open": cell.open,
        "completed": sum(row["n"] for row in mine if row["status"] == flow.COMPLETED),
        "active": sum(row["active"] for row in mine),
        "left": sum(row["n"] for row in mine if row["status"] in LEFT),
    }


def _least_ms(study: models.Study) -> float | None:
    """Return the least median time of a trial that the plan states, as the report reads it."""
    plan = study.current.definition.get("analysis_plan", {}) if study.current else study.analysis_plan
    stated = plan.get("min_median_rt_ms")
    return stated if isinstance(stated, int | float) else None


def _quality(study: models.Study, done, typical_ms: float | None) -> dict:
    counts: dict[str, int] = {}
    clean = total = 0
    for group in completed.flagged(done, typical_ms, _least_ms(study)):
        total += group.n
        clean += 0 if group.flags else group.n
        for flag in group.flags:
            counts[flag] = counts.get(flag, 0) + group.n
    rows = [{"flag": flag, "n": n, "percent": f"{100 * n / total:.0f} %"} for flag, n in sorted(counts.items())]
    return {"rows": rows, "clean": clean}
