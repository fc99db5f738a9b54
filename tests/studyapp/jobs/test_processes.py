"""What a command writes is passed on whole, or breaks off noticeably; and nobody's leaving keeps a process alive."""

import io
import os
import zipfile

import pytest

from studyapp import publishing
from studyapp.jobs import processes
from studyapp.simulation import by_functions, simulate
from tests.studyapp.made.every_kind import make_draft

ENDLESS = "import sys\nwhile True: sys.stdout.write('x' * 1000)"


@pytest.fixture
def command(settings, tmp_path):
    """Have `processes` run these lines in place of a command."""

    def write(lines: str) -> None:
        (tmp_path / "own.py").write_text(lines)
        settings.MANAGE = (str(tmp_path / "own.py"),)

    return write


def test_all_that_a_command_writes_comes_through_in_order(command):
    command("import sys\nfor n in range(30000): print(n, *sys.argv[1:])")
    lines = b"".join(processes.stream("a", "b")).decode().splitlines()
    assert lines == [f"{n} a b" for n in range(30000)]


def test_what_fails_before_it_says_anything_is_told_in_its_last_words(command):
    command("raise SystemExit('Traceback …\\nCommandError: no study of that name')")
    with pytest.raises(processes.StreamError, match=r"^no study of that name$"):
        processes.stream("x")


@pytest.mark.parametrize(
    ("end", "words"),
    [("sys.exit('the disk is full')", "the disk is full"), ("os.kill(os.getpid(), 9)", "ended with -9")],
)
def test_what_fails_on_the_way_is_no_shorter_whole(command, end, words):
    command(f"import os, sys\nprint('x' * 100_000, flush=True)\n{end}")
    read = []
    with pytest.raises(processes.StreamError, match=words):
        read.extend(processes.stream("x"))
    assert len(b"".join(read)) == 100_001


def test_whoever_leaves_ends_the_process(command, started):
    command(ENDLESS)
    chunks = processes.stream("x")
    next(chunks)
    assert started[0].poll() is None
    chunks.close()
    assert started[0].poll() is not None


def test_so_many_streams_at_once_and_no_more_until_one_ends(command):
    command(ENDLESS)
    streams = [processes.stream("x") for _ in range(processes.AT_ONCE)]
    with pytest.raises(processes.BusyError, match="Try again"):
        processes.stream("x")
    streams[0].close()
    processes.stream("x").close()
    streams[1].close()


def test_one_that_failed_gives_its_place_back(command):
    command("raise SystemExit(1)")
    for _ in range(processes.AT_ONCE + 1):
        with pytest.raises(processes.StreamError, match="ended with 1"):
            processes.stream("x")


@pytest.mark.database
@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
def test_an_export_runs_at_low_priority_and_comes_as_a_whole_zip(started):
    study = make_draft("forward_simulation")
    publishing.publish(study)
    list(simulate(study, 2, by_functions.walk))
    chunks = processes.stream("export_study", study.slug, "--out", "-", "--wide")
    priority = os.getpriority(os.PRIO_PROCESS, started[0].pid)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(chunks)))
    assert priority == min(19, os.nice(0) + processes.NICE)
    assert archive.testzip() is None
    (trials,) = [name for name in archive.namelist() if "table-trials" in name]
    assert len(archive.read(trials).splitlines()) == 1 + 2 * 14
