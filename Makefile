# Every target works from a fresh clone; `make` lists them. Python tools live in .venv, and nothing is installed outside
# it but Chromium, nginx and PostgreSQL, for tests. Variables: MUTAKHIR_LAKE, DAGSTER_HOME, PORT (of `ui`), PYTEST_ARGS, PYTHON.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# No tool reports home.
export DO_NOT_TRACK := 1
export DAGSTER_DISABLE_TELEMETRY := yes
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DBT_PROFILES_DIR := $(CURDIR)/dbt_project

BIN := .venv/bin
INSTALLED := .venv/installed
MANIFEST := dbt_project/target/manifest.json
DBT_FILES := dbt_project/dbt_project.yml dbt_project/profiles.yml \
  $(shell find $(addprefix dbt_project/,macros models seeds tests))
LAKE = $(abspath $(or $(MUTAKHIR_LAKE),lake))
PORT ?= 3000
PYTEST_ARGS ?=

# The first of these that is Python 3.11 or 3.12; it only makes .venv.
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3 python,$(shell \
  $(name) -c 'import sys; sys.version_info[:2] in ((3, 11), (3, 12)) and print("$(name)")' 2>/dev/null)))

.PHONY: help setup peers spark dashboards demo test test-all test-spark test-dashboards check lint format ui clean demo-keys lint-python lint-types lint-sql unit \
  chromium nginx postgresql

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---------------------------------------------------------------------------------------------------------- set-up

setup: $(INSTALLED) $(MANIFEST)  ## create .venv from requirements.lock; does nothing when it is up to date

.venv/bin/uv: requirements.lock
	@if [ ! -x .venv/bin/python ]; then \
	  [ -n "$(PYTHON)" ] || { echo "Python 3.11 or 3.12 is needed: install it, or name it with PYTHON=..." >&2; exit 1; }; \
	  $(PYTHON) -m venv .venv; \
	fi
	@awk '/^[^ ]/ {keep = /^uv==/} keep' requirements.lock > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r .venv/uv.txt
	@touch $@

$(INSTALLED): requirements.lock pyproject.toml | .venv/bin/uv
	@echo "Installing requirements.lock into .venv"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(MANIFEST): $(DBT_FILES) $(INSTALLED)
	@$(BIN)/python -c 'from orchestration.warehouse.project import ensure_manifest; ensure_manifest()'
	@touch $@

# The engines that `python -m benchmarks peers` compares with, in an environment of their own: the platform needs none.
PEERS := .venv-peers
peers: $(PEERS)/installed  ## create .venv-peers from benchmarks/peers.lock, for python -m benchmarks peers
	@command -v java >/dev/null || echo "No Java: PySpark cannot run (Debian: openjdk-17-jre-headless)" >&2
	@[ -x /usr/lib/postgresql/15/bin/postgres ] || echo "No PostgreSQL 15 (Debian: postgresql-15)" >&2

$(PEERS)/installed: benchmarks/peers.lock $(INSTALLED)
	@[ -x $(PEERS)/bin/python ] || $(BIN)/python -m venv $(PEERS)
	@echo "Installing benchmarks/peers.lock into $(PEERS)"
	@$(BIN)/uv pip install --quiet --python $(PEERS)/bin/python --require-hashes --compile-bytecode -r benchmarks/peers.lock
	@touch $@

# The platform with Spark, in an environment of its own: the usual one does not grow by half a gigabyte.
SPARK := .venv-spark
spark: $(SPARK)/installed  ## create .venv-spark: the platform with Spark, for .venv-spark/bin/mutakhir run --engine spark
	@command -v java >/dev/null || [ -n "$${JAVA_HOME:-}" ] || echo "No Java (Debian: openjdk-17-jre-headless)" >&2

$(SPARK)/installed: requirements.lock requirements-spark.lock pyproject.toml $(INSTALLED)
	@[ -x $(SPARK)/bin/python ] || $(BIN)/python -m venv $(SPARK)
	@echo "Installing requirements.lock and requirements-spark.lock into $(SPARK)"
	@$(BIN)/uv pip install --quiet --python $(SPARK)/bin/python --require-hashes --compile-bytecode \
	  -r requirements.lock -r requirements-spark.lock
	@$(BIN)/uv pip install --quiet --python $(SPARK)/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

# Apache Superset, in an environment of its own: it needs other versions of much that the platform needs.
SUPERSET := .venv-superset
$(SUPERSET)/installed: dashboards/requirements.lock $(INSTALLED)
	@[ -x $(SUPERSET)/bin/python ] || $(BIN)/python -m venv $(SUPERSET)
	@echo "Installing dashboards/requirements.lock into $(SUPERSET)"
	@$(BIN)/uv pip install --quiet --python $(SUPERSET)/bin/python --require-hashes --compile-bytecode -r dashboards/requirements.lock
	@touch $@

