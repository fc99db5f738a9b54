"""The production server as it really runs: killed under load, its headers, its logs, its settings."""

import io
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

import pytest
from django.db import connection
from gunicorn.config import Config

from benchmarks.serving import servers
from benchmarks.serving.study import SLUG
from benchmarks.walking.people import Walk, walk_heatwise
from studyapp import serving
from studyapp.core.environment import JsonFormatter
from tests.studyapp.at_once import until
from tests.studyapp.operations.patient import Patient

pytestmark = pytest.mark.database
PEOPLE = 6
PAGES = 26
PRODUCTION = {
    "HEATWISE_ENV": "production",
    "HEATWISE_SECRET_KEY": "3rJ8mQz1XvTnB6yLwKdS0aHgUcP7oEiF9tRkVbN2qMxYhZ5jCWpG4uDAsIfOelJ_",
    "HEATWISE_HOSTS": "study.example.org",
    "DATABASE_URL": "postgres://heatwise@127.0.0.1:5432/heatwise",
}


def journey(browser: Patient, met: Walk) -> None:
    """Walk one person through the whole study."""
    with browser:
        walk_heatwise(browser, SLUG, met, lambda: 0.01)


@pytest.fixture(scope="module")
def server():
    """The production server on the database that the tests run on, and a fresh one of that kind."""
    with servers.heatwise("postgres" if connection.vendor == "postgresql" else "sqlite") as running:
        yield running


@pytest.fixture(scope="module")
def whole_run(server):
    """Everything that one person was sent."""
    browser = Patient(server.port)
    journey(browser, Walk("whole-run"))
    return browser.replies


def test_killed_and_restarted_under_load_no_answer_is_lost_or_doubled(server):
    browsers = [Patient(server.port) for _ in range(PEOPLE)]
    walks = [Walk(f"killed-{number}") for number in range(PEOPLE)]
    threads = [Thread(target=journey, args=pair) for pair in zip(browsers, walks, strict=True)]
    for thread in threads:
        thread.start()
    for share in (0.2, 0.5, 0.8):
        while sum(len(met.acknowledged) for met in walks) < share * PEOPLE * PAGES:
            time.sleep(0.005)
        server.kill()
        server.start()
    for thread in threads:
        thread.join(60)
    stored = server.ask("benchmarks.serving.study", "answers")
    assert sum(browser.refused for browser in browsers) > 0
    for met in walks:
        run = stored[met.name]
        assert met.finished
        assert run["status"] == "completed"
        assert [position for position, _ in run["answers"]] == sorted(met.acknowledged)
        for position, answer in run["answers"]:
            sent = met.acknowledged[position]
            assert all(sent[name] == answer[name] for name in ("sensitive_to", "ignores") if name in answer)


def workers_of(server) -> set[int]:
    return set(server.processes()) - {server.process.pid}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the workers in /proc")
@pytest.mark.parametrize("signals", [1, 2])
def test_a_server_that_is_reloaded_goes_on_with_fresh_workers(server, signals):
    before = workers_of(server)
    assert before
    for _ in range(signals):
        os.kill(server.process.pid, signal.SIGHUP)  # as systemd's reload
        until(lambda before=before: workers_of(server) and not workers_of(server) & before, 60)
        before = workers_of(server)
    assert server.process.poll() is None
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request("GET", "/health/", headers=server.headers)
        assert connection.getresponse().read().startswith(b'{"status": "ok"')


def test_no_module_beside_the_settings_has_a_setting_s_name():
    """Once it is imported, gunicorn would read it as that setting's value at the next reload, and end."""
    modules = {path.stem for path in Path(serving.__file__).parent.glob("*.py")}
    assert not modules & Config().settings.keys()


def test_the_export_comes_whole_from_a_process_of_its_own(server, whole_run):
    key = server.ask("benchmarks.serving.study", "key")
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(
        "GET", f"/api/studies/{SLUG}/export/", headers=server.headers | {"Authorization": f"Token {key}"}
    )
    answer = connection.getresponse()
    archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    connection.close()
    assert answer.getheader("Transfer-Encoding") == "chunked"
    assert archive.testzip() is None
    assert any("table-wide" in name for name in archive.namelist())


def test_every_page_forbids_what_is_not_its_own(whole_run):
    pages = [reply for reply in whole_run if reply.headers["content-type"].startswith("text/html")]
    assert len(pages) >= PAGES
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["strict-transport-security"].startswith("max-age=31536000")


