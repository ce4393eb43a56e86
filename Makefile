PYTHON ?= python3.11
VENV = .venv
REFERENCES = $(VENV)/witness
BENCH = OMP_NUM_THREADS=1 PYTHONPATH=tests $(VENV)/bin/python benchmarks
# Two workers with one thread each are faster than one with two, and models give the same numbers.
PYTEST = OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile

.PHONY: run check test lint docs bench precomputed

run: $(VENV)/app.done
	$(VENV)/bin/streamlit run streamlit_app.py

# What to run before every commit: style, spelling, types and the fast tests.
check: lint
	$(PYTEST) -q -m "not slow and not browser and not witness"

# Everything, as the CI does.
test: $(VENV)/test.done
	$(VENV)/bin/python tests/helpers/chromium.py
	$(PYTEST)

lint: $(VENV)/test.done
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/codespell
	$(VENV)/bin/ty check

# The site, in site/; a broken link or reference fails. With --quiet warnings would not count as failures.
docs: $(VENV)/docs.done
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict

# One script for each claim, on one thread, each a ratio within its own run. Nothing else should run meanwhile.
bench: $(VENV)/bench.done
	$(BENCH)/cpu.py
	$(BENCH)/models.py --rounds 15 4 2
	$(BENCH)/growth.py --lengths 128 512 2048
	$(BENCH)/training.py --batches 3
	$(BENCH)/loader.py --passes 12
	$(BENCH)/trace.py
	$(BENCH)/studies.py
	$(BENCH)/start.py --starts 3
	$(BENCH)/jet_change.py --clicks 10
	$(BENCH)/predict.py
	$(BENCH)/workers.py

# What pages show of the shipped models before anything is run; what belongs to these weights and jets is kept.
precomputed: $(VENV)/app.done
	PYTHONPATH=. $(VENV)/bin/python benchmarks/precompute.py

$(VENV)/app.done: requirements.txt pyproject.toml
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement requirements.txt
	$(VENV)/bin/pip install --quiet --no-deps --editable .
	touch $@

# The reference implementation, in the version of the published weights and today's, each in its own folder.
$(VENV)/test.done: $(VENV)/app.done requirements-test.txt requirements-simulate.txt
	$(VENV)/bin/pip install --quiet --requirement requirements-test.txt
	for version in 0.4.17 0.5.3; do \
		$(VENV)/bin/pip install --quiet --no-deps --upgrade --target $(REFERENCES)/$$version weaver-core==$$version || exit 1; \
	done
	touch $@

$(VENV)/docs.done: $(VENV)/app.done docs/requirements.txt
	$(VENV)/bin/pip install --quiet --requirement docs/requirements.txt
	touch $@

# What weaver-core's loader needs.
$(VENV)/bench.done: $(VENV)/test.done
	$(VENV)/bin/pip install --quiet --no-deps --upgrade --target $(REFERENCES)/extra numba==0.68.1 llvmlite==0.50.0
	touch $@
