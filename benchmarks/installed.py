"""Install Heatwise into an environment of its own and use it there, outside the checkout.

`python -m benchmarks.installed` builds the wheel, installs it with all that it asks for (minutes, some gigabytes), and
then, in an empty folder, makes a bundle by a factory that lies beside its configuration, scores it, prepares the demo,
and lets bots take part, up to an export and a report.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NETWORK = """
import torch

def make(num_classes):
    torch.manual_seed(0)
    pooled = torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, num_classes)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), *pooled)
"""
CONFIG = """
[model]
arch = "network:make"
size = 32
classes = ["dark", "bright"]
[images]
folder = "photos"
[[methods]]
name = "grad_cam"
[output]
bundle = "bundle"
"""
STEPS = (
    "heatwise --help",
    "heatwise methods",
    "heatwise explain project/config.toml",
    "heatwise score project/bundle --metrics deletion",
    "heatwise demo --prepare-only",
    "heatwise load_bundle project/bundle",
    "heatwise simulate scenes --participants 12 --bot p=0.75 --seed 1",
    "heatwise export_study scenes --out export",
    "heatwise report export --out report",
    "heatwise check --fail-level WARNING",
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="heatwise-installed-") as folder:
        place = Path(folder)
        venv.create(place / "venv", with_pip=True)
        binaries = place / "venv" / "bin"
        _run([str(binaries / "pip"), "install", "--quiet", "--disable-pip-version-check", str(ROOT)], place)
        work = place / "work"
        _draw_project(work / "project", str(binaries / "python"))
        for step in STEPS:
            program, *arguments = step.split()
            _run([str(binaries / program), *arguments], work)
        assert (work / "report" / "report.html").is_file()
        assert (work / "var").is_dir()
    print("Installed and used outside the checkout: all steps passed.")


def _draw_project(folder: Path, python: str) -> None:
    (folder / "photos").mkdir(parents=True)
    (folder / "network.py").write_text(NETWORK)
    (folder / "config.toml").write_text(CONFIG)
    for name, grey in (("a", 40), ("b", 200)):
        drawn = f"from PIL import Image; Image.new('RGB', (48, 40), ({grey},) * 3).save('photos/{name}.png')"
        _run([python, "-c", drawn], folder)


def _run(command: list[str], folder: Path) -> None:
    print("$", " ".join([Path(command[0]).name, *command[1:]]), flush=True)
    if subprocess.run(command, cwd=folder, check=False).returncode:
        sys.exit("That failed.")


if __name__ == "__main__":
    main()