# ------------------------------------------------------------------------------------------------------------- use

# Superset's own state (metadata, keys, the administrator's password) is private to this folder.
SUPERSET_HOME ?= $(CURDIR)/.superset
DASHBOARDS_PORT ?= 8088
dashboards: export SUPERSET_HOME := $(SUPERSET_HOME)
dashboards: export SUPERSET_CONFIG_PATH := $(CURDIR)/dashboards/superset_config.py
dashboards: export PYTHONPATH := $(CURDIR)/dashboards
dashboards: export MUTAKHIR_LAKE := $(abspath $(LAKE))
dashboards: $(SUPERSET)/installed  ## Superset with the dashboards on the published marts, on http://127.0.0.1:8088
	@mkdir -p -m 700 "$(SUPERSET_HOME)"; \
	$(SUPERSET)/bin/python dashboards/prepare.py 2>"$(SUPERSET_HOME)/prepare.log" || { tail -3 "$(SUPERSET_HOME)/prepare.log" >&2; exit 1; }
	@password="in $(SUPERSET_HOME)/admin-password"; \
	[ -e "$(SUPERSET_HOME)/admin-password" ] || password="as MUTAKHIR_DASHBOARDS_PASSWORD was at the first start"; \
	echo "http://127.0.0.1:$(DASHBOARDS_PORT)/dashboard/list/  user admin, password $$password"
	@exec $(SUPERSET)/bin/gunicorn --bind 127.0.0.1:$(DASHBOARDS_PORT) --worker-class gthread --threads 8 --timeout 180 \
	  --no-control-socket --log-level warning "superset.app:create_app()"

# The demo's signing keys: in the lake, their passphrase beside them, which real keys never have. A .env, if there is none
# yet, lets the commands know the demo's approvers; remove it to sign by config/approvers.toml.
DEMO = $(LAKE)/demo
demo-keys: setup
	@if [ ! -e "$(DEMO)/approvers.toml" ]; then \
	  mkdir -p -m 700 "$(DEMO)"; \
	  sed '/^# \[\[approver/,$$d' config/approvers.toml > "$(DEMO)/approvers.toml"; \
	  (umask 077; head -c 24 /dev/urandom | base64 > "$(DEMO)/passphrase"); \
	  for person in "Demo Sari:kemensos" "Demo Budi:bps"; do \
	    MUTAKHIR_APPROVERS="$(DEMO)/approvers.toml" $(BIN)/mutakhir keys new --add --person "$${person%:*}" \
	      --role "$${person#*:}" --out "$(DEMO)/$${person#*:}.pem" --passphrase-file "$(DEMO)/passphrase"; \
	  done; \
	fi
	@if [ ! -e .env ]; then \
	  printf '# Made by make demo: the demo signs. Remove it to go by config/approvers.toml.\n%s\n%s\n' \
	    "MUTAKHIR_APPROVERS=$(DEMO)/approvers.toml" "MUTAKHIR_KEYS=$(DEMO)" > .env; \
	fi

demo: demo-keys  ## three cycles of a made-up nation of 20,000 families, from delivery to release
	@export MUTAKHIR_APPROVERS="$(DEMO)/approvers.toml" MUTAKHIR_KEYS="$(DEMO)"; \
	for cycle in 2025-10 2025-11 2025-12; do \
	  $(BIN)/mutakhir-simulate --families 20000 --cycle $$cycle; \
	  $(BIN)/mutakhir run --cycle $$cycle; \
	  if [ $$cycle = 2025-12 ]; then $(BIN)/mutakhir diff --cycle $$cycle; fi; \
	  for role in kemensos bps; do \
	    $(BIN)/mutakhir sign --cycle $$cycle --role $$role --passphrase-file "$(DEMO)/passphrase"; \
	  done; \
	  again=(); if [ -d "$(LAKE)/releases/$$cycle" ]; then again=(--reason "the demo was run again"); fi; \
	  $(BIN)/mutakhir publish --cycle $$cycle "$${again[@]}"; \
	done
	@$(BIN)/mutakhir status --cycle 2025-11
	@echo
	@echo "Lists    $(LAKE)/releases/<cycle>/<release>/next_list"
	@echo "Marts    $(LAKE)/bi/marts.duckdb"
	@echo "Reports  $(LAKE)/reports"
	@echo "Runs     make ui, then http://127.0.0.1:$(PORT)"

