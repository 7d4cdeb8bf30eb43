# What people and CI run. `make setup` first.
PYTHON = .venv/bin/python
REPLAY = SYNTHDATA_REPLAY=tests/recordings/docker_commands.jsonl

.PHONY: setup test lint bench record licences

setup:
	python3 -m venv .venv && .venv/bin/pip install -q -r requirements.txt

test:
	$(REPLAY) $(PYTHON) -m pytest -n auto --dist loadfile --nbval tests create_dataset.ipynb

lint:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

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
