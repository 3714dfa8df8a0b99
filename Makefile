# One verb per thing. Everything happens inside the checkout; a verb makes its environment first when it is missing.
# `make` alone lists the verbs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# The verbs share one environment, and a test run wants the machine for itself.
.NOTPARALLEL:
.DELETE_ON_ERROR:

# Where it is set (images of containers like to), each start would compile every module anew: a second of processor time.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

# Named after the checkout's path: an environment that moved with its checkout is broken and gets made anew.
STAMP := .venv/setup-$(shell pwd -P | cksum | cut -d ' ' -f 1)
LOCKS := requirements/bootstrap.txt requirements/dev.txt requirements/workspace.txt
PACKAGES := packages/windward/pyproject.toml packages/windward-airflow/pyproject.toml

# Where `make run` keeps its state and what it runs. Each may be set from outside.
RUN_SETTINGS = \
	WINDWARD_HOME="$${WINDWARD_HOME:-$$PWD/.windward}" \
	WINDWARD__CORE__DAGS_FOLDER="$${WINDWARD__CORE__DAGS_FOLDER:-$$PWD/examples}" \
	WINDWARD__CORE__DAGS_ARE_PAUSED_AT_CREATION="$${WINDWARD__CORE__DAGS_ARE_PAUSED_AT_CREATION:-false}"
RUN_COMMAND = $(BIN)/windward standalone $(ARGS)

.PHONY: help
help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: $(STAMP) ## make .venv with the locked dependencies and both packages; ends with .venv/bin/windward

$(STAMP): $(LOCKS) $(PACKAGES) requirements/install.sh
	@bash requirements/install.sh
	@touch $(STAMP)

.PHONY: run
run: setup built ## run everything in one terminal over examples/; state lives in .windward (ARGS="..." adds flags)
	@$(RUN_SETTINGS) exec $(RUN_COMMAND)

.PHONY: test
test: setup built ## run every test (ARGS="-k name" narrows it)
	@$(if $(ARGS),$(PYTEST) $(ARGS),bash tests/run.sh $(PYTEST))

.PHONY: lint
lint: setup ## format, lint, types and layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: check
check: lint ## what `lint` does, and the tidy test; no service needed
	@$(PYTEST) -q tests/tidy

.PHONY: format
format: setup ## rewrite files the way `make check` wants them
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

.PHONY: bench
bench: setup ## measure and print the table of numbers (ARGS="w1 w2" picks workloads)
	@$(BIN)/python -m bench $(ARGS)

# `make sim seed=7` replays one world; `make sim n=10000 from=1` runs many.
.PHONY: sim
sim: setup ## simulate: seed=N replays one world, n=N from=SEED runs many
	@$(BIN)/python -m tests.simulation $(if $(seed),--seed $(seed),--n $(or $(n),500) --from $(or $(from),1)) $(ARGS)

# Without end: what `make test` does of this is a few inputs, the same each time.
.PHONY: fuzz
fuzz: setup ## look for requests and inputs that break something: n=REQUESTS an operation, seconds=N a parser
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@FUZZ_EXAMPLES=$(or $(n),100) $(PYTEST) -q tests/api/test_fuzzed.py
	@$(BIN)/python -m tests.fuzz --seconds $(or $(seconds),60) $(ARGS)

.PHONY: ui
ui: setup ## build the web interface, when something of it changed (ARGS="npm test" runs a command of Node's)
	@bash ui/build.sh $(ARGS)

.PHONY: openapi
openapi: setup ## describe the API to the web interface anew
	@$(BIN)/python ui/scripts/describe_api.py

.PHONY: screenshots
screenshots: setup built ## write pictures of every page and dialog of the web interface to ui/screenshots (needs a Chromium)
	@$(BIN)/python -m tests.ui.screenshots $(ARGS)

# For what goes on without it: a machine that reaches no registry of npm shows the plain page.
.PHONY: built
built: setup
	@bash ui/build.sh || echo 'warning: the web interface could not be built; a plain page takes its place' >&2

.PHONY: docs
docs: setup ## draw the pages that repeat the code, then check links and quoted snippets
	@$(BIN)/python docs/draw.py
	@$(PYTEST) -q tests/tidy/test_docs.py

COMPILE := $(BIN)/uv --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header

.PHONY: lock
lock: ## write the lock files anew, keeping versions that still fit (ARGS=--upgrade moves all)
	@test -x $(BIN)/uv || $(MAKE) setup
	@$(COMPILE) $(ARGS) requirements/bootstrap.in --output-file requirements/bootstrap.txt >/dev/null
	@$(COMPILE) $(ARGS) packages/windward/pyproject.toml --output-file requirements/base.txt >/dev/null
	@$(COMPILE) $(ARGS) packages/windward/pyproject.toml --all-extras requirements/dev.in \
		--constraints requirements/base.txt --output-file requirements/dev.txt >/dev/null
	@$(COMPILE) $(ARGS) requirements/fuzz.in --output-file requirements/fuzz.txt >/dev/null

.PHONY: clean
clean: ## remove the environment, the caches and the home that `make run` made
	@rm -rf .venv .windward .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist \
		ui/node_modules ui/screenshots packages/windward/src/windward/api/static
	@find packages tests bench examples -name __pycache__ -type d -prune -exec rm -rf {} +
