# Everything happens in .venv; `make setup` is fast when nothing changed. What is imported is compiled then: most is not.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check --no-input
UV ?= uv
LOCK := pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header

.DEFAULT_GOAL := setup
.PHONY: setup demo serve test fuzz check bench bench-full attack format openapi client lock clean

setup: $(READY)
	@:

$(READY): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Coverplan needs Python 3.11 or later." >&2; exit 1; }
	@echo "Setting up .venv, once: about a minute." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) install --no-compile --require-hashes -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	@$(BIN)/coverplan demo

serve: setup
	@$(BIN)/coverplan serve

# Tests often wait for processes that they start: one worker more than there are processors.
test: setup
	@cores=$$(getconf _NPROCESSORS_ONLN); \
		$(BIN)/python -m pytest -n $$(( cores < 8 ? cores + 1 : 8 )) --dist worksteal --durations 20

# All of schemathesis on all operations; `make test` tries less. About an hour, or ARGS="--phases coverage".
fuzz: setup
	@PYTHONPATH=tests $(BIN)/python -m support.fuzz $(ARGS)

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m coverplan.api.openapi build/openapi.json
	@diff -u openapi/openapi.json build/openapi.json || { echo "openapi/openapi.json is old: make openapi" >&2; exit 1; }
	@$(BIN)/hadolint Dockerfile

# Ten minutes at most. Rows that this code has measured before are kept: --fresh measures them again.
bench: setup
	@$(BIN)/python -m benchmarks.measure --tag quick --budget 10 $(ARGS)

# Hours; goes on where it was stopped. Try ARGS="--only gap/ --budget 60".
bench-full: setup
	@$(BIN)/python -m benchmarks.measure --tag full $(ARGS)

# Loopback only, about twenty minutes. Try ARGS="--only kills partitions --minutes 5".
attack: setup
	@$(BIN)/python -m benchmarks.attack $(ARGS)

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# What is written of the constraint kinds, and the OpenAPI document with all examples.
openapi: setup
	@PYTHONPATH=tests $(BIN)/python -m support.catalogue
	@PYTHONPATH=tests $(BIN)/python -m support.shown
	@$(BIN)/python -m coverplan.api.openapi openapi/openapi.json

# The synchronous client is made of the asynchronous one.
client: setup
	@PYTHONPATH=tests $(BIN)/python -m support.twin

# Needs uv; nothing else does. The runtime lock agrees with the development lock.
lock:
	$(UV) $(LOCK) --group dev --output-file requirements-dev.lock pyproject.toml
	$(UV) $(LOCK) --group backend --no-annotate --constraints requirements-dev.lock \
		--output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv build dist
