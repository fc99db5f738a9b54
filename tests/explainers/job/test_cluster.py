"""`explain --ray` on a local cluster of two workers, one of which is killed in mid-run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from explainers.bundles.bundle import read_bundle
from explainers.cli import main
from tests.explainers.projects import change, contents, draw_photographs, explain

REPOSITORY = Path(__file__).parents[3]
N_MORE = 14


@pytest.fixture
def many(project):
    """Twenty photographs and a method that takes its time."""
    with open(project / "labels.csv", "a") as file:
        file.writelines(f"{name},1,0,0,train\n" for name in draw_photographs(project, "more", N_MORE, seed=1))
    change(project, 'name = "grad_cam"', 'name = "rise"\nn_masks = 1000')
    return project


def status(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace"), int(fields[1])
    except (OSError, IndexError):
        return "", 0


def is_below(pid, ancestor):
    while pid > 1:
        if pid == ancestor:
            return True
        pid = status(pid)[1]
    return False


def busy_workers(driver):
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if status(pid)[0].startswith("ray::work_on") and is_below(pid, driver)]


def test_without_ray_the_message_says_what_to_install(project, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert explain(project, "--ray", "local") == 2
    assert "pip install -r requirements-cluster.txt" in capsys.readouterr().err


def test_a_share_and_a_cluster_exclude_each_other(project, capsys):
    with pytest.raises(SystemExit):
        explain(project, "--ray", "local", "--shard", "1/2")
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the workers in /proc")
def test_a_killed_workers_images_are_done_again_and_the_bundle_is_the_single_process_one(many):
    pytest.importorskip("ray", reason="Ray is not installed: requirements-cluster.txt")
    command = [sys.executable, "-m", "explainers", "explain", str(many / "config.toml"), "--device", "cpu"]
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    driver = subprocess.Popen(
        [*command, "--ray", "local"], cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    killed, until = None, time.monotonic() + 240
    while killed is None and driver.poll() is None and time.monotonic() < until:
        explained = list((many / "bundle.work").glob("rise-*/*.json"))
        workers = busy_workers(driver.pid)
        if explained and workers:
            killed = workers[0]
            os.kill(killed, signal.SIGKILL)
        time.sleep(0.05)
    output = driver.communicate(timeout=300)[0].decode()
    assert driver.returncode == 0, output
    assert killed is not None, output
    read_bundle(many / "bundle")
    by_cluster = contents(many / "bundle")
    change(many, 'bundle = "bundle"', 'bundle = "single"')
    assert main(command[3:]) == 0
    assert contents(many / "single") == by_cluster