ui: setup  ## Dagster's web page and daemon, over the same instance as the commands; Ctrl-C stops both
	@umask 077; DAGSTER_HOME="$$($(BIN)/python -m orchestration.instance)"; export DAGSTER_HOME; \
	$(BIN)/dagster-daemon run --workspace workspace.yaml & daemon=$$!; \
	$(BIN)/dagster-webserver --workspace workspace.yaml --host 127.0.0.1 --port $(PORT) & web=$$!; \
	stop() { trap - INT TERM EXIT; kill $$web $$daemon 2>/dev/null || true; wait $$web $$daemon || true; }; \
	trap 'stop; exit 0' INT TERM; trap stop EXIT; \
	echo "Dagster: http://127.0.0.1:$(PORT)   instance: $$DAGSTER_HOME   lake: $(LAKE)   Ctrl-C stops it"; \
	wait -n $$web $$daemon

# ------------------------------------------------------------------------------------------------- tests and checks

# The tests make their own lakes and instances; yours are not theirs to see.
# As many processes as the machine has cores, four at most; tests/conftest.py says which stay together.
PYTEST := env -u MUTAKHIR_LAKE -u DAGSTER_HOME $(BIN)/pytest \
  --numprocesses logical --maxprocesses 4 --dist loadgroup --no-loadscope-reorder

test: setup chromium nginx postgresql  ## import rules, and the tests: unit, pipeline, browser
	@$(BIN)/lint-imports --no-logo
	@$(PYTEST) $(PYTEST_ARGS)

test-all: lint chromium nginx postgresql  ## lint, and every test, those marked exhaustive too
	@$(PYTEST) -m "exhaustive or not exhaustive" $(PYTEST_ARGS)

test-spark: spark  ## the models on Spark against the same on DuckDB; needs Java 17, some minutes
	@env -u MUTAKHIR_LAKE -u DAGSTER_HOME $(SPARK)/bin/pytest -n 0 -m "spark and not exhaustive" tests/spark $(PYTEST_ARGS)

test-dashboards: setup chromium $(SUPERSET)/installed  ## the dashboards in a real Superset, in Chromium; two minutes
	@$(BIN)/pytest -n 0 -m dashboards tests/dashboards $(PYTEST_ARGS)

check: setup  ## format, lint, types, import rules, SQL, unit tests; two minutes at most
	@$(MAKE) --jobs=2 --keep-going --output-sync=target lint-sql lint-types lint-python unit

lint: setup  ## format, lint, types, import rules, SQL
	@$(MAKE) --jobs=2 --keep-going --output-sync=target lint-sql lint-types lint-python

format: setup  ## rewrite the Python files as ruff formats them, and mend what it can mend safely
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

lint-python:
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/lint-imports --no-logo

lint-types:
	@$(BIN)/mypy

lint-sql: .venv/sql-linted

.venv/sql-linted: $(DBT_FILES) .sqlfluff $(INSTALLED)
	@$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project/models $(wildcard dbt_project/tests/*.sql)
	@touch $@

unit:
	@$(PYTEST) -m "not slow" tests/unit tests/golden tests/oracle $(PYTEST_ARGS)

# What tests need from Debian: command, package, what for. apt-get installs it where it is missing and allowed (under
# systemd the packages of nginx and PostgreSQL start their services, too, which no test needs).
define DEBIAN
	@for bin in /usr/sbin /usr/lib/postgresql/*/bin; do PATH="$$PATH:$$bin"; done; command -v $(1) >/dev/null || { \
	  echo "$(1) is missing; installing it for $(3)"; \
	  root=(); [ "$$(id -u)" = 0 ] || root=(sudo -n); \
	  { "$${root[@]}" apt-get update -qq && \
	    "$${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2); \
	  } >/dev/null || { \
	    echo "It could not be installed. Install $(2) so that the command $(1) works, or leave" >&2; \
	    echo '$(3) out: $(BIN)/pytest $(4)' >&2; exit 1; \
	  }; \
	}
endef

chromium:
	$(call DEBIAN,chromium,chromium,the browser tests,-m "not browser")

nginx:
	$(call DEBIAN,nginx,nginx-light,the test of the login,--ignore=tests/pipeline/test_login.py)

postgresql:
	$(call DEBIAN,initdb,postgresql,the tests of the export,--ignore=tests/unit/test_postgres.py)

clean:  ## remove what the targets made: environments, caches, dbt's target (never the lake or Dagster's instance)
	rm -rf .venv .venv-peers .venv-spark .venv-superset .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dbt_project/target dbt_project/logs
	find . -name __pycache__ -prune -exec rm -rf {} +
