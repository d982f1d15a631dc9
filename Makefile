# make test   install into .venv, then lint, types and tests
# make demo   install into .venv, then render SynthMOT, train a detector, track, score, draw
#
# Which torch: TORCH_SPEC='torch==2.13.0' names the version, TORCH_INDEX=URL the index of another
# build (PyTorch has one for the CPU and one for each version of CUDA); without TORCH_INDEX, pip
# takes the default build, which on Linux is that for CUDA.
PYTHON ?= python3
VENV ?= .venv
TORCH_SPEC ?= torch==2.13.0
TORCH_INDEX ?=
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip install -c requirements/constraints.txt

.PHONY: help install lint test demo clean

help:
	@sed -n 's/^# \{0,1\}//p' Makefile

install: $(INSTALLED)

# Its text is the time that installing took, in seconds.
$(INSTALLED): setup.py pyproject.toml $(wildcard requirements/*.txt)
	@echo '== Installing into $(VENV)'
	$(PYTHON) -m venv $(VENV)
	@date +%s > $(VENV)/.start
	$(PIP) --quiet --upgrade pip
	$(PIP) 'setuptools>=77.0.3,<82' '$(TORCH_SPEC)' $(if $(TORCH_INDEX),--index-url '$(TORCH_INDEX)')
	$(PIP) -e '.[tests]'
	@echo $$(( $$(date +%s) - $$(cat $(VENV)/.start) )) > $@

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n 2

demo: $(INSTALLED)
	$(BIN)/python tools/demo.py --install-seconds $$(cat $(INSTALLED))

clean:
	rm -rf $(VENV) work_dirs/* build *.egg-info .mypy_cache .pytest_cache .ruff_cache
