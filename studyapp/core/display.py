"""How heatmaps look: from a raw map and its photograph to the picture that people see.

A bundle holds raw maps and says nothing about colours; a study says how its maps look, by a `Display`. The same map can
be read quite differently depending on how it is drawn (Zhao, Li, Berger 2023, “Graphical Perception of Saliency-based
Model Explanations”, CHI), so all of it is the study's choice. The steps follow the fields of `Display` in their order.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageFilter

RENDERER = 1  # raised when the same display comes to look otherwise; frozen studies keep the pictures they have
CHOICES = {
    "floor": ("reference", "minimum"),
    "sign": ("positive", "both"),
    "scale": ("study", "image", "map"),
    "style": ("over_grey", "overlay", "contours", "reveal", "map"),
}
RANGES = {"smoothing": (0, 10), "percentile": (50, 100), "opacity": (0, 1)}
SHARED_PERCENTILE = 75  # a scale that maps share ends at this percentile of their peaks
FULL_OPACITY_AT = 0.6  # of the scale: from there on the colour alone tells values apart
CONTOURS = {0.20: 0.5, 0.10: 0.75, 0.05: 1.0}  # share of the area within a line: the line's place among the colours
REVEALED = 0.20  # share of the area that `reveal` leaves in colour and sharp
BY_RANK = ("contours", "reveal")  # styles that show where the highest values lie, however high
SMALLEST = float(np.finfo(np.float32).tiny)  # of what can be divided by: a map of less is empty
FAR_BEYOND = 1e6  # times the scale: values so far beyond its end are as one
_LUMINANCE = (0.2126, 0.7152, 0.0722)  # of sRGB values, as CSS's grayscale()


@dataclass(frozen=True)
class Colours:
    """A colour table: 256 RGB rows, uint8; of a diverging one the middle means zero."""

    table: np.ndarray
    diverging: bool
    perceptually_uniform: bool


@cache
def colour_tables() -> dict[str, Colours]:
    """Return the colour tables by name; `python -m fixtures.colours` takes them from Matplotlib."""
    known = json.loads(Path(__file__).with_name("colours.json").read_text(encoding="utf-8"))
    return {
        name: Colours(
            np.frombuffer(bytes.fromhex(found["rgb"]), np.uint8).reshape(256, 3),
            found["diverging"],
            found["perceptually_uniform"],
        )
        for name, found in known.items()
    }


class Rendering(NamedTuple):
    """What decides about a picture beside its display: the renderer, and the least length of its longer side."""

    renderer: int = RENDERER
    side_px: int = 0


@dataclass(frozen=True)
class Display:
    """How maps are drawn. A value that makes no sense is refused with a `ValueError` that names its field.

    floor       what is drawn as nothing: the map's `reference` (no effect), or its own `minimum`
    sign        `positive`: what lies above the floor; `both`: what lies below it as well, in diverging colours
    smoothing   σ of a Gaussian, in percent of the picture's width
    scale       whose peaks the colours' end stands for: all maps of the method in the `study`'s bundle, those of one
                `image`, or each `map` its own
    percentile  of a map's magnitude that is its peak; neither matters to `contours` and `reveal`, which go by area
    style       `over_grey`, `overlay`, `contours` (lines round the top 5, 10, 20 % of the area), `reveal` (only the top
                20 % are in colour and sharp), or `map` (without the photograph)
    colours     a table of `colour_tables()`; left empty, Reds, or RdBu_r with `both`
    opacity     of the colours at the end of the scale; it grows from 0 at the floor and is reached at 60 % of the scale
    """

    floor: str = "reference"
    sign: str = "positive"
    smoothing: float = 0.0
    scale: str = "study"
    percentile: float = 99.0
    style: str = "over_grey"
    colours: str = ""
    opacity: float = 0.75

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            _one_of(name, getattr(self, name), choices)
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ValueError(f"{name}: expected a number from {low} to {high}, found {value!r}")
            object.__setattr__(self, name, float(value))
        if self.colours == "":
            object.__setattr__(self, "colours", "RdBu_r" if self.sign == "both" else "Reds")
        if self.sign == "both" and self.floor == "minimum":
            raise ValueError("sign: expected positive, for nothing lies below the floor “minimum”, found 'both'")
        fitting = [name for name, one in colour_tables().items() if one.diverging == (self.sign == "both")]
        _one_of("colours", self.colours, fitting, f" with sign “{self.sign}”")

    def described(self) -> dict[str, Any]:
        """Return the fields as plain values, as a version keeps them."""
        return asdict(self)


def read_display(values: Mapping[str, Any]) -> Display:
    """Return the display with these fields, the others by default. Raises `ValueError` naming the field."""
    for name in values:
        _one_of("display", name, [field.name for field in fields(Display)])
    return Display(**values)


def picture(
    photograph: np.ndarray,
    saliency: np.ndarray,
    display: Display,
    *,
    reference: float = 0.0,
    scale: float | None = None,
) -> np.ndarray:
    """Return what people see, uint8 (H, W, 3): the map (h, w) of any size drawn on its photograph, uint8 (H, W, 3).

    `reference` is the map's value that means no effect. `scale` is the distance from the floor at which the colours
    end; the map's own peak where not given. What lies beyond has the end's colour.
    """
    position = positions(saliency, display, photograph.shape[:2], reference=reference, scale=scale)
    return _STYLES[display.style](photograph, position, display)


def positions(
    saliency: np.ndarray,
    display: Display,
    size: tuple[int, ...],
    *,
    reference: float = 0.0,
    scale: float | None = None,
) -> np.ndarray:
    """Return where the pixels of a picture of that size (H, W) stand on the scale: float32 (H, W).

    Its ends are −1 and 1; what lies beyond is told as it is. Styles that go by rank have the map's own greatest value
    for an end, so that nothing lies beyond.
    """
    height, width = size
    drawn = values(saliency, display, reference, (height, width))
    end = float(np.abs(drawn).max()) if display.style in BY_RANK else scale or _peak_of(drawn, display)
    with np.errstate(over="ignore"):
        position = drawn / np.float32(max(end, SMALLEST))
    return _enlarged(np.clip(position, -FAR_BEYOND, FAR_BEYOND), (height, width))


def values(
    saliency: np.ndarray, display: Display, reference: float = 0.0, size: tuple[int, int] | None = None
) -> np.ndarray:
    """Return what a map shows, float32 (h, w): its distance from the floor, with the wanted signs, smoothed.

    `size` is the photograph's (H, W), in whose width the smoothing is measured; the map's own where not given.
    Raises `ValueError` where a value is no finite number, or the map no plane of values.
    """
    saliency = np.asarray(saliency, np.float32)
    if saliency.ndim != 2 or saliency.size == 0:
        raise ValueError(f"a map: expected values (h, w), found the shape {saliency.shape}")
    if not np.isfinite(saliency).all() or not np.isfinite(reference):
        raise ValueError("a map: expected finite numbers, found NaN or an infinity")
    floor = saliency.min() if display.floor == "minimum" else np.float32(reference)
    drawn = saliency - floor
    if display.sign == "positive":
        drawn = np.maximum(drawn, 0)
    if not display.smoothing:
        return drawn
    (h, w), (height, width) = drawn.shape, size or drawn.shape
    sigma = display.smoothing / 100 * width  # in pixels of the photograph
    blurred: np.ndarray = _blur(h, sigma * h / height) @ drawn @ _blur(w, sigma * w / width).T
    return blurred


def peak(saliency: np.ndarray, display: Display, reference: float = 0.0, size: tuple[int, int] | None = None) -> float:
    """Return how far a map reaches from its floor: the display's percentile of what it shows, or else the greatest."""
    return _peak_of(values(saliency, display, reference, size), display)


