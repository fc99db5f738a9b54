"""The page on deployment, the script that does it, and the files that both install can't drift apart."""

import re
import shutil
import subprocess

import pytest

from benchmarks.serving.servers import ROOT

DEPLOY = ROOT / "deploy"
SCRIPT = (DEPLOY / "install").read_text()
PAGE = (ROOT / "docs" / "deployment.md").read_text()
STEPS = re.findall(r"^# step ([^\n]*)\n(.*?)^# end$", SCRIPT, re.S | re.M)
UNITS = sorted(path.name for path in DEPLOY.glob("*.service")) + sorted(path.name for path in DEPLOY.glob("*.timer"))


def test_every_numbered_step_of_the_page_is_the_script_s():
    numbered = PAGE[PAGE.index("## 1.") : PAGE.index("## 8.")]
    blocks = re.findall(r"```sh\n(.*?)```", numbered, re.S)
    by_hand = [block for block in blocks if "heatwise-worker" in block or block.startswith("curl")]
    assert [block for block in blocks if block not in by_hand] == [body for _, body in STEPS]


def test_the_script_is_shell_that_parses():
    assert subprocess.run(["bash", "-n", DEPLOY / "install"]).returncode == 0
    assert subprocess.run(["sh", "-n", DEPLOY / "heatwise"]).returncode == 0


@pytest.mark.parametrize("name", sorted({*re.findall(r"\(\.\./deploy/([\w.-]+)\)", PAGE)}))
def test_every_file_that_the_page_names_is_there(name):
    assert (DEPLOY / name).is_file()


def test_every_unit_is_installed_and_told_of():
    for name in UNITS:
        stem = name.partition(".")[0]
        assert stem in PAGE
        assert stem == "heatwise-worker" or stem.removeprefix("heatwise-") in SCRIPT


def test_every_setting_is_described():
    sources = [*(ROOT / "studyapp").glob("*.py"), DEPLOY / "install"]
    named = {name for path in sources for name in re.findall(r"\bHEATWISE_[A-Z_]+", path.read_text())}
    assert named <= set(re.findall(r"`(HEATWISE_[A-Z_]+)`", PAGE))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_takes_every_unit(tmp_path):
    for name in UNITS:
        text = (DEPLOY / name).read_text().replace("/srv/heatwise/venv/bin/", "/bin/")
        (tmp_path / name).write_text(re.sub(r"/bin/(gunicorn|python)\b", "/bin/true", text))
    said = subprocess.run(
        ["systemd-analyze", "verify", *(tmp_path / name for name in UNITS)], capture_output=True, text=True
    )
    assert [line for line in said.stderr.splitlines() if "heatwise" in line] == []


def test_nginx_answers_to_one_name_alone():
    conf = (DEPLOY / "nginx.conf").read_text()
    assert "https://$host" not in conf
    assert "return 301 https://study.example.org$request_uri;" in conf
    assert "return 444;" in conf


def test_the_lock_holds_every_pin_and_a_hash_for_each():
    pins = {
        line.split("[")[0].split("=")[0].lower(): line.rpartition("==")[2] for line in lines("requirements-web.txt")
    }
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)", "\n".join(lines("requirements-web.lock")), re.M))
    assert {name: locked.get(name) for name in pins} == pins
    entries = re.split(r"^(?=[\w.-]+==)", (ROOT / "requirements-web.lock").read_text(), flags=re.M)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in (ROOT / "requirements-web.lock").read_text()


def lines(name: str) -> list[str]:
    return [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
