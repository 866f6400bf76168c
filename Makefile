PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test quick lint format clean

run: .venv/.run  ## install what is needed and serve the app at http://localhost:8501
	$(BIN)/streamlit run dashboard/server.py

test: .venv/.dev lint  ## install what is needed and pass all tests
	$(BIN)/python -m pytest -n 2

quick: .venv/.dev lint  ## lint, types and the fast tests
	$(BIN)/python -m pytest -n 2 -m "not slow"

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv

# One resolution for all packages: torchvision must never bring another torch along.
.venv/.run: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/.dev: requirements.txt requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch .venv/.run $@
