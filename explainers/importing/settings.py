"""What is imported: the tables of CONFIG.toml, every field checked. `docs/importing.md` describes each."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from explainers.config import (
    expects,
    is_count,
    is_filled_list,
    is_flag,
    is_size,
    is_text,
    is_whole,
    read_table,
    read_toml,
)
from explainers.errors import UserError, near


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e30


def _is_quality(value: object) -> bool:
    return isinstance(value, int) and is_whole(value) and 1 <= value <= 100


@dataclass(frozen=True, kw_only=True)
class Images:
    folder: Path = field(metadata=expects("a folder of photographs", path=True))
    predictions: Path = field(metadata=expects("a CSV of predictions", path=True))
    features: Path | None = field(default=None, metadata=expects("features in .npy", path=True))
    classes: list[str] | None = field(default=None, metadata=expects("a list of class names", is_filled_list))
    multilabel: bool = field(default=False, metadata=expects("true or false", is_flag))
    size: int | list[int] | None = field(
        default=None, metadata=expects("what the model saw: the side in pixels, or [height, width]", is_size)
    )
    resize: int | None = field(default=None, metadata=expects("pixels of the shorter side before cropping", is_count))
    name: str | None = field(default=None, metadata=expects("what the data set is called"))
    model: str = field(default="imported", metadata=expects("what the model is called"))

    @property
    def height_width(self) -> tuple[int, int]:
        """What the model saw of a photograph resized to `resize`; its centre."""
        if self.size is None:
            raise ValueError("size: not given.")
        height, width = (self.size, self.size) if isinstance(self.size, int) else self.size
        return height, width


@dataclass(frozen=True, kw_only=True)
class Method:
    name: str = field(metadata=expects("what the bundle calls it"))
    maps: Path = field(metadata=expects("a folder of maps, a CSV that lists them, or a .npz with all", path=True))
    title: str | None = field(default=None, metadata=expects("what people call it"))
    short: str | None = field(default=None, metadata=expects("what axes call it"))
    paper: str = field(default="", metadata=expects("its source", lambda value: isinstance(value, str)))
    signed: bool = field(default=False, metadata=expects("true or false", is_flag))
    pixelwise: bool = field(default=False, metadata=expects("true or false", is_flag))
    reference: float = field(default=0.0, metadata=expects("the maps' value that means no effect", _is_number))
    low: float = field(default=0.0, metadata=expects("what black stands for in grey pictures", _is_number))
    high: float = field(default=1.0, metadata=expects("what white stands for in grey pictures", _is_number))


@dataclass(frozen=True, kw_only=True)
class Output:
    bundle: Path = field(metadata=expects("the folder to write", path=True))
    quality: int = field(default=90, metadata=expects("WebP quality 1 … 100", _is_quality))
    seed: int = field(default=0, metadata=expects("a whole number", is_whole))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`images` and `output` are None where methods are added to a bundle; with `root`, no file outside it is read."""

    path: Path
    images: Images | None
    methods: tuple[Method, ...]
    output: Output | None
    root: Path | None = None

    def require_inside(self, path: Path, where: object) -> None:
        """Raise where a file lies outside the root: what others wrote may name any file of this machine."""
        if self.root is not None and not path.resolve().is_relative_to(self.root.resolve()):
            raise UserError(f"{where}: {path.name!r} lies outside the folder of {self.path.name}.")


def load_settings(path: Path, *, into: bool, out: Path | None = None, confined: bool = False) -> Settings:
    """Return the checked tables; with `into` there are methods alone, as all else is in the bundle.

    `out` takes the place of the [output]'s bundle. `confined`: all files are to lie in the file's folder.
    """
    content, folder = read_toml(path), Path(path).parent
    known = ("methods",) if into else ("images", "methods", "output")
    for name in content:
        if name not in known:
            raise UserError(f"{path}: there is no table [{name}]{' with --into' if into else ''}.{near(name, known)}")
    tables = content.get("methods")
    if not isinstance(tables, list) or not tables:
        raise UserError(f"{path}: expected at least one [[methods]] table, found {tables!r}.")
    methods = tuple(
        read_table(Method, table, f"{path}: [[methods]] number {number}", folder)
        for number, table in enumerate(tables, 1)
    )
    if twice := [name for name, n in Counter(method.name for method in methods).items() if n > 1]:
        raise UserError(f"{path}: [[methods]] {twice[0]!r} stands twice.")
    if bad := [method for method in methods if not method.low < method.high]:
        raise UserError(f"{path}: [[methods]] {bad[0].name}: expected low below high.")
    images = output = None
    if not into:
        images = read_table(Images, content.get("images", {}), f"{path}: [images]", folder)
        table = content.get("output", {})
        table = table | {"bundle": str(out.resolve())} if out and isinstance(table, dict) else table
        output = read_table(Output, table, f"{path}: [output]", folder)
        if images.classes is not None and not all(map(is_text, images.classes)):
            raise UserError(f"{path}: [images] classes: expected a list of class names, found {images.classes!r}.")
        if images.resize is not None and (images.size is None or images.resize < min(images.height_width)):
            raise UserError(f"{path}: [images] resize: expected at least size, found {images.resize}.")
    settings = Settings(
        path=Path(path), images=images, methods=methods, output=output, root=folder if confined else None
    )
    read = [("[images]", one) for one in (images.folder, images.predictions, images.features) if one] if images else []
    for where, file in [*read, *(("[[methods]]", method.maps) for method in methods)]:
        settings.require_inside(file, f"{path}: {where}")
    return settings
