"""What an explanation network is and how it is trained: the table [xnn] of a configuration, or keywords in Python."""

from dataclasses import asdict, dataclass, field
from typing import Any

from explainers.config import are_numbers, expects, is_count, is_filled_list, is_whole

KINDS = ("srae", "nn", "sae", "cae", "lasso")
SPACES = ("mean", "keep")
POOLS = ("none", "max", "mean")


def _is_positive(value: Any) -> bool:
    return are_numbers([value]) and value > 0


def _is_not_negative(value: Any) -> bool:
    return are_numbers([value]) and value >= 0


def _are_counts(value: object) -> bool:
    return is_filled_list(value) and all(map(is_count, value))


def _is_weight(value: object) -> bool:
    return value == "balanced" or _is_positive(value)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`kind` "srae" is the paper's network; the others are its baselines behind the same interface.

    nn: faithfulness only. sae: faithfulness and plain reconstruction. cae: plain reconstruction only, then a linear fit
    of the logits. lasso: no embedding; a few of the layer's dimensions, chosen by an L1 penalty `alpha`.

    `q`, `beta` and `eta` are those of equation 5. `space` says what becomes of a layer with maps (C, h, w): "mean"
    averages them first, "keep" makes every layer a 1 × 1 convolution; `pool` then says what the head sees of each
    x-feature: its value at every position, the largest, or the mean.

    `positive_weight` is how often each positive example counts, in all three terms; "balanced" lets every class (and
    what belongs to none) count the same. Start values are ours, as is Adam's rate, which falls to zero by a cosine.
    """

    layer: str = field(metadata=expects("the dotted name of a layer"))
    kind: str = field(default="srae", metadata=expects(f"one of {', '.join(KINDS)}", KINDS.__contains__))
    features: int = field(default=5, metadata=expects("how many x-features, from 1 up", is_count))
    hidden: tuple[int, ...] = field(default=(800, 100), metadata=expects("a list of layer widths", _are_counts))
    q: float = field(default=100.0, metadata=expects("a number above 0", _is_positive))
    beta: float = field(default=10.0, metadata=expects("a number from 0 up", _is_not_negative))
    eta: float = field(default=10.0, metadata=expects("a number from 0 up", _is_not_negative))
    alpha: float = field(default=0.1, metadata=expects("a number above 0", _is_positive))
    space: str = field(default="mean", metadata=expects('"mean" or "keep"', SPACES.__contains__))
    pool: str = field(default="max", metadata=expects('"none", "max" or "mean"', POOLS.__contains__))
    epochs: int = field(default=60, metadata=expects("a whole number from 1 up", is_count))
    batch_size: int = field(default=256, metadata=expects("a whole number from 1 up", is_count))
    learning_rate: float = field(default=1e-3, metadata=expects("a number above 0", _is_positive))
    positive_weight: float | str = field(
        default="balanced", metadata=expects('"balanced" or a number above 0', _is_weight)
    )
    remedies: int = field(default=2, metadata=expects("how many new starts to make, from 0 up", _is_not_negative))
    seed: int = field(default=0, metadata=expects("a whole number", is_whole))

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "hidden": list(self.hidden)}
