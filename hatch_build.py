"""What an installed Heatwise depends on: the versions that requirements.txt pins, which are those that are tested."""

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Requirements(MetadataHookInterface):
    """Reads the wheel's dependencies from requirements.txt and the files that it includes."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict) -> None:
        metadata["dependencies"] = _lines(Path(self.root) / "requirements.txt")


def _lines(path: Path) -> list[str]:
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found += _lines(path.with_name(line.removeprefix("-r ").strip()))
        elif line.strip() and not line.startswith("#"):
            found.append(line.strip())
    return found
