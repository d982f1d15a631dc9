# make test   install into .venv, then lint, types and tests
# make demo   install into .venv, then track and score two small scenes
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install lint test demo clean

help:
	@sed -n 's/^# //p' Makefile

install: $(INSTALLED)

$(INSTALLED): setup.py pyproject.toml $(wildcard requirements/*.txt)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade -c requirements/constraints.txt pip setuptools
	$(BIN)/python -m pip install --quiet -c requirements/constraints.txt -e '.[tests]'
	@touch $@

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n 2

DEMO := work_dirs/demo
demo: $(INSTALLED)
	@echo 'Two scenes with 16 and 24 walkers, detections with misses and false alarms:'
	@$(BIN)/python tools/track_detections.py configs/bytetrack/bytetrack_detections_scenes.py \
	  tests/data/scenes $(DEMO)/bytetrack
	@$(BIN)/python tools/evaluate_mot.py $(DEMO)/bytetrack tests/data/scenes --benchmark none \
	  --json $(DEMO)/bytetrack/metrics.json

clean:
	rm -rf $(VENV) work_dirs/* build *.egg-info .mypy_cache .pytest_cache .ruff_cache
