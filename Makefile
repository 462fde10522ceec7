# Works with GNU Make 3.81, the one that macOS brings.

PYTHON ?= python3
PY := .venv/bin/python
NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))

# Keeps outputs, counts and cell ids; drops what only a machine knows: widget state, times, paths.
# The same words stand in .pre-commit-config.yaml, and a test compares them.
CLEAN := $(PY) -m nbstripout --keep-output --keep-count --keep-id --extra-keys "cell.metadata.papermill \
  metadata.papermill metadata.widgets metadata.vscode metadata.interpreter metadata.language_info.version"

.DEFAULT_GOAL := help
.PHONY: help environment run test lab lint clean-notebooks mini-models

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

environment: ## Install the pinned packages into .venv (the others do this first)
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) was found: install Python 3.11 from https://www.python.org/downloads/"; exit 1; }
	@$(PYTHON) tools/environment.py

run: environment ## Score the mini models on this computer and print the table
	DISTILL_TIER=mini $(PY) -m helpers.score

test: lint ## Run every test: static checks, units, notebooks, browser
	DISTILL_TIER=mini $(PY) -m pytest --nbmake --nbmake-timeout=300 tests $(NOTEBOOKS)

lab: environment ## Open JupyterLab
	$(PY) -m jupyterlab

lint: environment ## Check the style of code and notebooks
	$(PY) -m ruff check
	$(if $(NOTEBOOKS),$(CLEAN) --verify $(NOTEBOOKS))

clean-notebooks: environment ## Clean the notebooks for a commit: outputs stay, widget state, times and paths go
	$(if $(NOTEBOOKS),$(CLEAN) $(NOTEBOOKS),@echo "There are no notebooks to clean.")

mini-models: environment ## Train the mini models again (hours)
	$(PY) -m data.making.make
	$(PY) -m data.making.trial
	$(PY) tools/readme.py
