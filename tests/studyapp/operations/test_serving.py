"""gunicorn with the worker whose threads fetch their own work: kept connections, ends and limits."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

pytestmark = pytest.mark.skipif("not hasattr(__import__('select'), 'epoll')", reason="elsewhere gunicorn's own is used")

APP = """
import os, time
def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.5)
    said = environ["wsgi.input"].read() or str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]
"""


@pytest.fixture
def serve(tmp_path):
    """Start a server with options and return its process and port; it is stopped in the end."""
    (tmp_path / "told.py").write_text(APP)
    started = []

    def serve(*options):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        worker = ["-k", "studyapp.serving.worker_threads.Threads", "--threads", "2", "--graceful-timeout", "5"]
        command = [sys.executable, "-m", "gunicorn", *worker, "-b", f"127.0.0.1:{port}", *options, "told:app"]
        path = os.pathsep.join([str(tmp_path), os.getcwd()])
        process = subprocess.Popen(
            [*command, "--no-control-socket"], env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL
        )
        started.append(process)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return process, port
            except OSError:
                time.sleep(0.02)
        raise TimeoutError

    yield serve
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def browser():
    """Open kept connections to a port; they are closed in the end."""
    with contextlib.ExitStack() as opened:

        def browser(port, timeout=10):
            return opened.enter_context(
                contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=timeout))
            )

        yield browser


def ask(connection, path="/", body=None):
    connection.request("POST" if body else "GET", path, body)
    reply = connection.getresponse()
    return reply.status, reply.read(), reply.headers.get("Connection")


def test_many_kept_connections_are_answered_by_two_threads_each_its_own(serve, browser):
    _, port = serve()
    connections = [browser(port) for _ in range(20)]

    def talk(number):
        return all(
            ask(connections[number], body=f"{number} {turn}" * 50)[1] == f"{number} {turn}".encode() * 50
            for turn in range(20)
        )

    with ThreadPoolExecutor(20) as together:
        assert all(together.map(talk, range(20)))


def test_requests_sent_at_once_on_one_connection_are_all_answered_in_turn(serve):
    _, port = serve()
    with socket.create_connection(("127.0.0.1", port), 5) as raw:
        raw.sendall(
            b"".join(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n%d" % number for number in range(3))
        )
        got = b""
        while got.count(b"HTTP/1.1 200") < 3 or not got.endswith(b"2"):
            got += raw.recv(4096)
    assert [part[-1:] for part in got.split(b"HTTP/1.1 200 OK")[1:]] == [b"0", b"1", b"2"]


def test_a_stopped_server_answers_what_it_was_asked_and_leaves_at_once(serve, browser):
    process, port = serve()
    idle, busy = (browser(port) for _ in range(2))
    assert ask(idle)[0] == 200
    busy.request("GET", "/slow")
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    assert busy.getresponse().read()
    with contextlib.suppress(http.client.HTTPException, OSError):  # told to go, or gone already
        assert ask(idle)[2] == "close"
    busy.close()
    idle.close()
    assert process.wait(20) == 0


def test_a_worker_makes_room_for_a_fresh_one_after_so_many_requests(serve, browser):
    _, port = serve("--max-requests", "3")
    pids = []
    for _ in range(8):
        connection = browser(port)
        pids.append(ask(connection)[1])
        connection.close()
    assert len(set(pids)) > 1


def test_what_is_no_request_is_refused_and_who_says_nothing_stands_in_nobodys_way(serve, browser):
    _, port = serve("--worker-connections", "8")
    silent = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(4)]
    with socket.create_connection(("127.0.0.1", port), 5) as raw:
        raw.sendall(b"no request\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 400")
    assert ask(browser(port))[0] == 200
    for one in silent:
        one.close()


def test_connections_beyond_the_limit_wait_until_others_have_gone(serve, browser):
    _, port = serve("--worker-connections", "3")
    first = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(3)]
    time.sleep(0.2)
    waiting = browser(port, timeout=1)
    with pytest.raises(TimeoutError):
        ask(waiting)
    for one in first:
        one.close()
    assert ask(browser(port))[0] == 200
