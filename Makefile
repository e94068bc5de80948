# Either of `make demo` and `make test` may be the first command on a fresh machine.
# An active virtual environment is used; without one, .venv is made here.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3.11
VENV := $(if $(VIRTUAL_ENV),$(VIRTUAL_ENV),.venv)
BIN := $(VENV)/bin
READY := $(VENV)/.synclab-ready
unexport PYTHONDONTWRITEBYTECODE # else each process of the tests compiles the package anew

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(READY) ## Virtual environment with everything that demo and test need

$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

demo: $(READY) ## A whole sphere by StochSync, 10 to 20 seconds
	$(BIN)/python -m synclab.run experiment=sphere
	$(BIN)/python -m synclab.report results/sphere/panorama

view: $(READY) ## Opens the newest results in a browser
	$(BIN)/python -m synclab.view

test: $(READY) ## Lint, types and tests, at the same time
	$(MAKE) --no-print-directory --jobs=6 lint types slurm processes commands parts

PYTEST := MAKEFLAGS= OMP_NUM_THREADS=1 $(BIN)/python -m pytest
commands: $(READY) # each of these takes about half of the time and runs on a core of its own
	$(PYTEST) tests/commands

parts: $(READY)
	$(PYTEST) tests --ignore tests/commands --ignore tests/processes

slurm: $(READY) # queues real commands, and mostly waits for them
	$(PYTEST) tests/processes/test_slurm.py

processes: $(READY) # start, kill and install real commands
	$(PYTEST) tests/processes --ignore tests/processes/test_slurm.py

lint: $(READY) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## pyright
	$(BIN)/pyright --pythonpath $(BIN)/python

PROFILE ?= all
tables: tables-$(or $(PROFILE),all) ## The papers' tables with our scores; PROFILE=embedded those on record, PROFILE=demo 1 and 2 from nothing

tables-all: $(READY)
	$(BIN)/python -m synclab.tables

tables-demo: $(READY)
	$(BIN)/python -m synclab.run experiment=reference prompts=demo_tables
	$(BIN)/python -m synclab.run experiment=demo_quick
	$(BIN)/python -m synclab.run experiment=demo_stochsync
	$(BIN)/python -m synclab.run experiment=demo_inversion
	$(BIN)/python -m synclab.evaluate results/demo/panorama
	$(BIN)/python -m synclab.tables results/demo tables=table1,table2

tables-embedded: $(READY)
	$(BIN)/python -m synclab.tables results/embedded/tiny $(BENCHMARKED)

tables-%:
	$(error PROFILE=$*: no such profile; expected one of all, demo, embedded)

BENCHMARK ?= results/benchmark
BENCHMARKED := tables=table1,table2,table3,table4,table5
PRIOR ?= tiny
MADE := results=$(BENCHMARK) prior=$(PRIOR) $(KEYS)
SCORED := $(BENCHMARK)/$(PRIOR)/panorama $(BENCHMARK)/$(PRIOR)/mesh
benchmark: $(READY) ## Samples of the embedded benchmark, 11 to 22 core-hours, or goes on; KEYS=shard=1/4 is a part
	$(BIN)/python -m synclab.run experiment=reference prompts=world,materials $(MADE)
	$(BIN)/python -m synclab.run experiment=embedded_benchmark $(MADE)
	$(BIN)/python -m synclab.run experiment=embedded_textures $(MADE)

record: $(READY) ## Scores, contact sheets and tables of the finished benchmark
	$(BIN)/python -m synclab.verify $(SCORED)
	$(BIN)/python -m synclab.evaluate $(BENCHMARK)/$(PRIOR)/panorama
	$(BIN)/python -m synclab.evaluate $(BENCHMARK)/$(PRIOR)/mesh eval=embedded_mesh
	$(BIN)/python -m synclab.report $(SCORED) --sheets
	$(BIN)/python -m synclab.tables $(BENCHMARK)/$(PRIOR) $(BENCHMARKED)

bench: $(READY) ## Where the time of a run goes
	$(BIN)/python scripts/bench.py

clean: ## Removes results and caches, keeps the virtual environment
	rm -rf results/tiny results/sphere results/exact results/demo results/reference .pytest_cache .ruff_cache

.PHONY: help install demo view test commands parts processes slurm lint types tables tables-all tables-demo tables-embedded benchmark record bench clean
