"""Read and check CONFIG.toml: every error names the field, what was found and what was expected.

Paths stand relative to the configuration file. `docs/explainers.md` describes each field.
"""

import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeGuard, TypeVar

from explainers.bundles.raw_maps import FORMATS
from explainers.errors import UserError, near
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD

GONE = {"colormap", "scale", "overlay_size", "overlay_quality"}  # how maps look is the choice of the study now


class Table(Protocol):
    """A dataclass that a table of the file is read as."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


T = TypeVar("T", bound=Table)


def is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_per_channel(value: object) -> TypeGuard[list[float]]:
    return isinstance(value, list) and len(value) in (1, 3, 4) and all(isinstance(v, int | float) for v in value)


def _is_positive_per_channel(value: object) -> bool:
    return _is_per_channel(value) and min(value) > 0


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_percentage(value: object) -> bool:
    return is_count(value) and value <= 100


def are_numbers(value: object) -> TypeGuard[list[float]]:
    return isinstance(value, list) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def is_filled_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list) and bool(value)


def _is_map_format(value: object) -> bool:
    return isinstance(value, str) and value in FORMATS


def is_size(value: object) -> bool:
    return is_count(value) or (isinstance(value, list) and len(value) == 2 and all(map(is_count, value)))


def _is_classes(value: object) -> bool:
    return is_text(value) or (isinstance(value, list) and bool(value) and all(map(is_text, value)))


def expects(expected: str, check: Callable[[Any], bool] = is_text, path: bool = False) -> dict[str, Any]:
    return {"expected": expected, "check": check, "path": path}


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    arch: str = field(metadata=expects("a torchvision name or package.module:factory"))
    weights: str | None = field(default=None, metadata=expects("a weight file, or the name of torchvision weights"))
    options: dict[str, Any] = field(
        default_factory=dict, metadata=expects("a table of the architecture's arguments", _is_table)
    )
    multilabel: bool = field(default=False, metadata=expects("true or false", is_flag))
    size: int | list[int] = field(default=224, metadata=expects("the side in pixels, or [height, width]", is_size))
    resize: int | None = field(default=None, metadata=expects("pixels of the shorter side before cropping", is_count))
    mean: tuple[float, ...] = field(
        default=IMAGENET_MEAN, metadata=expects("three numbers (grey: one)", _is_per_channel)
    )
    std: tuple[float, ...] = field(
        default=IMAGENET_STD, metadata=expects("three numbers above 0 (grey: one)", _is_positive_per_channel)
    )
    classes: str | list[str] = field(default="imagenet", metadata=expects('a file, names, or "imagenet"', _is_classes))
    thresholds: list[float] | None = field(
        default=None, metadata=expects("a list of numbers, one per class", are_numbers)
    )

    @property
    def height_width(self) -> tuple[int, int]:
        height, width = (self.size, self.size) if isinstance(self.size, int) else self.size
        return height, width


@dataclass(frozen=True, kw_only=True)
class ImagesConfig:
    folder: Path = field(metadata=expects("a folder of photographs", path=True))
    labels: str | None = field(default=None, metadata=expects('a CSV file, or "folders" with one folder per class'))
    dataset: str | None = field(default=None, metadata=expects("a layout with labels of its own, such as cub"))
    masks: Path | None = field(default=None, metadata=expects("a folder of PNG masks of true regions", path=True))
    parts: Path | None = field(default=None, metadata=expects("a CSV of part points and boxes", path=True))
    name: str | None = field(default=None, metadata=expects("what the data set is called"))


@dataclass(frozen=True, kw_only=True)
class TargetsConfig:
    top: int | None = field(default=None, metadata=expects("how many of the highest scored classes", is_count))
    classes: list[str | int] | None = field(
        default=None, metadata=expects("a list of class names or indices", is_filled_list)
    )
    truth: bool = field(default=False, metadata=expects("true or false", is_flag))


@dataclass(frozen=True, kw_only=True)
class MethodConfig:
    name: str = field(metadata=expects("a method's name"))
    id: str = field(metadata=expects("what the bundle calls it"))
    parameters: dict[str, Any] = field(
        default_factory=dict, metadata=expects("the method's parameters", _is_table), hash=False
    )


@dataclass(frozen=True, kw_only=True)
class OutputConfig:
    bundle: Path = field(metadata=expects("the folder to write", path=True))
    size: int | None = field(default=None, metadata=expects("pixels of the written images' shorter side", is_count))
    quality: int = field(default=90, metadata=expects("WebP quality 1 … 100", _is_percentage))
    maps: str = field(default="npy", metadata=expects('"npy", "png8" or "png16"', _is_map_format))
    map_size: int | None = field(default=None, metadata=expects("pixels of the stored maps' shorter side", is_count))
    seed: int = field(default=0, metadata=expects("a whole number", is_whole))


@dataclass(frozen=True, kw_only=True)
class Config:
    path: Path
    model: ModelConfig
    images: ImagesConfig
    targets: TargetsConfig
    methods: tuple[MethodConfig, ...]
    output: OutputConfig

    @property
    def output_size(self) -> tuple[int, int]:
        """Height and width of the written images: the model's input, or `[output] size` with its proportions."""
        height, width = self.model.height_width
        factor = 1 if self.output.size is None else self.output.size / min(height, width)
        return round(height * factor), round(width * factor)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the file's tables."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; expected a configuration in TOML.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is not valid TOML: {error}.") from None


