# `make help` lists the commands. Each makes the environment first when it is missing or pyproject.toml has changed.

.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev

help:  ## List the commands.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: $(READY)  ## Start the server on 127.0.0.1:8080 with its store in ./data (LRS_… variables change that).
	@exec $(BIN)/lrs serve

demo: $(READY)  ## The same on a throw-away store, with a simulated course whose learners send statements.
	@exec $(BIN)/lrs demo

test: $(READY_DEV)  ## Everything that CI does: format, lint, types, layers, tests.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest

format: $(READY_DEV)  ## Format the code and mend what ruff can mend by itself.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY_DEV)  ## Rewrite the tables in docs/ that are read off the code.
	$(BIN)/python -m scripts.write_docs

bench: $(READY_DEV)  ## Measure writes and the stream on this machine; see docs/performance.md.
	$(BIN)/python -m benchmarks.writes
	$(BIN)/python -m benchmarks.latency

clean:  ## Remove the environment and what tools have left; ./data stays.
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): pyproject.toml scripts/environment.sh
	@scripts/environment.sh
	@touch $@

$(READY_DEV): pyproject.toml scripts/environment.sh
	@scripts/environment.sh dev
	@touch $@ $(READY)

.PHONY: help serve demo test format docs bench clean
