# Everything that is done with this checkout. Needs make, git and Python 3.11+; the rest is made in .venv from requirements.lock.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
CODE := $(wildcard graph_service ingest tests bench portal scripts)
export PYTHON

COMPILE = .venv-tools/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--custom-compile-command 'make lock'

.PHONY: help demo test test-unit test-live test-deep torture bench bench-growth bench-profiles lint format lock build-portal check-backstage screenshots environment clean

help: ## Say what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: build-portal ## Real Kafka, real Neo4j, a story and five answers; Ctrl-C stops all. ONCE=1 exits after the answers
	@$(BIN)/graph-service demo $(if $(filter-out 0,$(ONCE)),--once)

test: lint test-unit test-live ## All that CI runs: lint, types, unit tests, live tests on real engines

test-unit: build-portal ## Tests that need no engine
	@$(PYTEST) tests/unit

test-live: build-portal ## Tests on a real Neo4j and a real Kafka (started as child processes unless addresses are given)
	@$(PYTEST) tests/live

test-deep: environment ## 10,000 generated histories through the fold and the append, 300 through a real Neo4j, held against the oracle
	@HYPOTHESIS_PROFILE=deep $(PYTEST) tests/unit/test_fold_properties.py tests/unit/test_fold_advance.py tests/unit/test_store_append.py tests/unit/test_fast_path.py
	@HYPOTHESIS_PROFILE=deep $(PYTEST) tests/live/test_truth.py tests/live/test_truth_past.py

torture: environment ## Kill, stop and cut everything while events come, compare with a calm run: SEED=1 MINUTES=40 EVENTS=1000000 EVERY_S=4.5
	@$(BIN)/python -m tests.torture $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(EVENTS),--events $(EVENTS)) $(if $(EVERY_S),--fault-every-s $(EVERY_S))

bench: environment ## Measure everything, each line a ratio to a floor in the same run: ONLY=impact,diff FULL=1
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(if $(filter-out 0,$(FULL)),--full)

bench-growth: environment ## What the same questions cost on 10⁵, 10⁶ and 10⁷ versions: about an hour, 15 GB; SIZES=100000,1000000
	@$(BIN)/python -m bench.growth $(if $(SIZES),--sizes $(SIZES))

bench-profiles: environment ## Where the time goes: py-spy of API and ingester, PROFILE of the queries that they send, into docs/profiles.md
	@$(BIN)/python -m bench.profiles

lint: environment ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: environment ## Let ruff put the code in order
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: ## Renew the locks (versions that still fit are kept; UPGRADE=1 takes the newest that pyproject.toml allows)
	@scripts/bootstrap tools
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --extra fast --extra local --group dev pyproject.toml -o requirements.lock >/dev/null
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --extra fast --constraint requirements.lock pyproject.toml -o requirements-runtime.lock >/dev/null
	@$(COMPILE) $(if $(UPGRADE),--upgrade) tests/clients/requirements.in -o tests/clients/requirements.lock >/dev/null

# The page files that the API serves; portal/build.py does nothing when they are fresh.
build-portal: environment ## Build the browser files into graph_service/static
	@if [ -f portal/build.py ]; then $(BIN)/python portal/build.py; fi

check-backstage: build-portal ## Types of the example for Backstage, against its current packages (690 MB in examples/backstage/node_modules)
	@cd examples/backstage && PATH="$(CURDIR)/$(BIN):$$PATH" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline && npm run check

screenshots: build-portal ## The pictures of the README, of the demo story in a real Neo4j and a real Chromium, into docs/images
	@$(BIN)/python -m tests.screenshots

environment: .venv/.made

.venv/.made: requirements.lock requirements-bootstrap.lock pyproject.toml scripts/bootstrap
	@scripts/bootstrap

clean: ## Remove what was made here: environments, caches, built files; not the demo's data in .data
	rm -rf .venv .venv-tools .venv-clients tests/clients/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis dist test-output graph_service/static
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
