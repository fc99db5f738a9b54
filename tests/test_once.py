"""What workers make together is made once, whole, and gone in the end."""

import os
import subprocess
import sys
import threading

import pytest

from tests import once


def test_a_folder_is_made_once_however_many_ask_at_the_same_time(request):
    made, name = [], request.node.nodeid

    def make(folder):
        made.append(folder)
        (folder / "file").write_text("whole")

    def ask():
        assert (once.folder(name, make) / "file").read_text() == "whole"

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_what_failed_in_the_middle_is_made_anew(request):
    def fail(folder):
        (folder / "half").touch()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        once.folder(request.node.nodeid, fail)
    folder = once.folder(request.node.nodeid, lambda folder: (folder / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]


def test_bytes_are_made_once(request):
    made = []
    for _ in range(2):
        assert once.content(request.node.nodeid, lambda: made.append(1) or b"content") == b"content"
    assert made == [1]


def test_a_process_removes_the_folder_that_it_began_and_no_other():
    code = "from tests import once; once.content('x', lambda: b''); once.remove(); print(once.root().exists())"
    other = {name: value for name, value in os.environ.items() if name != once.RUN}
    for environment, left in ((dict(os.environ), "True"), (other, "False")):
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == left
    assert once.root().exists()
