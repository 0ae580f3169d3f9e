# Sets everything up in .venv (Python 3.11 or newer and make are all it needs), then runs or tests.
#
#   make run                                  the default study, into results/quickstart/report.html
#   make run STUDY=resources/studies/x.yaml   another study
#   make run ARGS="--cores 1 -n"              more arguments for snakemake
#   make test                                 the tests; ARGS="tests/views -k tapetum" some of them
#   make lint                                 style, types, and Snakemake's own lint
#   make types                                types alone (mypy)
#   make format                               puts the style right
#   make coverage                             the tests, and which lines of the library they run
#   make test-lowest                          the stages' tests with the lowest versions that pyproject.toml allows
#   make test-newest                          the same with the newest ones, whatever the locks say
#   make lock                                 new requirements*.lock after a change of pyproject.toml
#   make pictures                             the README's pictures, from the default study
#   make clean                                removes results and what Snakemake knows of them

PYTHON ?= python3
STUDY ?=
ARGS ?=
# how many test files run at once: each may take 2 GB
WORKERS ?= 2
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help run test coverage test-lowest test-newest pictures lint types format setup setup-dev lock clean
help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile

run: setup
	@workflow/run $(if $(STUDY),--configfile $(STUDY)) $(ARGS)

test: setup-dev
	$(PYTEST) $(ARGS)

# By file, because a file shares what is dear to make; longest first (tests/conftest.py). One thread each: idle threads of
# torch took 40 % of the processor time of tests/features/test_extract.py. Snakemake gives its jobs threads of their own.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

coverage: setup-dev
	rm -f .coverage*
	$(PYTEST) --cov= $(ARGS)

# In environments of their own (6 GB each; delete them when done). Not the workflow as a whole, which is slow, but for one
# run of it: what a library changes shows in the stages. Without the executor for Slurm, which asks for newer libraries.
STAGES = tests/study tests/tables tests/run tests/inputs tests/project tests/frames tests/views tests/features tests/metrics tests/figures tests/look \
  tests/workflow/test_runs.py::test_the_road_ends_in_a_report
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

types: setup-dev
	$(BIN)/mypy

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

# Compiled at once: where Python may not keep what it compiles (PYTHONDONTWRITEBYTECODE), every job would do it again.
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
