# Heatwise. Every target works on a machine with Python 3.11+, make and PyPI.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# Tests write thousands of small databases and bundles: into memory, where there are 4 GB of it, else onto the disk.
SCRATCH := $(shell [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR==2 {print $$4}')" -gt 4000000 ] 2>/dev/null && echo /dev/shm || echo $${TMPDIR:-/tmp})
# A worker more than cores: some tests wait for browsers and servers.
WORKERS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1)))

.PHONY: demo install test check lint bench load lock licences mutants clean

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.web: requirements-web.lock | .venv/bin/python
	@echo "Installing what serving needs …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-web.lock
	@touch $@

.venv/.dev: requirements-web.txt requirements.txt requirements-cluster.txt requirements-dev.txt | .venv/bin/python
	@echo "Installing everything (PyTorch included; some minutes on a slow line) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/.web

install: .venv/.dev

demo: .venv/.web
	@$(BIN)/python manage.py demo --port $(PORT)

test: .venv/.dev
	@TMPDIR=$(SCRATCH) OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: .venv/.dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.nearest $(ARGS)

lint: .venv/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m tests.packages
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy
	@$(BIN)/python manage.py makemigrations --check --dry-run

bench: .venv/.dev
	$(BIN)/python -m explainers bench

load: .venv/.dev
	$(BIN)/python -m benchmarks.load

# The exact files of all that serving needs, for every Python and system, from the pins in requirements-web.txt.
lock: .venv/.dev
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --output-file requirements-web.lock requirements-web.txt $(ARGS)

licences: .venv/.dev
	@$(BIN)/pip-licenses --order=license --with-urls --from=mixed $(ARGS)

mutants: .venv/.dev
	@$(BIN)/python -m tests.mutation $(or $(SET),statistics) --sample $(or $(SAMPLE),60) $(ARGS)

clean:
	rm -rf build var .pytest_cache .ruff_cache .mypy_cache
