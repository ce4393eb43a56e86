PYTHON ?= python3.11
VENV = .venv
WITNESS = $(VENV)/witness

.PHONY: run test lint

run: $(VENV)/app.done
	$(VENV)/bin/streamlit run streamlit_app.py

test: $(VENV)/test.done
	$(VENV)/bin/python tests/chromium.py
	OMP_NUM_THREADS=2 $(VENV)/bin/python -m pytest

lint: $(VENV)/test.done
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

$(VENV)/app.done: requirements.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement requirements.txt
	touch $@

# The reference implementation, in the version of the published weights and today's, each in its own folder.
$(VENV)/test.done: $(VENV)/app.done requirements-test.txt requirements-simulate.txt
	$(VENV)/bin/pip install --quiet --requirement requirements-test.txt
	for version in 0.4.17 0.5.3; do \
		$(VENV)/bin/pip install --quiet --no-deps --upgrade --target $(WITNESS)/$$version weaver-core==$$version || exit 1; \
	done
	touch $@
