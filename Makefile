# On a fresh machine with Python 3.10 to 3.12 and make, each target works alone and first.
VENV ?= .venv
SUPPORTED = import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for p in python3.12 python3.11 python3.10 python3 python; do $$p -c '$(SUPPORTED)' 2>/dev/null && echo $$p && break; done)
BIN = $(VENV)/bin

.PHONY: demo test lint bench weights clean

demo: $(VENV)/.installed
	$(BIN)/smad demo

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict .

bench: $(VENV)/.installed-dev
	for bench in tests/bench/*.py; do $(BIN)/python $$bench || exit 1; done

# The package's weights, made anew from a table of clips (hours): make weights CORPUS=…/corpus.csv
MIXED ?= mixed
weights: $(VENV)/.installed
	$(BIN)/smad mix --corpus $(CORPUS) --activity $(dir $(CORPUS))activity.csv --exclude TONAL/MUSIC-like --hours 30 --output $(MIXED)
	$(BIN)/smad train --shards $(MIXED) --output $(MIXED)/default.ckpt --epochs 6 --device cpu
	$(BIN)/smad train --shards $(MIXED) --output $(MIXED)/live.ckpt --network live --epochs 3 --device cpu
	for name in default live; do $(BIN)/python -m crnn.publish $(MIXED)/$$name.ckpt crnn/weights/$$name.ckpt; done

clean:
	rm -rf $(VENV) demo-output build *.egg-info

$(VENV)/.installed: setup.py
	@$(if $(PYTHON),,echo 'Python 3.10, 3.11 or 3.12 with its venv module is needed (on Debian: apt install python3-venv)' >&2; exit 1)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
