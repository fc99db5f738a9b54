"""Fail on a folder of Python files without `__init__.py`: it would escape every import contract."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def folders_without_init(root: Path = ROOT) -> list[Path]:
    """Return the folders inside the three packages that hold modules but are no package."""
    folders = {path.parent for name in ("explainers", "studyapp", "analysis") for path in (root / name).rglob("*.py")}
    return sorted(folder for folder in folders if not (folder / "__init__.py").exists())


if __name__ == "__main__":
    missing = folders_without_init()
    for folder in missing:
        print(f"{folder.relative_to(ROOT)}: holds .py files but no __init__.py")
    sys.exit(bool(missing))
