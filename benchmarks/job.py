"""Explain thousands of pictures by `python -m explainers explain`: peak memory, speed, and a kill in mid-run.

python -m benchmarks.job [--images 1000 10000] [--kill 500] [--device cpu] [--json FILE]

Pictures are cuts of the demo's illustrated scenes, 128 × 128 pixels, each another; the model is the demo's classifier,
the methods Grad-CAM and occlusion (10 forward passes an image). Every number of images is a run of its own, in an empty
folder. The killed run gets SIGKILL when half of its maps are there, is started again, and its bundle is compared,
by the sha256 of every file, with that of a run that nothing disturbed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parent.parent
SIDE = 128
CONFIG = """
[model]
arch = "fixtures.scenes.model:scene_cnn"
weights = "{weights}"
multilabel = true
size = 128
resize = 128
classes = ["cat", "horse", "bird", "boat", "tree", "house", "car", "balloon"]

[images]
folder = "images"

[targets]
top = 1

[[methods]]
name = "grad_cam"
layer = "features.14"

[[methods]]
name = "occlusion"
window = 64
stride = 32

[output]
bundle = "{bundle}"
maps = "png8"
"""


def draw(folder: Path, count: int) -> None:
    """Write that many different pictures."""
    scenes = [
        np.asarray(Image.open(path).convert("RGB")) for path in sorted(ROOT.glob("fixtures/bundles/scenes/images/*"))
    ]
    generator = np.random.default_rng(0)
    folder.mkdir()
    for index in range(count):
        scene = scenes[index % len(scenes)]
        top, left = (int(generator.integers(0, n - SIDE + 1)) for n in scene.shape[:2])
        cut = scene[top : top + SIDE, left : left + SIDE] * generator.uniform(0.7, 1, size=3)
        Image.fromarray(cut.astype(np.uint8)).save(folder / f"{index:06}.png", compress_level=1)


def configure(folder: Path, name: str) -> Path:
    """Write the configuration of a bundle of this name and return its path."""
    path = folder / f"{name}.toml"
    options = {"weights": ROOT / "fixtures/scenes/weights.pth", "bundle": name}
    path.write_text(CONFIG.format(**options))
    return path


def start(config: Path, count: int, device: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "explainers", "explain", str(config), "--device", device, "--limit", str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ended(process: subprocess.Popen, started: float) -> dict:
    """Wait for a run and return its wall and processor seconds and its peak resident memory."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return {
        "status": process.returncode,
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mib": round(used.ru_maxrss / 1024, 1),  # Linux counts KiB
    }


def explained(folder: Path, name: str, count: int, device: str) -> dict:
    """Run to the end and return the figures."""
    began = time.perf_counter()
    figures = ended(start(configure(folder, name), count, device), began)
    return {"images": count, **figures, "images_per_second": round(count / figures["seconds"], 1)}


def killed(folder: Path, count: int, device: str) -> dict:
    """Kill a run when half of all maps are there, run it again, and compare the bundle with an undisturbed one."""
    config, began = configure(folder, "killed"), time.perf_counter()
    process = start(config, count, device)
    while process.poll() is None and _maps(folder / "killed.work") < count:
        time.sleep(0.2)
    process.kill()
    first = ended(process, began)
    left = _maps(folder / "killed.work")
    again = ended(start(config, count, device), time.perf_counter())
    whole = ended(start(configure(folder, "whole"), count, device), time.perf_counter())
    files = [json.loads((folder / name / "manifest.json").read_text())["files"] for name in ("killed", "whole")]
    return {
        "images": count, "killed_by": -first["status"], "maps_before": left, "maps_in_all": 2 * count,
        "seconds": [first["seconds"], again["seconds"], whole["seconds"]], "files": len(files[1]),
        "equal": files[0] == files[1],
    }  # fmt: skip


def _maps(work: Path) -> int:
    return sum(1 for _ in work.glob("*/*.json"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.job", description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 10_000], help="numbers of images, a run each")
    parser.add_argument("--kill", type=int, default=500, help="images of the run that is killed; 0 for none")
    parser.add_argument("--device", default="cpu", help="cpu (default), cuda …")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        draw(folder / "images", max(*options.images, options.kill))
        results = {"load_before": round(os.getloadavg()[0], 1), "runs": []}
        for count in options.images:
            results["runs"].append(explained(folder, f"run-{count}", count, options.device))
            print(json.dumps(results["runs"][-1]), flush=True)
        if options.kill:
            results["killed"] = killed(folder, options.kill, options.device)
            print(json.dumps(results["killed"]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