def load_config(path: Path) -> Config:
    """Return the checked configuration."""
    return checked(Path(path), read_toml(path))


def checked(path: Path, content: dict[str, Any]) -> Config:
    """Return the tables of a file, read already, as a configuration."""
    tables: dict[str, type[Any]] = {
        "model": ModelConfig,
        "images": ImagesConfig,
        "targets": TargetsConfig,
        "output": OutputConfig,
    }
    for name in content:
        if name not in (*tables, "methods"):
            raise UserError(f"{path}: there is no table [{name}].{near(name, [*tables, 'methods'])}")
    read = {
        name: read_table(kind, content.get(name, {}), f"{path}: [{name}]", path.parent) for name, kind in tables.items()
    }
    model, targets = read["model"], read["targets"]
    if len(model.mean) != len(model.std):
        raise UserError(f"{path}: [model] std: expected {len(model.mean)} numbers, as in mean, found {len(model.std)}.")
    if model.resize is not None and model.resize < min(model.height_width):
        raise UserError(
            f"{path}: [model] resize: expected at least size, {min(model.height_width)}, found {model.resize}."
        )
    if targets.classes is None and targets.top is None and not targets.truth:
        read["targets"] = TargetsConfig(top=1)
    return Config(path=path, methods=_read_methods(content.get("methods"), path), **read)


def read_table(kind: type[T], table: object, where: str, folder: Path) -> T:
    """Return a table of the file as an instance of the dataclass `kind`, every field checked."""
    if not isinstance(table, dict):
        raise UserError(f"{where}: expected a table of fields, found {table!r}.")
    known = {f.name: f for f in fields(kind)}
    values = {}
    for name, value in table.items():
        if name not in known and name in GONE:
            raise UserError(f"{where}: {name}: a bundle holds no colours any more; the study says how its maps look.")
        if name not in known:
            raise UserError(f"{where}: there is no field {name!r}.{near(name, known)}")
        description = known[name].metadata
        if not description["check"](value):
            raise UserError(f"{where} {name}: expected {description['expected']}, found {value!r}.")
        if description["path"]:
            value = folder / value
        values[name] = tuple(value) if name in ("mean", "std") else value
    for name, f in known.items():
        if f.default is MISSING and f.default_factory is MISSING and name not in values:
            raise UserError(f"{where} {name}: is missing; expected {f.metadata['expected']}.")
    return kind(**values)


def _usual_id(name: object) -> object:
    """Return what a bundle calls a method: its name; of one from elsewhere, `captum:NAME`, with a plain letter."""
    return name.replace(":", "_").replace(".", "_") if isinstance(name, str) else name


def _read_methods(tables: object, path: Path) -> tuple[MethodConfig, ...]:
    if not isinstance(tables, list) or not tables:
        raise UserError(f"{path}: expected at least one [[methods]] table, found {tables!r}.")
    methods, own = [], ("name", "id")
    for number, table in enumerate(tables, 1):
        where = f"{path}: [[methods]] number {number}"
        if not isinstance(table, dict):
            raise UserError(f"{where}: expected a table, found {table!r}.")
        if "colormap" in table:
            raise UserError(f"{where}: colormap: a bundle holds no colours any more; the study says how its maps look.")
        values = {"id": _usual_id(table["name"])} if "name" in table else {}
        values |= {key: value for key, value in table.items() if key in own}
        values["parameters"] = {key: value for key, value in table.items() if key not in own}
        methods.append(read_table(MethodConfig, values, where, path.parent))
    for name, n in Counter(method.id for method in methods).items():
        if n > 1:
            raise UserError(f"{path}: [[methods]] {name!r} stands twice; give each its own id.")
    return tuple(methods)
