# What people and CI run. `make setup` first; VENV=path takes another environment.
VENV = .venv
PYTHON = $(VENV)/bin/python

.PHONY: setup test lint bench record licences lowest

setup:
	python3 -m venv $(VENV) && $(VENV)/bin/pip install -q -r requirements.txt

test:
	SYNTHDATA_REPLAY=tests/recordings/docker_commands.jsonl $(PYTHON) -m pytest -n auto --dist loadfile --nbval tests create_dataset.ipynb

lint:
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench:
	$(PYTHON) -m tests.benchmarks.client_speed
	$(PYTHON) -m tests.benchmarks.verify_speed
	$(PYTHON) -m tests.benchmarks.dedup_speed
	$(PYTHON) -m tests.benchmarks.explorer_speed

# Asks the embedded model for what the recording lacks (answers are kept in .synthdata), then saves the outputs of a replay.
record:
	$(PYTHON) -m tests.record

licences:
	$(PYTHON) -m tests.licences

# The tests with the lowest versions that requirements.txt allows, in an environment of their own: after a range has changed.
lowest:
	python3 -m venv .venv-lowest && .venv-lowest/bin/pip install -q uv
	.venv-lowest/bin/uv pip install -q -p .venv-lowest/bin/python --resolution lowest-direct -r requirements.txt
	.venv-lowest/bin/python -m pytest -n auto --dist loadfile tests
