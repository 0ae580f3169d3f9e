# Sets everything up in .venv (Python 3.11 or newer and make are all it needs), then runs or tests.
#
#   make run                                  the default study, into results/quickstart/report.html
#   make run STUDY=resources/studies/x.yaml   another study
#   make run ARGS="--cores 1 -n"              more arguments for snakemake
#   make test                                 the tests
#   make pictures                             the README's pictures, from the default study
#   make lint                                 style
#   make lock                                 new requirements*.lock after a change of pyproject.toml

PYTHON ?= python3
STUDY ?=
ARGS ?=
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help run test pictures lint format setup setup-dev lock clean
help:
	@sed -n 's/^# \{0,1\}//p' Makefile

run: setup
	@workflow/run $(if $(STUDY),--configfile $(STUDY)) $(ARGS)

test: setup-dev
	$(BIN)/pytest $(ARGS)

pictures: run
	$(BIN)/python docs/pictures.py

lint: setup-dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/snakefmt --check Snakefile workflow && $(BIN)/snakemake --lint

format: setup-dev
	$(BIN)/ruff check --fix . && $(BIN)/ruff format . && $(BIN)/snakefmt Snakefile workflow

setup: .venv/.run
setup-dev: .venv/.dev

# The stamps hold the lock that was installed, so a `git checkout` that only touches files installs nothing again.
.venv/.run: requirements.lock pyproject.toml
	@$(call install,requirements.lock,.venv/.run)
.venv/.dev: requirements-dev.lock pyproject.toml
	@$(call install,requirements-dev.lock,.venv/.dev)
	@cat requirements.lock pyproject.toml > .venv/.run

define install
if cat $(1) pyproject.toml | cmp -s - $(2); then touch $(2); else \
  echo "setting up .venv from $(1); once, a few minutes, some 6 GB on Linux" && \
  { test -x $(BIN)/uv || { $(PYTHON) -c 'import sys; sys.exit("catsight needs Python 3.11 or newer, this is %d.%d: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)' && \
    $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"; } ; } && \
  $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1) && \
  $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e . && \
  cat $(1) pyproject.toml > $(2); fi
endef

COMPILE = $(BIN)/uv pip compile pyproject.toml --extra offline --extra paper --extra slurm --universal --python-version 3.11 \
  --generate-hashes --no-header --no-annotate --quiet
lock: setup
	$(COMPILE) -o requirements.lock
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf results .snakemake
