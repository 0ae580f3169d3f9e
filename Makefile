# Sets everything up in .venv (it needs Python 3.11 or newer, and make), then runs or tests.
#
#   make run                                  run the default study: results/quickstart/report.html
#   make run STUDY=resources/studies/x.yaml   run another study
#   make run ARGS="--cores 1 -n"              pass more arguments to snakemake
#   make test                                 run the tests; ARGS="tests/views -k tapetum" for some
#   make test-all                             run those that take minutes each, too
#   make mutants                              count the careless changes that the tests notice
#   make lint                                 check style, types, and Snakemake's own lint
#   make types                                check types alone (mypy)
#   make format                               format the code
#   make schema                               write the schema, docs/configuration.md and docs/eye-files.md
#   make coverage                             run the tests, and print which lines they cover
#   make test-lowest                          test the stages with the lowest allowed requirements
#   make test-newest                          test the stages with the newest requirements
#   make lock                                 write requirements*.lock after a change of pyproject.toml
#   make pictures                             draw the README's pictures, from the default study
#   make clean                                remove results and Snakemake's records of them

PYTHON ?= python3
STUDY ?=
ARGS ?=
# test files that run at once; each may take 2 GB
WORKERS ?= 2
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help run test test-all mutants coverage test-lowest test-newest pictures lint types format schema setup setup-dev lock clean
help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile

run: setup
	@workflow/run $(if $(STUDY),--configfile $(STUDY)) $(ARGS)

test: setup-dev
	$(PYTEST) -m "not slow" $(ARGS)
test-all: setup-dev
	$(PYTEST) $(ARGS)

# By stage, on a seeded sample: ARGS="--stage views --count 50 --seed 3"; ARGS=--help says more.
mutants: setup-dev
	$(BIN)/python tests/mutants.py $(ARGS)

# By file, because the tests of a file share expensive fixtures; longest first (tests/conftest.py).
# One thread each: idle threads of torch took 40 % of the processor time of one test file. Snakemake
# gives its jobs threads of their own.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

coverage: setup-dev
	rm -f .coverage*
	$(PYTEST) --cov= $(ARGS)

# Each in its own environment (6 GB; delete it when done). The workflow is slow, so one run of it: changes
# by a library show in the stages. Without the executor for Slurm, which needs newer libraries.
STAGES = tests/study tests/tables tests/run tests/inputs tests/project tests/frames tests/views tests/features tests/metrics tests/figures tests/look \
  tests/workflow/test_runs.py::test_a_run_ends_in_a_report
test-lowest: setup
	$(call other,lowest,--resolution lowest-direct)
test-newest: setup
	$(call other,newest,--upgrade)

define other
$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-$(1)
$(BIN)/uv pip install --quiet --python .venv-$(1)/bin/python $(2) -e ".[offline,paper]" --group dev
PATH="$(CURDIR)/.venv-$(1)/bin:$$PATH" .venv-$(1)/bin/pytest $(or $(ARGS),$(STAGES))
endef

pictures: run
	$(BIN)/python docs/pictures.py

lint: setup-dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/snakefmt --check Snakefile workflow && $(BIN)/mypy && $(BIN)/snakemake --lint

schema: setup-dev
	PYTHONPATH=workflow $(BIN)/python -m catsight.study.config

types: setup-dev
	$(BIN)/mypy

format: setup-dev
	$(BIN)/ruff check --fix . && $(BIN)/ruff format . && $(BIN)/snakefmt Snakefile workflow

setup: .venv/.run
setup-dev: .venv/.dev

# The stamps hold the installed lock, so a `git checkout` that only touches files installs nothing.
.venv/.run: requirements.lock pyproject.toml
	@$(call install,requirements.lock,.venv/.run)
.venv/.dev: requirements-dev.lock pyproject.toml
	@$(call install,requirements-dev.lock,.venv/.dev)
	@cat requirements.lock pyproject.toml > .venv/.run

# Compiled at once: with PYTHONDONTWRITEBYTECODE, every job would compile everything again.
define install
if cat $(1) pyproject.toml | cmp -s - $(2); then touch $(2); else \
  echo "setting up .venv from $(1); once, a few minutes, some 6 GB on Linux" && \
  { test -x $(BIN)/uv || { $(PYTHON) -c 'import sys; sys.exit("catsight needs Python 3.11 or newer, this is %d.%d: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)' && \
    $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"; } ; } && \
  $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r $(1) && \
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