def shared_scale(peaks: Iterable[float]) -> float | None:
    """Return the end of a scale that maps share: the third quartile of their peaks; None where all maps are empty.

    A few strong maps don't fade all others then; what they have beyond has the end's colour. Empty maps don't count.
    """
    reached = [one for one in peaks if one > 0]
    return float(np.percentile(reached, SHARED_PERCENTILE)) if reached else None


def _peak_of(drawn: np.ndarray, display: Display) -> float:
    magnitude = np.abs(drawn)
    return float(np.percentile(magnitude, display.percentile) or magnitude.max())


def _one_of(field: str, value: object, choices: Sequence[str], where: str = "") -> None:
    if isinstance(value, str) and value in choices:
        return
    near = get_close_matches(str(value), choices, n=1)
    meant = f"; did you mean “{near[0]}”?" if near else ""
    raise ValueError(f"{field}: expected one of {', '.join(choices)}{where}, found {value!r}{meant}")


@lru_cache(maxsize=64)
def _blur(n: int, sigma: float) -> np.ndarray:
    """Return the matrix (n, n) that blurs n values in a row; at the ends, what lies within counts for more."""
    distance = np.subtract.outer(np.arange(n), np.arange(n))
    weights = np.exp(-0.5 * (distance / max(sigma, 1e-6)) ** 2)
    shares: np.ndarray = weights / weights.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)


