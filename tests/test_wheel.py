"""What `pip install .` installs, and the command that comes with it.

The whole of it, in an environment of its own outside the checkout, is `python -m benchmarks.installed`.
"""

import subprocess
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import heatwise

ROOT = Path(heatwise.__file__).parent
SHARED = ("locale", "static", "templates", "fixtures/bundles", "fixtures/studies")
COMMANDS = "studyapp/management/commands"
OF_THE_REPOSITORY = {f"{COMMANDS}/{name}.py" for name in ("data_dictionary", "study_schema", "translations")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(next(WheelBuilder(str(ROOT)).build(directory=str(folder)))) as packed:
        yield packed


def kept(*places):
    """Return the repository's files there, committed or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *places]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return {path for path in listed if (ROOT / path).is_file()}


def test_it_holds_the_packages_with_all_their_files_and_what_the_app_shares(wheel):
    packages = kept("heatwise.py", "explainers", "studyapp", "analysis")
    shared = {f"studyapp/shared/{path}" for path in kept(*SHARED)}
    own = packages - OF_THE_REPOSITORY
    found = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert found == own | shared


def test_it_asks_for_what_requirements_txt_pins_and_has_the_command(wheel):
    metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))).decode()
    asked = {line.removeprefix("Requires-Dist: ") for line in metadata.splitlines() if line.startswith("Requires-Dist")}
    pinned = [line for name in ("", "-web") for line in (ROOT / f"requirements{name}.txt").read_text().splitlines()]
    assert asked == {line.lower() for line in pinned if "==" in line}
    entries = wheel.read(next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))).decode()
    assert "heatwise = heatwise:main" in entries


def test_every_package_has_its_commands_under_one_name(capsys):
    assert heatwise.main(["--help"]) == 0
    overview = capsys.readouterr().out
    for command in ("explain", "import", "score", "compare", "bench", "report", "serve", "demo", "simulate"):
        assert command in overview.replace(",", " ").split()
    names = [name for package in heatwise.PACKAGES for name in __import__(f"{package}.cli").cli.commands()]
    assert len(names) == len(set(names))


def test_each_command_goes_to_its_package_and_names_itself(capsys, monkeypatch):
    assert heatwise.main(["explain", "nowhere.toml"]) == 2
    assert "nowhere.toml: there is no such file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        heatwise.main(["report"])
    assert "usage: heatwise report" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        heatwise.main(["serve", "--help"])
    assert "usage: heatwise serve" in capsys.readouterr().out
