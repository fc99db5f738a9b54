"""How long publishing draws its heatmaps: `python -m benchmarks.rendering [--side 224 500]`.

Per 1,000 pictures of each style and side, one thread: seconds of drawing alone, of drawing and encoding, and megabytes;
beside them the encoding alone of the very same pictures, which no way of drawing can go below.
"""

import argparse
import io
import resource
import time

import numpy as np
from PIL import Image

from studyapp.core.display import Display, picture

N = 40
STYLES = ("over_grey", "overlay", "contours", "reveal", "map")
QUALITY, METHOD = 88, 2  # as `studyapp/bundles/drawing.py` writes WebP
HEAD = "side, style, draw s, draw and encode s, encode alone s, ratio, MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, nargs="+", default=[224, 500], metavar="PX")
    sides = parser.parse_args().side
    print(
        "| side | style | draw, s | draw and encode, s | encode alone, s | ratio | MB |\n|---|---|---|---|---|---|---|"
    )
    for side in sides:
        photographs, maps = _made(side)
        for style in STYLES:
            print(_row(side, style, photographs, maps), flush=True)
    print(f"\nPeak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def _made(side: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return photographs and maps as smooth as real ones are: noise of few pixels, enlarged."""
    rng = np.random.default_rng(1)
    size = (side, side)
    photographs = [
        np.asarray(Image.fromarray(rng.integers(0, 256, (side // 4, side // 4, 3), np.uint8)).resize(size))
        for _ in range(N)
    ]
    maps = [
        np.asarray(Image.fromarray(rng.normal(size=(14, 14)).astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
        for _ in range(N)
    ]
    return photographs, maps


def _row(side: int, style: str, photographs: list[np.ndarray], maps: list[np.ndarray]) -> str:
    display = Display(style=style)
    began = time.process_time()
    pictures = [picture(*pair, display, scale=2.0) for pair in zip(photographs, maps, strict=True)]
    drawn = time.process_time()
    files = [_encoded(one) for one in pictures]
    ended = time.process_time()
    draw, encode = (1000 / N * seconds for seconds in (drawn - began, ended - drawn))
    megabytes = 1000 / N * sum(map(len, files)) / 1e6
    cells = (side, style, f"{draw:.1f}", f"{draw + encode:.1f}", f"{encode:.1f}", f"{(draw + encode) / encode:.2f}")
    return f"| {' | '.join(map(str, cells))} | {megabytes:.1f} |"


def _encoded(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=QUALITY, method=METHOD)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
