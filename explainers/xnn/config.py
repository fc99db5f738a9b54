"""Read and check the configuration of `python -m explainers xnn`. `docs/xnn.md` describes each field."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from explainers.config import ImagesConfig, ModelConfig, TargetsConfig, expects, is_whole, read_table, read_toml
from explainers.errors import UserError, near
from explainers.xnn.settings import Settings
from explainers.xnn.tuning import Tuning


def _is_share(value: object) -> bool:
    return isinstance(value, float) and 0 < value < 1


@dataclass(frozen=True, kw_only=True)
class NetworkOutput:
    network: Path = field(metadata=expects("the file to write", path=True))
    holdout: float = field(default=0.2, metadata=expects("the share of test images, between 0 and 1", _is_share))
    seed: int = field(default=0, metadata=expects("a whole number", is_whole))


@dataclass(frozen=True, kw_only=True)
class XnnConfig:
    path: Path
    model: ModelConfig
    images: ImagesConfig
    targets: TargetsConfig
    xnn: Settings
    output: NetworkOutput
    tune: Tuning | None = None


def load_xnn_config(path: Path) -> XnnConfig:
    """Return the checked configuration; without a table [tune] nothing is tuned."""
    path, content = Path(path), read_toml(path)
    tables: dict[str, Any] = {f.name: f.type for f in fields(XnnConfig) if f.name not in ("path", "tune")} | {
        "tune": Tuning
    }
    for name in content:
        if name not in tables:
            raise UserError(f"{path}: there is no table [{name}].{near(name, tables)}")
    wanted = {name: kind for name, kind in tables.items() if name != "tune" or "tune" in content}
    read = {
        name: read_table(kind, content.get(name, {}), f"{path}: [{name}]", path.parent) for name, kind in wanted.items()
    }
    if read["targets"].top is not None or read["targets"].truth:
        raise UserError(f"{path}: [targets]: a network explains fixed classes; give classes only.")
    return XnnConfig(path=path, **read)
