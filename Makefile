# `make help` lists the targets. `make book` and `make test` each set up everything they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
HTML := _build/html
SOURCES := $(wildcard *.md index.ipynb _config.yml _toc.yml references.bib) $(shell find chapters exercises \
	solutions assets tools cnncourse/exercises cnncourse/grading -type f -not -path '*/.*' -not -path '*/__pycache__/*')
NOTEBOOKS ?= index.ipynb $(wildcard chapters/*.ipynb solutions/*.ipynb)
CODE_OF_NOTEBOOKS := --line-length 88 index.ipynb chapters solutions  # narrower, so that a page shows whole lines

.DEFAULT_GOAL := help
.PHONY: help book test serve notebooks colab lint benchmark wheel repository clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit(f"The course needs Python 3.11 or newer, got {v[0]}.{v[1]}: try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(HTML)/index.html: $(READY) $(SOURCES)
	$(BIN)/jupyter-book build . --all --path-output . -W -n --keep-going --quiet
	@touch $@

book: $(HTML)/index.html ## build the HTML book
	@echo "The book is built. Open file://$(abspath $(HTML)/index.html)"

test: $(READY) $(HTML)/index.html ## run unit tests, browser tests and every notebook
	$(BIN)/python tools/run_tests.py

serve: book ## build the book and serve it at http://localhost:8000
	$(BIN)/python -m http.server --directory $(HTML) --bind localhost 8000

notebooks: $(READY) ## derive the exercises, re-execute the notebooks in place, renew colab/
	$(BIN)/ruff format $(CODE_OF_NOTEBOOKS)
	$(BIN)/python tools/exercises.py
	$(BIN)/python tools/notebooks.py $(NOTEBOOKS)
	$(MAKE) -o $(READY) colab

colab: book ## write colab/, the notebooks without book markup
	$(BIN)/python tools/colab.py

lint: $(READY) ## check style, formatting and stored notebooks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/ruff check --select E,F,I,UP --per-file-ignores 'solutions/*:F401' $(CODE_OF_NOTEBOOKS)
	$(BIN)/ruff format --check $(CODE_OF_NOTEBOOKS)
	$(BIN)/python tools/exercises.py --check
	$(BIN)/python tools/colab.py --check

benchmark: $(READY) ## measure speed against the reference implementations
	@for script in tests/benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

wheel: $(READY) ## build the wheel into dist/
	$(BIN)/python -m build --wheel --outdir dist .

repository: $(READY) ## set the public URL everywhere: make repository URL=https://github.com/OWNER/NAME
	$(BIN)/python tools/repository.py $(URL)

clean: ## remove the environment and everything built
	rm -rf $(VENV) _build dist build .ruff_cache .hypothesis
