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
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet -c requirements/constraints.txt \
	  -e '.[tests]'  # setuptools warns of every editable installation
	@touch $@

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n 2

DEMO := work_dirs/demo
demo: $(INSTALLED)
	@echo 'Two scenes of 60 frames; detections with jitter, misses and false alarms.'
	@set -e; for method in bytetrack sort; do echo; echo "== $$method"; \
	  $(BIN)/python tools/track_detections.py configs/$$method/$${method}_detections_scenes.py \
	    tests/data/scenes $(DEMO)/$$method; \
	  $(BIN)/python tools/evaluate_mot.py $(DEMO)/$$method tests/data/scenes \
	    --json $(DEMO)/$$method/metrics.json; \
	done

clean:
	rm -rf $(VENV) work_dirs/* build *.egg-info .mypy_cache .pytest_cache .ruff_cache