def test_no_page_holds_a_script_or_a_style_of_its_own(whole_run):
    for reply in whole_run:
        tags = re.findall(r"<[a-z][^>]*>", reply.text, re.I)
        scripts = [tag for tag in tags if tag.startswith("<script")]
        assert all('src="' in tag or 'type="application/json"' in tag for tag in scripts), scripts
        assert not [tag for tag in tags if re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", tag, re.I)]


def test_no_page_of_a_run_is_kept_by_the_browser(whole_run):
    assert all("no-store" in reply.headers["cache-control"] for reply in whole_run if reply.path.endswith("/run/"))


@pytest.mark.parametrize(("pattern", "kept"), [(r'src="(/stimuli/[^"]+)"', 31536000), (r'href="(/static/[^"]+)"', 0)])
def test_pictures_scripts_and_styles_are_kept_for_good(server, whole_run, pattern, kept):
    address = next(found[1] for reply in whole_run if (found := re.search(pattern, reply.text)))
    with Patient(server.port) as browser:
        reply = browser.get(address)
    assert reply.status == 200
    assert "immutable" in reply.headers["cache-control"]
    assert int(re.search(r"max-age=(\d+)", reply.headers["cache-control"])[1]) >= kept


def test_health_says_whether_the_database_answers(server):
    with Patient(server.port) as browser:
        reply = browser.get("/health/")
    assert (reply.status, json.loads(reply.body)) == (200, {"status": "ok", "late": ["backup", "apply_retention"]})


def test_logs_name_nobody(server, whole_run):
    door = f"/s/{SLUG}/?PROLIFIC_PID=somebody-known"
    with Patient(server.port) as browser:
        assert browser.get("/s/no-such-study/?PROLIFIC_PID=somebody-known").status == 404
        assert browser.get(door).status == 200
        assert browser.post(door, {}).status == 403
    journey(Patient(server.port), Walk("somebody-known-too"))
    logged = server.log.read_text()
    assert "/s/no-such-study/" in logged
    assert "whole-run" not in logged
    assert "somebody" not in logged
    assert "PROLIFIC_PID" not in logged


def test_an_error_is_logged_by_its_kind_and_place_without_its_message():
    try:
        int("somebody-known")
    except ValueError:
        record = logging.LogRecord(
            "django.request", logging.ERROR, "", 1, "Server error: %s", ("/s/x/",), sys.exc_info()
        )
    line = json.loads(JsonFormatter().format(record))
    assert (line["message"], line["error"]) == ("Server error: /s/x/", "ValueError")
    assert Path(__file__).name in line["at"][0]
    assert "somebody" not in json.dumps(line)


def test_gunicorn_s_own_lines_hold_no_query(capsys):
    logger = serving.JsonLogger(Config())
    try:
        raise ValueError("somebody-known")
    except ValueError:
        logger.exception("Error handling request %s", "/s/x/?PROLIFIC_PID=somebody-known&SESSION_ID=somebody")
    logger.warning("Invalid HTTP request line: 'GET /s/x/?PROLIFIC_PID=somebody-known HTTP/9'")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["message"], first["error"]) == ("Error handling request /s/x/?…", "ValueError")
    assert "somebody" not in json.dumps([first, second])
    assert "/s/x/?…" in second["message"]


MALFORMED = (
    b"GET /s/load/?PROLIFIC_PID=somebody known HTTP/1.1",
    b"GET /s/load/?PROLIFIC_PID=somebody HTTP/9.9",
    b"GET /s/load/ HTTP/1.1\r\nCookie somebody-run",
    b"GET /s/load/ HTTP/1.1\r\nCook ie: somebody-run",
    b"GET /s/load/ HTTP/1.1\r\nContent-Length: somebody",
    b"somebody /s/load/ HTTP/1.1",
)


def test_nobody_is_named_where_even_the_page_that_says_so_fails_or_a_request_can_not_be_read(server):
    """By gunicorn and the app as they serve, with a front door that fails."""
    usual = server.command
    server.stop()
    server.command = [*usual[:-1], "tests.studyapp.operations.failing"]
    before = server.log.stat().st_size
    try:
        server.start()
        with Patient(server.port) as browser:
            said = [browser.get("/s/load/?PROLIFIC_PID=somebody-known").text]
        for request in MALFORMED:
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
                raw.sendall(request + b"\r\n\r\n")
                said.append(b"".join(iter(lambda: raw.recv(4096), b"")).decode())
    finally:
        server.stop()
        server.command = usual
        server.start()
    logged = server.log.read_text()[before:]
    assert all("error" in words.lower() or "bad request" in words.lower() for words in said), said
    assert "Error handling request" in logged
    assert "somebody" not in logged
    assert str(server.folder) not in "".join(said)


def check(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run Django's checks in a process of its own with the given settings."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("HEATWISE", "DATABASE", "DJANGO"))
    }
    command = [sys.executable, "manage.py", "check", *arguments]
    return subprocess.run(command, env=kept | environment, cwd=servers.ROOT, capture_output=True, text=True)


def test_production_settings_pass_every_deployment_check(tmp_path):
    checked = check("--deploy", "--fail-level", "WARNING", **PRODUCTION, HEATWISE_DATA=str(tmp_path))
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEATWISE_ENV", "prod"),
        ("HEATWISE_SECRET_KEY", ""),
        ("HEATWISE_SECRET_KEY", "too short"),
        ("HEATWISE_SECRET_KEY", "a" * 80),
        ("HEATWISE_HOSTS", ""),
        ("HEATWISE_HOSTS", "*"),
        ("HEATWISE_HOSTS", "study.example.org,"),
        ("DATABASE_URL", ""),
        ("HEATWISE_DEBUG", "1"),
        ("HEATWISE_DEBUG", "perhaps"),
    ],
)
def test_a_missing_or_weak_setting_stops_the_app_and_is_named(tmp_path, name, value):
    checked = check(**PRODUCTION | {"HEATWISE_DATA": str(tmp_path), name: value})
    assert checked.returncode != 0
    assert name in checked.stderr.splitlines()[-1]
