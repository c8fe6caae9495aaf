# Every command sets up what it needs: a .venv from uv.lock, servers where tests use them.
PYTHON ?= python3
DB ?= sqlite
RUN := .venv/bin/python
SETUP := $(PYTHON) scripts/setup.py

.DEFAULT_GOAL := help
.PHONY: help demo serve test check bench oracle docs clean

help:  ## Say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo:  ## A tour of four databases in the terminal (DB=servers: PostgreSQL and MariaDB)
	@$(SETUP) demo $(if $(filter servers,$(DB)),test)
	@$(if $(filter servers,$(DB)),sh scripts/install-mariadb.sh)
	@$(RUN) -m example.demo --db $(DB)

serve:  ## The example shop with its admin, on http://127.0.0.1:8000
	@$(SETUP) demo $(if $(filter servers,$(DB)),test)
	@$(RUN) -m example.serve --db $(DB)

test:  ## All tests, on SQLite, PostgreSQL and MariaDB (T="-k b3" to choose)
	@$(SETUP) test browser
	@sh scripts/install-mariadb.sh
	@sh scripts/install-chromium.sh || echo "Without it, the back office is not tested in a browser." >&2
	@$(RUN) -m pytest $(T)

check:  ## Style, types, import order: what every commit keeps green
	@$(SETUP) test check
	@$(RUN) -m ruff check
	@$(RUN) -m ruff format --check
	@.venv/bin/lint-imports
	@$(RUN) -m mypy
	@$(RUN) -m pytest -q tests/architecture

bench:  ## Routing and queries over two databases beside their peers, as ratios
	@$(SETUP) test bench
	@$(RUN) -m bench

oracle:  ## Django's own suites: stock, ours, scattered (O="installed --db sqlite")
	@$(SETUP) test
	@$(RUN) -m oracle $(or $(O),everyday)

docs:  ## The documentation, as HTML in docs/_build/html
	@$(SETUP) docs
	@$(RUN) -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo docs/_build/html/index.html

clean:  ## Remove what the commands made
	rm -rf .venv .cache docs/_build example/var
