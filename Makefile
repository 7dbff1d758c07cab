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
.PHONY: help book test serve notebooks colab lint oldest colab-check benchmark release wheel repository clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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
	$(BIN)/python tools/claims.py --check
	$(BIN)/python tools/colab.py --check

# Two environments of other versions: each takes minutes to install and gigabytes of disk. Old
# packages warn of newer ones that they are used with; those warnings are no failures.
TOLERANT := -W default
oldest: ## run library tests and notebooks with the oldest versions promised (PYTHON=python3.11)
	$(PYTHON) -m venv _build/oldest
	(sed -n 's/^    "\(.*\)>=\(.*\)",$$/\1==\2/p' pyproject.toml; sed '1,/^# the book/d' requirements.txt) \
		| _build/oldest/bin/pip install --quiet --requirement /dev/stdin
	_build/oldest/bin/pip install --quiet --no-deps --editable .
	PYTEST_ADDOPTS="$(TOLERANT)" _build/oldest/bin/python tools/run_tests.py library
	_build/oldest/bin/python -m pytest -q $(TOLERANT) --nbval-lax -n2 --dist=loadscope $(NOTEBOOKS)

colab-check: ## run explorers and one chapter with the versions that Colab has (PYTHON=python3.12)
	$(PYTHON) -m venv _build/colab
	(cat tests/colab.txt; echo nbclient; sed '1,/^# tests/d' requirements.txt) \
		| _build/colab/bin/pip install --quiet --requirement /dev/stdin
	_build/colab/bin/pip install --quiet --editable .
	_build/colab/bin/python -m pytest -q $(TOLERANT) tests/test_colab.py tests/widgets
	_build/colab/bin/python -m pytest -q $(TOLERANT) --nbval-lax chapters/05_receptive_field.ipynb

benchmark: $(READY) ## measure speed against the reference implementations
	@for script in tests/benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

release: $(READY) ## let notebooks and links name the release in pyproject.toml (REF=main: go back)
	$(BIN)/python tools/release.py $(REF)
	$(BIN)/python tools/exercises.py
	$(MAKE) -o $(READY) colab

wheel: $(READY) ## build the wheel into dist/
	$(BIN)/python -m build --wheel --outdir dist .

repository: $(READY) ## set the public URL everywhere: make repository URL=https://github.com/OWNER/NAME
	$(BIN)/python tools/repository.py $(URL)

clean: ## remove the environment and everything built
	rm -rf $(VENV) _build dist build .ruff_cache .hypothesis
