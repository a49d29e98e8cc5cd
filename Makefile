# Driftline. `make` alone lists what there is to do.
#
# PYTHON=python3.12 chooses the interpreter; ARGS="..." is handed on to pytest, the demo or the benchmark.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
ARGS ?=

# Evidently and NannyML, which the benchmarks stand beside: they never come near the service's environment.
PEERS := .cache/peers-venv
PEERS_READY := $(PEERS)/.installed

.PHONY: help demo env check format generated parts test-fast test test-chaos peers bench bench-quality plots lock clean

help: ## what there is to do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

demo: $(RUNTIME) ## the whole service in one process, with live traffic and drift; needs nothing but Python
	@$(BIN)/driftline demo $(ARGS)

env: $(DEVELOPMENT) ## the locked environment in .venv, with all that development needs

check: $(DEVELOPMENT) ## format, lint, types and architecture
	@echo "ruff format"; $(BIN)/ruff format --check .
	@echo "ruff check"; $(BIN)/ruff check .
	@echo "mypy"; $(BIN)/mypy .
	@echo "architecture"; $(BIN)/python -m pytest -q --durations=0 tests/test_architecture.py tests/test_repository.py

format: $(DEVELOPMENT) ## rewrite the sources in the one format, and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

generated: $(DEVELOPMENT) ## write anew what is generated: dashboards, schemas, tables of the documents
	@$(BIN)/python -m dashboards.build
	@$(BIN)/python -m service.config.reference --write docs/configuration.md
	@$(BIN)/python -m service.config.schema > docs/schemas/config.schema.json

parts: $(DEVELOPMENT) ## fetch the real broker, Prometheus, Alertmanager and browser, once, into .cache/
	@$(BIN)/python -m tests.parts

test-fast: $(DEVELOPMENT) ## the inner loop: every test that needs no real part, in under a minute
	@$(BIN)/python -m pytest -q -n auto -m "not real and not slow and not chaos" $(ARGS)

test: parts ## every test, against the real parts
	@$(BIN)/python -m pytest -m "not chaos" $(ARGS)

test-chaos: parts ## the long scenarios: storms of kills, zombies, full disks, hostile input (some 25 minutes)
	@$(BIN)/python -m pytest -s tests/chaos tests/fuzz $(ARGS)

peers: $(PEERS_READY) ## Evidently and NannyML in an environment of their own (1.5 GB), for the benchmarks

bench: $(DEVELOPMENT) ## measure the hot path on this machine, and detection beside the peers
	@$(MAKE) --no-print-directory peers || echo "No environment for the peers; that part of the benchmark is skipped."
	@$(BIN)/python -m bench $(ARGS)

bench-quality: $(DEVELOPMENT) $(PEERS_READY) ## what is detected and what is made up, beside the peers; takes an hour
	@$(BIN)/python -m bench.quality $(ARGS)
	@$(BIN)/python -m bench.quality.page

plots: $(DEVELOPMENT) ## draw the pictures of the documents anew
	@$(BIN)/python -m bench.plots

lock: $(DEVELOPMENT) ## resolve the dependencies anew into the hash-checked locks (UPGRADE=1 takes newer ones)
	@$(LOCK) pyproject.toml -o requirements.lock
	@$(LOCK) --extra traces -c requirements.lock pyproject.toml -o requirements-traces.lock
	@$(LOCK) --group dev -c requirements-traces.lock pyproject.toml -o requirements-dev.lock
	@$(LOCK) --group build -c requirements-dev.lock -o requirements-build.lock
	@$(LOCK) tests/parts/requirements-java.txt -o tests/parts/requirements-java.lock
	@$(LOCK) --python-version 3.11 $(WITHOUT_GPU) bench/peers/requirements.txt -o bench/peers/requirements.lock

# No registry address goes into a lock: whoever installs says where packages come from.
LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header $(if $(UPGRADE),--upgrade)

# Gigabytes for graphics cards that nothing here uses.
WITHOUT_GPU = --no-emit-package nvidia-nccl-cu12 --no-emit-package nvidia-nccl-cu13

clean: ## remove the environment, caches and results; the fetched parts in .cache/ stay
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist out
	@find . -name __pycache__ -type d -not -path './.cache/*' -prune -exec rm -rf {} +

# The stamps make pip run again only when a lock or the project file changes. The development lock holds the runtime
# lock's versions, so one environment serves both.
$(RUNTIME): requirements.lock requirements-build.lock pyproject.toml hatch_build.py $(wildcard service/events/scan/* detectors/totals/*.c)
	@[ -x $(BIN)/python ] || ./.ci/make-venv $(VENV) $(PYTHON)
	@echo "Installing what the service needs into $(VENV) ..."
	@$(PIP) --require-hashes --no-deps -r requirements.lock
	@$(PIP) --require-hashes --no-deps -r requirements-build.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.lock
	@echo "Installing what development needs into $(VENV) ..."
	@$(PIP) --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

# NannyML runs on Python 3.11 and 3.12 only.
$(PEERS_READY): bench/peers/requirements.lock
	@chosen=""; for name in $(PYTHON) python3.12 python3.11; do \
		if $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then \
			chosen=$$name; break; fi; done; \
	if [ -z "$$chosen" ]; then echo "NannyML needs Python 3.11 or 3.12: make peers PYTHON=..." >&2; exit 1; fi; \
	./.ci/make-venv $(PEERS) "$$chosen"
	@echo "Installing Evidently and NannyML into $(PEERS) ..."
	@$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps \
		-r bench/peers/requirements.lock
	@touch $@
