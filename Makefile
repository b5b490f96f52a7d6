# Every target sets up what it needs (scripts/bootstrap) and is quick when nothing changed.
SHELL := bash
PY := .venv/bin/python
BOOTSTRAP := scripts/bootstrap

.DEFAULT_GOAL := help
.PHONY: help demo test build lint format stubs bench fuzz docs wheel lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Install what is missing, compile, make `accel` importable from .venv
	@$(BOOTSTRAP) build
	@scripts/build release

demo: build ## Convert a sample image made of real files to every format, check it, print sizes and times
	@$(PY) examples/demo.py

test: ## All tests: C++ (plain, ASan+UBSan, TSan), Python, real registry, fuzz corpora
	@$(BOOTSTRAP) build test
	@scripts/test

lint: ## Formatting, clang-tidy, ruff, mypy, oxlint, stubs, generated docs, layering and the other rules of the house
	@$(BOOTSTRAP) build test lint
	@scripts/lint

format: ## Rewrite C++ and Python in the house's format
	@$(BOOTSTRAP) build test lint
	@scripts/format

stubs: build ## Regenerate the type stubs of the extension module
	@$(BOOTSTRAP) build test
	@scripts/stubs

bench: ## Measure against the bare libraries and other tools; writes build/bench
	@$(BOOTSTRAP) build test bench
	@scripts/bench

fuzz: ## Fuzz every parser (FUZZ_SECONDS each, default 60)
	@$(BOOTSTRAP) build test
	@scripts/fuzz "$${FUZZ_SECONDS:-60}"

docs: build ## Regenerate docs/reference and check links and examples in all documents
	@$(BOOTSTRAP) build test
	@scripts/docs
	@$(PY) -m pytest -q tests/meta/test_docs.py

wheel: ## Build a wheel and check that it works in an empty environment
	@$(BOOTSTRAP) build test
	@scripts/wheel

lock: ## Pin the newest accepted versions of all Python packages in requirements/
	@$(BOOTSTRAP) build
	@scripts/lock

clean: ## Remove everything that was built; .venv stays
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis python/accel/*.so
	find python tests examples scripts -name __pycache__ -type d -prune -exec rm -rf {} +
