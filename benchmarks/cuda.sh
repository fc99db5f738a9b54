#!/usr/bin/env bash
# What has to be seen on an accelerator, in one run of at most ten minutes: benchmarks/cuda.sh [FOLDER]
# Needs `make install` before it, with a PyTorch that uses the accelerator. What it leaves is told in docs/cuda.md.
set -uo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
out=${1:-build/cuda}
mkdir -p "$out"

"$python" -c 'import torch; print(torch.cuda.get_device_name(), torch.__version__)' >"$out/device.txt" 2>/dev/null || {
  echo "PyTorch sees no accelerator here: nothing was run." >&2
  exit 2
}
status=0

step() { # NAME SECONDS COMMAND …: its output goes to a file, and what failed is told
  local name=$1 limit=$2
  shift 2
  if timeout "$limit" "$@" >"$out/$name" 2>"$out/$name.log"; then
    echo "done: $name"
  else
    echo "failed ($?): $name; see $out/$name.log" >&2
    status=1
  fi
}

step tests.txt 150 "$python" -m pytest -q -m cuda -p no:cacheprovider tests/explainers/networks/test_cuda.py
step job.json 120 "$python" -m benchmarks.job --device cuda --images 2000 --kill 0
step bench-mobilenet_v2.json 100 "$python" -m explainers bench --device cuda --model mobilenet_v2 --images 4 --json
step bench-resnet50.json 100 "$python" -m explainers bench --device cuda --model resnet50 --images 4 --json
step bench-vit_b_16.json 100 "$python" -m explainers bench --device cuda --model vit_b_16 --images 4 --json \
  --methods attention_rollout,gradient_attention,grad_cam,integrated_gradients,occlusion,rise
exit "$status"
