"""From what a crowd met to figures, and from figures to a page of text."""

import os
import platform
from datetime import UTC, datetime
from statistics import median, quantiles

from .crowd import Crowd
from .people import name_of

RATIO_OF = ("people_per_minute", "pages_per_second")


def machine() -> dict:
    """Return when and on what this runs."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }


def run(server: str, mode: str, crowd: Crowd, used: dict[str, float], stored: dict[str, dict] | None = None) -> dict:
    """Return the figures of one crowd.

    `used` are processor seconds by who used them; `stored` is what the database holds, to compare acknowledged
    answers with.
    """
    finished, pages = crowd.finished, sum(walk.pages for walk in crowd.walks)
    figures = {
        "server": server,
        "mode": mode,
        "people": len(crowd.walks),
        "finished": len(finished),
        "seconds": round(crowd.seconds, 1),
        "people_per_minute": round(60 * len(finished) / crowd.seconds, 1),
        "pages_per_person": round(pages / max(1, len(crowd.walks)), 1),
        "pages_per_second": round(pages / crowd.seconds, 1),
        "requests_per_second": round(sum(len(walk.requests) for walk in crowd.walks) / crowd.seconds, 1),
        "cpu_ms_per_page": {who: round(1000 * seconds / max(1, pages), 2) for who, seconds in used.items()},
        "errors": [walk.error for walk in crowd.walks if walk.error],
        "latency_ms": _latencies(crowd, stored or {}),
    }
    return figures | (_kept(crowd, stored) if stored is not None else {})


def text(found: dict) -> str:
    """Return all figures as text."""
    machine = found["machine"]
    lines = [f"{machine['cores']} cores, load before {machine['load_before']}, {machine['when']}"]
    for figures in found["runs"]:
        lines += ["", *_run_lines(figures)]
    if found["cost"]:
        lines += ["", *_cost_lines(found["cost"])]
    if found["options"]["otree"]:
        lines += ["", *_ratio_lines(found["runs"])]
    return "\n".join(lines)


def _latencies(crowd: Crowd, stored: dict[str, dict]) -> dict[str, dict]:
    found: dict[str, list[tuple[float, int]]] = {}
    for walk in crowd.walks:
        pages = stored.get(walk.name, {}).get("pages", [])
        for kind, seconds, size in walk.requests:
            for name in (name_of(kind, pages), "(all)"):
                found.setdefault(name, []).append((1000 * seconds, size))
    return {name: _spread(rows) for name, rows in found.items()}


def _spread(rows: list[tuple[float, int]]) -> dict:
    times = [milliseconds for milliseconds, _ in rows]
    cuts = quantiles(times, n=100, method="inclusive") if len(times) > 1 else times * 99
    return {
        "n": len(rows),
        "p50": round(median(times), 1),
        "p95": round(cuts[94], 1),
        "p99": round(cuts[98], 1),
        "bytes": round(sum(size for _, size in rows) / len(rows)),
    }


def _kept(crowd: Crowd, stored: dict[str, dict]) -> dict:
    """Compare every acknowledged answer with the database: `lost` isn't there, `doubled` is there more than once."""
    lost = doubled = acknowledged = 0
    for walk in crowd.walks:
        rows = stored.get(walk.name, {"answers": []})["answers"]
        by_position: dict[int, list[dict]] = {}
        for position, answer in rows:
            by_position.setdefault(position, []).append(answer)
        acknowledged += len(walk.acknowledged)
        lost += sum(not _holds(by_position.get(at, []), sent) for at, sent in walk.acknowledged.items())
        doubled += sum(len(answers) > 1 for answers in by_position.values())
    return {"acknowledged": acknowledged, "lost": lost, "doubled": doubled}


def _holds(answers: list[dict], sent: dict[str, str]) -> bool:
    """Return whether a stored answer has every text that was sent under the same name."""
    return any(
        all(sent.get(name, value) == value for name, value in answer.items() if isinstance(value, str))
        for answer in answers
    )


def _run_lines(figures: dict) -> list[str]:
    kept = (
        f"{figures['acknowledged']} answers acknowledged, {figures['lost']} lost, {figures['doubled']} doubled; "
        if "lost" in figures
        else ""
    )
    lines = [
        f"{figures['server']}, {figures['mode']}",
        f"  {figures['finished']} of {figures['people']} people finished in {figures['seconds']} s: "
        f"{figures['people_per_minute']} people a minute, {figures['pages_per_person']} pages each, "
        f"{figures['pages_per_second']} pages and {figures['requests_per_second']} requests a second",
        "  processor time a page with its answer: "
        + (", ".join(f"{who} {ms} ms" for who, ms in figures["cpu_ms_per_page"].items()) or "not counted"),
        f"  {kept}{len(figures['errors'])} errors",
        *(f"    {error}" for error in figures["errors"][:5]),
        f"  {'page':24}{'n':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'bytes':>8}",
    ]
    for name, row in figures["latency_ms"].items():
        lines.append(f"  {name:24}{row['n']:8}{row['p50']:9}{row['p95']:9}{row['p99']:9}{row['bytes']:8}")
    return lines


def _cost_lines(cost: dict[str, dict]) -> list[str]:
    lines = [
        "What a request costs the app",
        f"  {'page':24}{'queries':>8}{'CPU ms':>9}{'cold ms':>9}{'bytes':>8}{'gzip':>8}",
    ]
    for name, row in cost.items():
        times, sizes = f"{row['cpu_ms']:9.2f}{row['cold_ms']:9.2f}", f"{row['bytes']:8}{row['compressed']:8}"
        lines.append(f"  {name:24}{row['queries']:8}{times}{sizes}")
    return lines


def _ratio_lines(runs: list[dict]) -> list[str]:
    lines = []
    for quantity in RATIO_OF:
        theirs, ours = (median(run[quantity] for run in runs[start::2]) for start in (0, 1))
        words = quantity.replace("_", " ")
        lines.append(f"Heatwise : oTree, {words}: {ours} : {theirs} = {ours / theirs:.1f} (medians)")
    return lines
