"""The kind that the page builds is found, published, walked by bots in their own way and by HTTP, and exported."""

import csv
import json
import re
import subprocess
import sys

import pytest

from analysis.cli import main as analysis
from studyapp import publishing
from studyapp import studies as package
from studyapp.core.engine import kinds
from studyapp.data.exporting import export
from studyapp.data.study_files import load_study
from studyapp.run import sessions
from studyapp.simulation import by_functions, by_http, simulate
from tests.bundles import write_bundle
from tests.docs.pages import style_problems, write_files

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])]

PAGE = "adding_a_study_kind.md"


@pytest.fixture
def clarity(tmp_path, settings, monkeypatch):
    """Write the page's files and let the engine look again."""
    write_files(PAGE, tmp_path)
    folder = tmp_path / "studyapp" / "studies"
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    places = settings.TEMPLATES[0]
    settings.TEMPLATES = [places | {"DIRS": [*places["DIRS"], folder / "clarity" / "templates"]}]
    kinds.kinds.cache_clear()
    yield kinds.kind("clarity")
    kinds.kinds.cache_clear()
    for name in [name for name in sys.modules if name.startswith("studyapp.studies.clarity")]:
        del sys.modules[name]


@pytest.fixture
def study(clarity, settings, tmp_path):
    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "bundles", tmp_path / "stimuli"
    path = tmp_path / "clarity.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(written | {"bundle": {"name": "made", "path": str(write_bundle(tmp_path / "source"))}}))
    study = load_study(path)
    publishing.publish(study)
    return study


def test_the_kind_needs_no_django(tmp_path):
    write_files(PAGE, tmp_path)
    code = (
        "import sys; from studyapp import studies; "
        f"studies.__path__.append({str(tmp_path / 'studyapp' / 'studies')!r}); "
        "from studyapp.core.engine.kinds import kind; k = kind('clarity'); "
        "[k.part(p) for p in ('plan:build', 'stimuli:draw', 'pages:rate')]; "
        "sys.exit('django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_files_are_written_as_lint_wants_them(tmp_path):
    assert not style_problems(write_files(PAGE, tmp_path))


def test_every_text_that_the_pages_name_is_there(clarity):
    endings = {f"ending_{status}" for status in ("completed", "no_consent", "withdrawn", "expired")}
    named = {key for page in clarity.pages for key in page.texts}
    assert set(clarity.texts()) == named | endings | {"entry"}


def test_bots_walk_it_and_every_declared_column_is_exported_filled_and_read(study, tmp_path, capsys):
    runs = list(simulate(study, 4, by_functions.walk))
    assert {run.status for run in runs} == {"completed"}
    export(study, tmp_path / "out")
    trials, proposed = tmp_path / "out" / "data" / "study-clarity_table-trials_data.csv", tmp_path / "map.toml"
    with trials.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16
    assert {row["method"] for row in rows} == {"lrp", "multiscale_occlusion"}
    assert all(row["class_name"] and row["clarity"] in "1234" for row in rows)
    assert analysis(["report", str(tmp_path / "out"), "--out", str(tmp_path / "report")]) == 2
    assert "without one, `python -m analysis map TRIALS.csv`" in capsys.readouterr().err
    assert analysis(["map", str(trials), "--out", str(proposed)]) == 0
    assert {"participant", "clarity"} <= set(re.findall(r'"(\w+)"', proposed.read_text(encoding="utf-8")))


def test_a_bot_walks_the_real_pages(study, live_server):
    (run,) = simulate(study, 1, lambda *known: by_http.walk(*known, url=live_server.url))
    assert (run.status, run.summary["n_trials"]) == ("completed", 4)


def test_who_refuses_is_let_go(study):
    run = sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", "anna"))
    for answer in ({}, {"consent": False}):
        token = sessions.token(run, sessions.get(run.pk).position)
        sessions.submit(run.pk, token, lambda participant, step, given=answer: (given, {}), {})
    assert sessions.get(run.pk).status == "no_consent"
