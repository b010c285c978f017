# Everything runs in .venv, which is made and filled the first time.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Containers tend to set it; then each worker of the tests would compile all of them anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo run test soak check bench format clean

help:  ## Show this list.
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST)

demo: $(STAMP)  ## Try everything in the browser: no token, no account.
	@$(BIN)/chatpay demo

run: $(STAMP)  ## Run the bot on Telegram, as set in .env.
	@$(BIN)/chatpay run

test: $(STAMP)  ## Run all tests.
	$(BIN)/python -m pytest -n 4 --dist worksteal

soak: $(STAMP)  ## Run the long tests, for an hour: kills, big books, memory.
	SOAK=1 $(BIN)/python -m pytest -q -s tests/faults/test_kill.py tests/faults/test_workers.py \
		tests/faults/test_memory.py tests/ledger/test_export_memory.py tests/ledger/test_move.py \
		tests/ledger/test_rotation_under_load.py

check: $(STAMP)  ## Check format, lint, types and architecture.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit/test_architecture.py

bench: $(STAMP)  ## Measure, and print ratios.
	$(BIN)/python -m benchmarks

format: $(STAMP)  ## Format the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Remove what was made.
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Chatpay needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
