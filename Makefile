# The one entry for chores: the same for people, pre-commit and CI. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 8
STRESS ?= 0
STRESSED := $(if $(filter 1,$(STRESS)),$(BIN)/python tests/stress.py)

# Python keeps what it has compiled, whatever a container's image says: else every process compiles it all again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test killmatrix faults soak renewals mutants fuzz check format lint types layers bench serve locks clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: .venv/runs ## set everything up and run the main job on two sandboxes
	@$(BIN)/ledgerloop demo $(ARGS)

test: .venv/tests ## set everything up and pass all tests; with STRESS=1 while something else keeps every core busy
	$(STRESSED) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

killmatrix: .venv/tests ## kill the service at every point between a won deal and its last write-back, and put backups back there
	POINTS=all $(BIN)/python -m pytest -s tests/proof/test_kill_matrix.py tests/proof/test_kill_and_put_back.py $(ARGS)

faults: .venv/tests ## win 2,000 deals while a tenth of all calls fail and processes are killed
	DEALS=2000 RATE=0.1 $(BIN)/python -m pytest -s tests/proof/test_faults_invoicing.py $(ARGS)

soak: .venv/tests ## take 10,000 random steps in both systems amid trouble, and hold HubSpot against the books
	STEPS=10000 $(BIN)/python -m pytest -s tests/proof/test_faults_standing.py $(ARGS)

renewals: .venv/tests ## renew tokens a thousand times in two processes, in every secret store
	RENEWALS=1000 $(BIN)/python -m pytest -s tests/secrets/test_secrets_renewing.py -k once $(ARGS)

mutants: .venv/tests ## change the rules a little at a time and see whether a test notices; docs/proofs.md says what it needs
	$(BIN)/mutmut run --max-children 1 $(ARGS)

fuzz: .venv/tests ## send thousands of odd requests to every address, and give odd answers to every call
	EXAMPLES=3000 $(BIN)/python -m pytest -s tests/attack/test_attack_requests.py tests/attack/test_attack_answers.py tests/attack/test_attack_bytes.py $(ARGS)

check: format lint types layers test ## what must hold before a commit lands

format: .venv/tests ## is every file formatted?
	$(BIN)/ruff format --check src tests bench

lint: .venv/tests ## lint
	$(BIN)/ruff check src tests bench

types: .venv/tests ## check the types, strictly
	$(BIN)/mypy

layers: .venv/tests ## check who imports whom
	$(BIN)/lint-imports

bench: .venv/tests ## measure what it costs, beside the guide's recipe and the bound
	$(BIN)/python -m bench all $(ARGS)

serve: .venv/runs ## run the service against the sandbox (start `ledgerloop sandbox` in another terminal)
	@test -f ledgerloop.toml || $(BIN)/ledgerloop init
	$(BIN)/ledgerloop serve --sandbox $(ARGS)

locks: ## write the lock files anew; needs uv
	uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --group build --extra postgres pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --extra postgres --extra vault --extra aws --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean: ## forget the virtual environment and the caches
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Ledgerloop needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	$(PYTHON) -m venv .venv

.venv/runs: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/tests: requirements-dev.lock .venv/runs
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
