# `make demo` and `make test` need git and Python 3.11 with venv, and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
COMPILE := $(BIN)/python -m compileall -q wildgit hooks templates

.PHONY: help demo test lint bench laws fuzz docs clean

help:
	@echo 'make demo    a tour of git wild on a sample upstream, in a temporary directory'
	@echo 'make test    lint, check types and run the tests; TESTS="tests/core -k merge" runs some'
	@echo 'make lint    ruff and mypy'
	@echo 'make bench   print how fast we start, render, merge and guard; with KUBEBUILDER_ASSETS set, deploy'
	@echo 'make laws    try the laws of the merge on 10,000 generated triples; LAWS=1000 tries fewer'
	@echo 'make fuzz    break YAML for 30 minutes and see whether the parser stands it; MINUTES=5 stops sooner'
	@echo 'make docs    write the man page and the README table again after a change of a command'
	@echo 'make clean   remove the environment and the caches'
	@echo 'PYTHON=python3.12 uses that Python, VENV=/tmp/venv another place for the environment.'

$(VENV)/runs: pyproject.toml
	@git --version >/dev/null || { echo 'error: git is missing; on Debian: apt install git' >&2; exit 1; }
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'error: $(PYTHON) is missing, older than 3.11, or has no venv' >&2; \
	  echo 'hint: on Debian: apt install python3 python3-venv; or name another: make PYTHON=python3.12' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	@# setuptools leaves the man page out of editable installs.
	@mkdir -p $(VENV)/share/man/man1 && ln -sf '$(CURDIR)/docs/git-wild.1' $(VENV)/share/man/man1/
	@# pip compiles what it installs, but not this; where Python may write no bytecode, each start would compile anew.
	@$(COMPILE)
	@touch $@

$(VENV)/installed: $(VENV)/runs
	$(PIP) --editable '.[dev]'
	@touch $@

demo: $(VENV)/runs
	@PATH="$(abspath $(BIN)):$$PATH" bash docs/demo.sh

test: $(VENV)/installed lint
ifdef TESTS
	$(BIN)/python -m pytest -n auto $(TESTS)
else
	$(BIN)/python -m pytest -n auto -m 'not cluster'
	$(BIN)/python -m pytest -n 2 --dist loadfile -m cluster
endif

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

BENCHMARKS := startup template merge_scaling guard update $(if $(KUBEBUILDER_ASSETS),deploy drift)
bench: $(VENV)/installed
	@$(COMPILE)
	@missed=; for name in $(BENCHMARKS); do \
	  echo "== $$name"; $(BIN)/python benchmarks/$$name.py || missed="$$missed $$name"; \
	done; [ -z "$$missed" ] || { echo "goals missed:$$missed" >&2; exit 1; }

laws: $(VENV)/installed
	WILD_LAWS_EXAMPLES=$(or $(LAWS),10000) $(BIN)/python -m pytest tests/core/test_merge_laws.py

fuzz: $(VENV)/installed
	$(BIN)/python -m tests.fuzz.fuzz_yaml_tree --minutes $(or $(MINUTES),30)

docs: $(VENV)/runs
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build *.egg-info
