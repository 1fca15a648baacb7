# One place for everything that is run by hand or by CI. `make help` lists the targets.
# Needs: make, a POSIX shell, Python 3.11 or newer. Nothing else: no Java, no Docker, no Kafka.

VENV := .venv
BIN := $(VENV)/bin
PURE := events ledger risk collections portfolio
ARGS ?=
# Folders of tests at a time.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint prove prove-short prove-mutations prove-pressure lock asyncapi clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.kafka-fetched ## make .venv with everything in it, and fetch Kafka (quick when done before)

demo: setup ## replay the bundled real loans through a real Kafka; options in ARGS="…"
	@$(BIN)/forewarn demo $(ARGS)

lint: $(VENV)/.installed ## style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: setup lint ## lint, then every test against a real Kafka; pytest options in ARGS="…"
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadgroup $(PURE:%=--cov=streams.%) --cov-branch \
		--cov-report=term-missing:skip-covered $(ARGS)

prove-short: setup ## two minutes of faults and the aimed ones, against a real Kafka (not part of `make test`)
	$(BIN)/pytest tests/proof -m proof $(ARGS)

prove: setup ## the long proof under faults: a million events, most of an hour on two cores; options in ARGS="…"
	@$(BIN)/forewarn prove --long $(ARGS)

prove-mutations: setup ## break the engine on purpose, four ways: the proof must be red each time
	@$(BIN)/python tests/proof/mutations.py

prove-pressure: setup ## ten minutes and more of three times the load that the workers can take; options in ARGS="…"
	@$(BIN)/forewarn prove --pressure 600 $(ARGS)

lock: $(VENV)/.installed ## resolve the dependencies and Kafka's jars anew, with hashes
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --generate-hashes \
		--no-emit-index-url --no-header --no-strip-extras --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra evidence --extra console --constraint requirements.lock --universal \
		--generate-hashes --no-emit-index-url --no-header --no-strip-extras --quiet --output-file deploy/requirements.txt
	$(BIN)/python -m streams.sandbox.broker_lock

asyncapi: ## install the AsyncAPI validator that a test uses (needs npm; without it the test skips and says so)
	npm install --no-audit --no-fund --silent --prefix .forewarn/node @asyncapi/parser@3.6.3

clean: ## remove what the other targets made, the broker's data included
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m streams.sandbox.broker_cli down || true; fi
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
		.hypothesis .coverage htmlcov
	@# An evidence log is not ours to throw away: it stays.
	if [ -d .forewarn ]; then find .forewarn -mindepth 1 -maxdepth 1 ! -name 'evidence*' -exec rm -rf {} +; fi
	find streams tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Python 3.11 is what Forewarn is tested on, so it comes first. PYTHON=… overrides the choice.
$(VENV)/.installed: requirements.lock pyproject.toml
	@set -e; \
	for python in $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3 none; do \
		if [ "$$python" = none ]; then \
			echo "Forewarn needs Python 3.11 or newer, and none of python3.11 … python3 on the PATH is." >&2; \
			echo "Install one, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; \
		fi; \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
	done; \
	if ! $(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "setup: making $(VENV) with $$($$python --version)"; \
		$$python -m venv --clear $(VENV) || { \
			echo "setup: Python cannot make one (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }; \
	fi
	@echo "setup: installing $$(grep -c '^[a-z]' requirements.lock) packages from requirements.lock, each checked by its hash (a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "setup: installing forewarn itself, from this directory"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.kafka-fetched: $(VENV)/.installed streams/sandbox/broker_jars.json
	@echo "setup: looking for Apache Kafka's jars"
	@$(BIN)/python -m streams.sandbox.broker_cli fetch
	@touch $@
	@echo "setup: done"
