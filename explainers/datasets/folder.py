"""Photographs below a folder: without labels, one folder per class, or labels in a CSV.

The labels' CSV is UTF-8 with a header. One label per image: columns `file,label`, the label a class name or index.
Several: column `file` and one column per class, 1 or 0 in it. `file` is relative to the folder of photographs. In
both an optional column `split` is carried into the bundle. Photographs that the CSV does not list are left out.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from explainers.datasets.csv_file import read_csv
from explainers.datasets.photograph import SUFFIXES, Photograph, called_like, class_index
from explainers.errors import UserError, near


def photographs(folder: Path, labels: str | None, base: Path, classes: list[str], multilabel: bool) -> list[Photograph]:
    """Return the photographs below `folder` with their labels. `base`: where a CSV's path starts."""
    found = {path.relative_to(folder).as_posix(): path for path in called_like(folder, SUFFIXES)}
    if labels is None:
        listed = [Photograph(path, source) for source, path in found.items()]
    elif labels == "folders":
        listed = [_by_folder(path, source, classes) for source, path in found.items()]
    else:
        listed = list(_by_csv(base / labels, found, classes, multilabel))
    if not listed:
        raise UserError(f"[images] folder: {folder} holds no pictures ({', '.join(SUFFIXES)}).")
    return listed


def _by_folder(path: Path, source: str, classes: list[str]) -> Photograph:
    if not path.is_file():  # its reader says why; it is in no class
        return Photograph(path, source)
    if "/" not in source:
        raise UserError(f'[images] labels = "folders": {source} lies in no class\'s folder.')
    name = source.split("/")[0]
    return Photograph(path, source, (class_index(name, classes, f"[images] folder {name}"),))


def _by_csv(csv_path: Path, paths: dict[str, Path], classes: list[str], multilabel: bool) -> Iterator[Photograph]:
    columns, rows = read_csv(csv_path, "[images] labels")
    wanted = ["file", *(classes if multilabel else ["label"])]
    for column in wanted:
        if column not in columns:
            raise UserError(f"{csv_path}: column {column!r} is missing; expected {', '.join(wanted[:6])}.")
    for column in columns:
        if column not in (*wanted, "split"):
            raise UserError(f"{csv_path}: column {column!r} is not a class.{near(column, wanted)}")
    listed: dict[str, tuple[int, Photograph]] = {}
    for number, row in enumerate(rows, 2):
        where, source = f"{csv_path}, line {number}", PurePosixPath(row["file"] or "").as_posix()
        if source not in paths:
            raise UserError(f"{where}: there is no picture {row['file']!r}.{near(row['file'], paths)}")
        read = _several if multilabel else _single
        photograph = Photograph(paths[source], source, read(row, classes, where), row.get("split") or "")
        first, earlier = listed.setdefault(source, (number, photograph))
        if earlier != photograph:
            raise UserError(f"{where}: {source} stands in line {first} too, with another label or split.")
        if first == number:
            yield photograph


def _single(row: dict[str, str], classes: list[str], where: str) -> tuple[int, ...] | None:
    return None if not row["label"] else (class_index(row["label"], classes, where),)


def _several(row: dict[str, str], classes: list[str], where: str) -> tuple[int, ...] | None:
    for name in classes:
        if row[name] not in ("0", "1"):
            raise UserError(f"{where}, column {name}: expected 0 or 1, found {row[name]!r}.")
    return tuple(index for index, name in enumerate(classes) if row[name] == "1")
