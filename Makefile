PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test quick lint format bench clean

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

PHOTOS ?= ../shared/data/photos_hires

bench: .venv-bench/.made  ## measure against the alternatives, on a machine that does nothing else; PHOTOS names a folder of large photos
	$(BIN)/python -m benchmarks --write --photos "$(PHOTOS)"

clean:
	rm -rf .venv .venv-bench

# One resolution for all packages: torchvision must never bring another torch along.
.venv/.run: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/.dev: requirements.txt requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch .venv/.run $@

# The alternatives lie on top of the project's packages and never among them: some pin older ones.
.venv-bench/.made: benchmarks/requirements.txt .venv/.dev
	test -x .venv-bench/bin/python || $(BIN)/python -m venv .venv-bench
	path() { "$$1" -c "import sysconfig; print(sysconfig.get_path('purelib'))"; }; \
		path $(BIN)/python > "$$(path .venv-bench/bin/python)/studio.pth"
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	touch $@
