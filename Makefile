# The commands of the house. `make run` and `make test` do everything on a fresh machine; the rest is for developers.
# Only relative paths here, so that a folder with a space in its name works.

PYTHON ?= python3
PORT ?= 8080
DATA ?= data/demo
ARGS ?=

.DEFAULT_GOAL := help
FAST := not slow and not soak and not bench
# A file's tests share what is dear to make. Files go in the order of tests/conftest.py, not by how many tests they hold.
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder
.PHONY: help install run check test test-python test-ui lint format bench soak fuzz dist clean env-run env-test env-lint env-dist ui
.ONESHELL:
.NOTPARALLEL:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

VENV_PYTHON := .venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUNBUFFERED := 1

help:  ## what there is
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  make \1\t\2/p' Makefile | expand -t 18

# --- set-up --------------------------------------------------------------------------------------------------------

# $(call environment,NAME,EXTRAS): .venv with what NAME needs, once for each state of the files that say what that is.
# The folder is part of that state: an environment knows where it lives, and a copied or moved one is made anew.
# Every set of extras contains the one of `run`.
define environment
	@if ! command -v "$(PYTHON)" >/dev/null; then
		echo "make: $(PYTHON) is not here. On Debian: apt-get install python3 python3-venv" >&2; exit 2
	fi
	if ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
		echo "make: $$("$(PYTHON)" --version) is too old, the desk wants Python 3.11 or newer (PYTHON=… names another)" >&2; exit 2
	fi
	here=$$(pwd -P; "$(PYTHON)" -c 'import sys; print(sys.version, sys.base_prefix)')
	wanted=$$({ echo "$$here"; cat pyproject.toml setup.cfg engine/__init__.py; } | sha256sum)
	[ "$$(cat .venv/.stamp-$(1) 2>/dev/null)" = "$$wanted" ] && exit 0
	mkdir -p .cache
	exec 9>.cache/install.lock
	flock 9
	if [ "$$(cat .venv/.here 2>/dev/null)" != "$$here" ] || ! $(VENV_PYTHON) -c 'import pip' 2>/dev/null; then
		rm -rf .venv
		if ! "$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || ! "$(PYTHON)" -m venv .venv; then
			rm -rf .venv
			echo "make: $(PYTHON) cannot make a virtual environment. On Debian: apt-get install python3-venv" >&2; exit 2
		fi
		echo "$$here" >.venv/.here
	fi
	echo "installing Python packages ($(1))"
	if ! $(VENV_PYTHON) -m pip install --quiet --editable '.[$(2)]'; then
		echo "make: pip could not install the packages; its own words stand above. It needs a package index it can reach." >&2; exit 2
	fi
	echo "$$wanted" | tee .venv/.stamp-run >.venv/.stamp-$(1)
endef

install: ui  ## .venv with the command `engine`, and the web UI built

env-run:
	$(call environment,run,ui)

env-test:
	$(call environment,test,test)

env-lint:
	$(call environment,lint,lint)

env-dist:
	$(call environment,dist,dist)

ui: env-run
	@$(VENV_PYTHON) -m web.build

# --- the two commands ----------------------------------------------------------------------------------------------

run: install  ## a demo shop on http://127.0.0.1:8080 (PORT=…)
	@exec .venv/bin/engine serve --demo --data "$(DATA)" --port "$(PORT)" $(ARGS)

# A failure of the front end does not hide what the rest says; pytest's own closing line is the last one.
test: env-test ui  ## every test: Python, front end, browser, database servers
	@PATH="$$PWD/.venv/bin:$$PATH"
	front=0; (cd web/ui && npm test --silent) || front=$$?
	$(VENV_PYTHON) -m pytest $(WORKERS) $(ARGS) || exit $$?
	if [ $$front != 0 ]; then echo "make: npm test in web/ui failed ($$front), see above pytest's report" >&2; exit $$front; fi

test-python: env-test ui  ## only pytest (ARGS=…)
	@$(VENV_PYTHON) -m pytest $(WORKERS) $(ARGS)

test-ui: env-test ui  ## only Vitest
	@PATH="$$PWD/.venv/bin:$$PATH"
	cd web/ui && npm test --silent

# --- for developers ------------------------------------------------------------------------------------------------

check: lint env-test  ## lint and the fast half of the tests: for each commit (ARGS=…)
	@$(VENV_PYTHON) -m pytest $(WORKERS) -m "$(FAST)" $(ARGS)

# Every check speaks, then the worst of them counts.
lint: env-lint ui  ## ruff, mypy, ESLint, vue-tsc
	@PATH="$$PWD/.venv/bin:$$PATH"
	failed=
	$(VENV_PYTHON) -m ruff check . || failed+=" ruff-check"
	$(VENV_PYTHON) -m ruff format --check . || failed+=" ruff-format"
	$(VENV_PYTHON) -m mypy || failed+=" mypy"
	(cd web/ui && npm run --silent lint) || failed+=" eslint"
	(cd web/ui && npm run --silent typecheck) || failed+=" vue-tsc"
	if [ -n "$$failed" ]; then echo "make: not right:$$failed" >&2; exit 1; fi

format: env-lint  ## ruff's layout and its safe corrections
	@$(VENV_PYTHON) -m ruff check --fix .
	$(VENV_PYTHON) -m ruff format .

bench: install  ## the measurements (ARGS=NAME)
	@exec .venv/bin/engine bench $(ARGS)

soak: env-test ui  ## the long tests
	@YINGDA_TEST_EXPLORE=1 $(VENV_PYTHON) -m pytest -m soak $(ARGS)

fuzz: env-test ui  ## damaged rule files for TIME seconds (600)
	@$(VENV_PYTHON) -m tests.fuzz --seconds "$(or $(TIME),600)" $(ARGS)

dist: env-dist ui  ## wheel and sdist in dist/
	@rm -rf dist build
	$(VENV_PYTHON) -m build
	ls -l dist

clean:  ## everything made here but the data
	@rm -rf .venv .cache build dist *.egg-info web/static web/ui/node_modules .mypy_cache .ruff_cache .pytest_cache
