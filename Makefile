# `make help` lists the commands. Each makes the environment first when it is missing or pyproject.toml has changed.

.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
VENV_ERB := .venv-erb
READY_ERB := $(VENV_ERB)/.ready

help:  ## List the commands.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: $(READY)  ## Start the server on 127.0.0.1:8080 with its store in ./data (LRS_… variables change that).
	@exec $(BIN)/lrs serve

demo: $(READY)  ## The same on a throw-away store, with a simulated course whose learners send statements.
	@exec $(BIN)/lrs demo

test: $(READY_DEV) $(READY_ERB)  ## Everything that CI does: format, lint, types, layers, tests.
	@scripts/chromium.sh
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	PYTHONHASHSEED=0 $(BIN)/pytest --numprocesses 3 --dist loadfile

test-openedx: $(READY_DEV) $(READY_ERB)  ## Only the tests with Open edX's event-routing-backends, in an environment of its own.
	$(BIN)/pytest tests/openedx

format: $(READY_DEV)  ## Format the code and mend what ruff can mend by itself.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY_DEV)  ## Rewrite the tables in docs/ that are read off the code.
	$(BIN)/python -m scripts.write_docs

bench: $(READY_DEV)  ## Measure everything on this machine, and write docs/performance.md (PARTS=reads,writes SIZES=10000,100000).
	$(BIN)/python -m benchmarks.report $(if $(PARTS),--only $(PARTS)) $(if $(SIZES),--sizes $(SIZES))

clean:  ## Remove the environment and what tools have left; ./data stays.
	rm -rf $(VENV) $(VENV_ERB) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): pyproject.toml scripts/environment.sh
	@scripts/environment.sh
	@touch $@

$(READY_DEV): pyproject.toml scripts/environment.sh
	@scripts/environment.sh dev
	@touch $@ $(READY)

# Without a pip of its own, which not every Python can make.
$(READY_ERB): tests/openedx/requirements.txt | $(READY_DEV)
	@echo "Making $(VENV_ERB) with event-routing-backends ..." >&2
	@$(BIN)/python -m venv --without-pip --clear $(VENV_ERB)
	@$(BIN)/python -m pip --disable-pip-version-check --quiet --python $(VENV_ERB)/bin/python install --only-binary :all: -r $<
	@touch $@

.PHONY: help serve demo test test-openedx format docs bench clean
