# Every target makes what it needs: a virtual environment in .venv, the CDK CLI in node_modules.

PYTHON ?= python3
PYTEST_ARGUMENTS ?=
# Those that `make test-languages` tests; each fetches some hundred megabytes of packages.
LANGUAGES ?= typescript,java,go
MEASUREMENTS ?=

# Each process gets one half of the tests, in their order, so that what a file shares is made once;
# the first that is through takes some of the other's.
IN_PARALLEL := -n auto --dist worksteal

BIN := .venv/bin
VENV := .make/venv
NODE_MODULES := .make/node_modules

# The oldest Python that is admitted, where there is one; pyenv keeps several beside each other.
OLDEST_PYTHON ?= $(firstword $(foreach candidate,\
  python3.10 $(wildcard $(HOME)/.pyenv/versions/3.10.*/bin/python3.10) $(PYTHON),\
  $(shell $(candidate) -c '' 2>/dev/null && echo $(candidate))))
OLDEST_BIN := .venv-oldest/bin
OLDEST_VENV := .make/venv-oldest
# The newest cfn-lint for Python 3.10 knows fewer resource types than the one that is pinned, and what
# cdk init writes wants the newest aws-cdk-lib.
OLDEST_ARGUMENTS := --hypothesis-profile=quick \
  --ignore tests/report/browser.py --ignore tests/report/test_page_in_browser.py \
  --deselect tests/synth/test_every_type.py::test_the_templates_pass_cfn_lint \
  --deselect tests/rules/test_fixed_name.py::test_schemas_say_that_the_image_and_the_name_are_replaced \
  --ignore tests/test_tour.py \
  --deselect tests/examples/test_examples.py::test_the_example_in_typescript_is_pinned

DOCS_BIN := .venv-docs/bin
DOCS_VENV := .make/venv-docs

# jsii warns at length about versions of Node.js past their end of life; they work.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 18,20
export JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION := 1
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1
# The AWS SDK in the CDK CLI does, too.
export AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# What another environment has set must not leak into this one. (Without bytecode files, each of the
# programs that tests start compiles this project again.)
unexport PYTHONPATH VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

.PHONY: help synth synth-locked test test-oldest test-languages lint format docs dist \
  bench environments clean

help:
	@echo 'make synth         pin the example app with a real cdk synth, on registries and AWS in the process'
	@echo 'make synth-locked  the same from the lock file that make synth keeps, without network'
	@echo 'make test          run all tests'
	@echo 'make test-oldest   run all tests with the oldest packages that pyproject.toml admits'
	@echo 'make test-languages  run the apps in TypeScript, Java and Go (needs npm, Maven, Go; or LANGUAGES=java)'
	@echo 'make lint          check style and types'
	@echo 'make docs          build the documentation into docs/_build/html, warnings are errors'
	@echo 'make dist          build the sdist and the wheel, and check what the package index will see'
	@echo 'make bench         measure what it costs, into benchmarks/RESULTS.md'
	@echo 'make clean         remove everything that was made'

synth: $(VENV) $(NODE_MODULES)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tools.synth_example

synth-locked: $(VENV) $(NODE_MODULES)
	@PATH="$(CURDIR)/$(BIN):$$PATH" PINNED_IMAGES_UPDATE=never npx cdk synth --quiet '**'
	@$(BIN)/pinned-images report

test: $(VENV) $(NODE_MODULES)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest $(IN_PARALLEL) $(PYTEST_ARGUMENTS)

test-oldest: $(OLDEST_VENV) $(NODE_MODULES)
	@$(OLDEST_BIN)/python --version
	@PATH="$(CURDIR)/$(OLDEST_BIN):$$PATH" $(OLDEST_BIN)/python -m pytest $(IN_PARALLEL) $(OLDEST_ARGUMENTS) $(PYTEST_ARGUMENTS)

test-languages: $(VENV) $(NODE_MODULES)
	@PATH="$(CURDIR)/$(BIN):$$PATH" PINNED_IMAGES_TEST_LANGUAGES=$(LANGUAGES) \
	  $(BIN)/python -m pytest tests/any_language $(PYTEST_ARGUMENTS)

lint: $(VENV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

environments: $(VENV) $(OLDEST_VENV) $(NODE_MODULES)

format: $(VENV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(DOCS_VENV)
	@$(DOCS_BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --fresh-env docs docs/_build/html
	@echo 'The documentation is in docs/_build/html/index.html'

dist: $(VENV) $(DOCS_VENV)
	@rm -rf dist
	@$(BIN)/python -m build --no-isolation --outdir dist .
	@$(DOCS_BIN)/twine check --strict dist/*

bench: $(VENV) $(NODE_MODULES)
	@benchmarks/install_peers.sh
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks $(MEASUREMENTS)

clean:
	rm -rf .venv .venv-oldest .venv-docs docs/_build .make node_modules cdk.out dist build .pytest_cache .mypy_cache .ruff_cache

define check_python
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo 'Python is missing: install Python 3.11 or newer (with venv), or set PYTHON.' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is too old: install Python 3.11 or newer, or set PYTHON." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'The venv module of Python is missing: install python3-venv.' >&2; exit 1; }
endef

$(VENV): requirements.txt pyproject.toml
	$(check_python)
	@echo 'Installing Python packages into .venv ...'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@mkdir -p $(@D) && touch $@

$(OLDEST_VENV): requirements-oldest.txt pyproject.toml
	@echo 'Installing the oldest Python packages into .venv-oldest ...'
	@$(OLDEST_PYTHON) -m venv --clear .venv-oldest
	@$(OLDEST_BIN)/pip install --quiet -r requirements-oldest.txt
	@$(OLDEST_BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@mkdir -p $(@D) && touch $@

$(DOCS_VENV): docs/requirements.txt
	$(check_python)
	@echo 'Installing Python packages into .venv-docs ...'
	@$(PYTHON) -m venv --clear .venv-docs
	@$(DOCS_BIN)/pip install --quiet --require-hashes -r docs/requirements.txt
	@mkdir -p $(@D) && touch $@

$(NODE_MODULES): package.json package-lock.json
	@command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || { \
	  echo 'Node.js is missing: install Node.js 20 or newer, with npm.' >&2; exit 1; }
	@echo 'Installing the CDK CLI into node_modules ...'
	@npm ci --silent --ignore-scripts --no-audit --no-fund
	@mkdir -p $(@D) && touch $@
