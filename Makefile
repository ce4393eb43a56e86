PYTHON ?= python3.11
VENV = .venv
WITNESS = $(VENV)/witness
BENCH = OMP_NUM_THREADS=1 PYTHONPATH=tests $(VENV)/bin/python benchmarks

.PHONY: run test lint bench

run: $(VENV)/app.done
	$(VENV)/bin/streamlit run streamlit_app.py

test: $(VENV)/test.done
	$(VENV)/bin/python tests/helpers/chromium.py
	OMP_NUM_THREADS=2 $(VENV)/bin/python -m pytest

# One script a claim, on one thread, each a ratio within its own run. Nothing else should run meanwhile.
bench: $(VENV)/bench.done
	$(BENCH)/cpu.py
	$(BENCH)/models.py --rounds 15 4 2
	$(BENCH)/growth.py --lengths 128 512 2048
	$(BENCH)/training.py --batches 3
	$(BENCH)/loader.py --passes 12
	$(BENCH)/trace.py
	$(BENCH)/start.py --starts 3
	$(BENCH)/jet_change.py --clicks 10

lint: $(VENV)/test.done
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

$(VENV)/app.done: requirements.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement requirements.txt
	$(VENV)/bin/pip install --quiet --no-deps --editable .
	touch $@

# What weaver-core's loader needs.
$(VENV)/bench.done: $(VENV)/test.done
	$(VENV)/bin/pip install --quiet --no-deps --upgrade --target $(WITNESS)/extra numba==0.68.1 llvmlite==0.50.0
	touch $@

# The reference implementation, in the version of the published weights and today's, each in its own folder.
$(VENV)/test.done: $(VENV)/app.done requirements-test.txt requirements-simulate.txt
	$(VENV)/bin/pip install --quiet --requirement requirements-test.txt
	for version in 0.4.17 0.5.3; do \
		$(VENV)/bin/pip install --quiet --no-deps --upgrade --target $(WITNESS)/$$version weaver-core==$$version || exit 1; \
	done
	touch $@
