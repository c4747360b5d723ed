# make quickstart   watch a small language model learn to reason, on a CPU (SEED=3, CONTROL=1)
# make test         ruff, mypy, all tests, as many at a time as there are cores, at most four (ARGS="-k judge" is passed to pytest)
# make install      the environment with all extras, without running anything
#
# Each does its own set-up, once, in .venv beside this file; the machine needs Python >= 3.11 and the network,
# and nothing is installed into the system's Python. What may be set:
#
#   PYTHON=/path/to/python    the interpreter that makes .venv (by default the first that is new enough)
#   TORCH_INDEX=URL           where torch comes from. The default index serves Linux a build with CUDA (gigabytes);
#                             TORCH_INDEX=https://download.pytorch.org/whl/cpu serves the small one for CPUs
#
# The stamps .venv/.core and .venv/.full remember that a set-up was finished, for which folder, and after which
# pyproject.toml and constraints.txt. An interrupted set-up leaves no stamp and is taken up again by the next command.

SHELL := /bin/sh
.SHELLFLAGS := -ec
.DELETE_ON_ERROR:
.PHONY: quickstart install test clean FORCE

SEED ?= 0
CONTROL ?=
ARGS ?=
PYTHON ?=
TORCH_INDEX ?=

BIN := .venv/bin/python
# A file's tests stay on one worker, which shares what they load; files start in the order of tests/conftest.py.
WORKERS := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# Pinned versions also for what pip builds in isolation (newer pips read the second name).
PIP := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt PIP_USER=0 \
       PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN) -m pip
# Compiling all of 28,000 files takes a third of a set-up, and few are ever imported: Python compiles those when it first
# meets them, and what it compiled is kept.
INSTALL := $(PIP) install -q --no-compile
export PYTHONDONTWRITEBYTECODE :=
# An editable install points to the folder that it was made in; a copied or moved one must not run the old code.
MOVED := $(shell [ "$$(cat .venv/.core 2>/dev/null)" = "$$(pwd)" ] || echo FORCE)

quickstart: .venv/.core
	$(BIN) -m rlvr quickstart --seed $(SEED) $(if $(filter-out 0,$(CONTROL)),--control)

install: .venv/.full
	@echo "Ready: .venv/bin/rlvr --help"

test: .venv/.full
	$(BIN) -m ruff check .
	$(BIN) -m ruff format --check .
	$(BIN) -m mypy --num-workers 2 -p rlvr
	$(BIN) -m pytest $(WORKERS) $(ARGS)

.venv/.core: pyproject.toml constraints.txt $(MOVED)
	@rm -f .venv/.core .venv/.full
	@[ -x $(BIN) ] && $(BIN) -m pip --version >/dev/null 2>&1 && [ -z "$(PYTHON)" ] || \
		{ python=$$(sh scripts/find_python.sh $(PYTHON)) && rm -rf .venv && "$$python" -m venv .venv; }
	@echo "Installing the core into .venv (once; one to five minutes, most of it torch)"
	@# Without its dependencies, of which such an index has few versions; they follow from the default one.
	@$(if $(TORCH_INDEX),$(INSTALL) --no-deps --index-url "$(TORCH_INDEX)" "$$(grep '^torch==' constraints.txt)")
	@$(INSTALL) -e .
	@pwd > .venv/.core

.venv/.full: .venv/.core scripts/install_optional.py
	@rm -f .venv/.full
	@echo "Installing the extras into .venv (once; one to five minutes)"
	@$(INSTALL) -e '.[test,lora,instructions,lab]'
	@PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN) scripts/install_optional.py
	@pwd > .venv/.full

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