def _enlarged(saliency: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if saliency.shape == size:
        return saliency
    whole = Image.fromarray(np.ascontiguousarray(saliency, np.float32))
    return np.asarray(whole.resize(size[::-1], Image.Resampling.BILINEAR))


@lru_cache(maxsize=32)
def coloured(display: Display) -> np.ndarray:
    """Return 256 RGBA rows, uint8, from the low end of the scale to the high: the colours with their opacity."""
    place = np.linspace(0, 1, 256)
    distance = np.abs(2 * place - 1) if display.sign == "both" else place
    alpha = display.opacity * np.minimum(distance / FULL_OPACITY_AT, 1)
    return np.column_stack([colour_tables()[display.colours].table, np.round(255 * alpha).astype(np.uint8)])


def _index(position: np.ndarray, display: Display) -> np.ndarray:
    """Return the row of the colour table, uint8, for values of the scale −1 … 1; what lies beyond has the end's."""
    place = (position + 1) / 2 if display.sign == "both" else position
    return np.rint(np.clip(place, 0, 1) * np.float32(255)).astype(np.uint8)


def greyed(photograph: np.ndarray) -> np.ndarray:
    """Return a photograph, uint8 (H, W, 3), as pale grey, float32 (H, W), 0 … 255, on which colours stand out."""
    grey = photograph.astype(np.float32) @ np.array(_LUMINANCE, np.float32)
    return np.clip(((grey / 255 - 0.5) * 0.55 + 0.5) * 1.35, 0, 1) * 255


def _grey_picture(photograph: np.ndarray) -> Image.Image:
    return Image.fromarray(np.rint(greyed(photograph)).astype(np.uint8)).convert("RGB")


def _laid_over(under: Image.Image, position: np.ndarray, display: Display) -> np.ndarray:
    colour = coloured(display)[_index(position, display)]
    heat = Image.fromarray(np.ascontiguousarray(colour[..., :3]))
    return np.asarray(Image.composite(heat, under, Image.fromarray(np.ascontiguousarray(colour[..., 3]))))


def _over_grey(photograph: np.ndarray, position: np.ndarray, display: Display) -> np.ndarray:
    return _laid_over(_grey_picture(photograph), position, display)


def _overlay(photograph: np.ndarray, position: np.ndarray, display: Display) -> np.ndarray:
    return _laid_over(Image.fromarray(photograph), position, display)


def _map(_photograph: np.ndarray, position: np.ndarray, display: Display) -> np.ndarray:
    colours: np.ndarray = colour_tables()[display.colours].table[_index(position, display)]
    return colours


def top_shares(magnitude: np.ndarray, shares: Iterable[float]) -> list[np.ndarray]:
    """Return where the highest values (H, W) are that take up each share of the area: bool (H, W) each.

    Equal values are in or out together: all of them in where the share ends among them. What is zero never is in.
    """
    places = [magnitude.size - max(1, round(share * magnitude.size)) for share in shares]
    lowest = np.partition(magnitude, places, axis=None)[places]
    return [(magnitude >= one) & (magnitude > 0) for one in lowest]


def _contours(photograph: np.ndarray, position: np.ndarray, display: Display) -> np.ndarray:
    """Draw a line round each share of the area, in the colours of the map's side there, with a white edge."""
    shown, table, magnitude = photograph.copy(), colour_tables()[display.colours].table, np.abs(position)
    thickness = max(1, round(min(position.shape) / 150))
    for inside, place in zip(top_shares(magnitude, CONTOURS), CONTOURS.values(), strict=True):
        line = _thick(_border(inside), thickness)
        shown[_thick(line, 1) & ~line] = 255
        shown[line] = table[_index(np.where(position[line] < 0, -place, place), display)]
    return shown


def _border(inside: np.ndarray) -> np.ndarray:
    """Return the pixels inside that have a neighbour outside; the picture's own edge is no border."""
    padded = np.pad(inside, 1, mode="edge")
    kept = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    border: np.ndarray = inside & ~kept
    return border


def _thick(line: np.ndarray, reach: int) -> np.ndarray:
    for _ in range(reach):
        padded = np.pad(line, 1)
        line = line | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return line


def _reveal(photograph: np.ndarray, position: np.ndarray, _display: Display) -> np.ndarray:
    """Leave the top share as it is; the rest is grey and blurred."""
    grey = _grey_picture(photograph).filter(ImageFilter.GaussianBlur(photograph.shape[1] / 60))
    (inside,) = top_shares(np.abs(position), [REVEALED])
    return np.where(inside[..., None], photograph, np.asarray(grey))


_STYLES: dict[str, Callable[[np.ndarray, np.ndarray, Display], np.ndarray]] = {
    "over_grey": _over_grey,
    "overlay": _overlay,
    "contours": _contours,
    "reveal": _reveal,
    "map": _map,
}
