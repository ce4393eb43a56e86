"""Expressions that would take all time or memory are refused at once; long harmless ones are evaluated."""

import json
import subprocess
import sys
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from helpers.expression_tables import random_table

from part.errors import PartError
from part.jets.expressions import tables
from part.jets.expressions.evaluation import evaluate, parse

WHERE = "data.yaml: new variable stolen"
BOMBS = {
    "9**9**9": "a power of at least",
    "9**9**9**9**9": "a power of at least",
    "2**64": "a power of at least",
    "(-3)**99": "a power of at least",
    "10**18 * 10**18": "an integer of 120 bits",
    "9" * 400: "an integer of",
    "9" * 10_000: "no expression",
    "10.0**400": "out of range",
    "1 << 10**9": "a shift by",
    "1 << -1": "a shift by",
    "math.exp(10**5)": "range error",
    "math.floor(1e300)": "an integer of",
    "1 / 0": "division by zero",
    "(-2)**0.5": "the root of a negative number",
    "(" * 100_000 + "x" + ")" * 100_000: "200001 characters",
    "(" * 9_000 + "x" + ")" * 9_000: "no expression",
    "-" * 19_000 + "x": "nested",
    "~" * 5_000 + "x": "nested",
    "not " * 4_000 + "x": "nested",
    "x" + "[x" * 6_000 + "]" * 6_000: "no expression",
    "x" + ".x" * 9_000: "nested",
    "abs(" * 150 + "x" + ")" * 150: "nested more than",
    "2**" * 6_000 + "2": "nested",
    "lambda:" * 2_000 + "1": "nested",
    "x if x else " * 1_500 + "x": "nested",
    "[" * 150 + "]" * 150: "nested more than",
    "x," * 9_000: "more than 10000",
    "x + " * 4_900 + "x": "more",
    "x " * 500_000: "999999 characters",
    "'" + "a" * 10_000_000 + "'": "10000002 characters",
    "[0] * 10**9": "a list where",
    "np.zeros(10**12)": "a result of 1e+12 numbers",
    "np.ones((10**6, 10**6))": "a result of 1e+12 numbers",
    "np.full(10**10, 1.0)": "a result of 1e+10 numbers",
    "np.zeros(-1)": "negative dimensions",
    "_pad(x, 10**9)": "numbers; expected at most",
    "_repeat_pad(x, 10**9)": "numbers; expected at most",
    "_repeat_pad(x, 1000000)": "numbers; expected at most",
    "_pad(x, -1)": "expected a positive number",
    "ak.pad_none(x, 10**9)": "numbers; expected at most",
    "np.tile(x, 10**6)": "np.tile",
    "np.repeat(x, 10**6)": "np.repeat",
    "np.arange(10**10)": "np.arange",
    "np.linspace(0, 1, 10**10)": "np.linspace",
    "np.kron(x, x)": "np.kron",
    "np.stack([" + "big," * 900 + "], axis=1)": "numbers; expected at most",
    "ak.concatenate([" + "big," * 900 + "], axis=0)": "numbers; expected at most",
    "_stack([" + "big," * 900 + "], axis=1)": "numbers; expected at most",
    "np.maximum.reduce([" + "big," * 900 + "])": "numbers; expected at most",
    "big[:, None] * big": "expected equal shapes",
    "big[:, None] == big[None, :]": "chooses jets",
    "_stack([big]) * big": "expected equal shapes",
}

RUN_ALL = """
import json, sys, time
import numpy as np
sys.path.insert(0, {tests!r})
from helpers.expression_tables import random_table
from part.errors import PartError
from part.jets.expressions import tables
from part.jets.expressions.evaluation import evaluate

table = random_table(0) | {{"big": np.ones(40_000), "x": random_table(0, 40_000)["x"]}}
for expression, reason in json.load(sys.stdin).items():
    started = time.perf_counter()
    try:
        said = "evaluated"
        evaluate(expression, {{"big": table["big"], "x": table["x"]}}, "variable")
    except PartError as error:
        said = str(error)
    seconds = time.perf_counter() - started
    print(json.dumps([expression[:40], reason, said, seconds]), flush=True)
"""


def test_no_resource_bomb_goes_off():
    # In a process of its own, with an end: a bomb that goes off must not take the tests with it.
    tests = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL.format(tests=tests)],
        input=json.dumps(BOMBS),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(BOMBS)
    for expression, reason, said, seconds in results:
        assert said.startswith("variable: "), (expression, said)
        assert reason in said, (expression, said)
        assert len(said) < 500, expression
        assert seconds < 20, expression


def test_bounds_that_need_no_table_are_checked_when_a_config_is_loaded():
    for expression in ("9**9**9", "np.zeros(10**12)", "-" * 19_000 + "x", "1 << 10**9", "x" * 30_000):
        with pytest.raises(PartError):
            parse(expression, WHERE)


def test_a_long_chain_and_a_long_list_are_no_bombs():
    table = random_table(1)
    any_of = " | ".join(f"(label == {i})" for i in range(300))
    assert evaluate(any_of, table, WHERE).all()
    labels = {f"label_{i}": table["label"] == i for i in range(314)}
    stacked = f"np.argmax(np.stack([{', '.join(labels)}], axis=1), axis=1)"
    np.testing.assert_array_equal(evaluate(stacked, labels, WHERE), table["label"])


def test_any_function_of_any_arguments_gives_a_column_or_a_sentence():
    rng = np.random.default_rng(3)
    arguments = """x | i | b | jet_pt | label | discs | is_signal | [x, y] | [jet_pt, label] | [1, 2] | 1 | -1 | 0.5
        None | True | 'left' | 'int32' | np.float32 | [] | ak.firsts(v) | np.array([1, 2]) | ak.num(x) | ak.flatten(x)
        x > 0 | nested | word | _p4_from_ptetaphim(jet_pt, jet_eta, jet_phi, jet_mass)"""
    arguments = arguments.replace("\n", "|").split("|")
    table = random_table(0) | {"nested": ak.Array([[[1.0], []], []] * 20), "word": ak.Array(["a", "b"] * 20)}
    evaluated = 0
    for name in tables.FUNCTIONS:
        for _ in range(25):
            given = [str(rng.choice(arguments)).strip() for _ in range(rng.integers(1, 4))]
            if rng.random() < 0.5:
                given.append(f"axis={rng.choice(['0', '1', '-1', '2', 'None'])}")
            try:
                value = evaluate(f"{name}({', '.join(given)})", table, WHERE)
            except PartError as error:
                assert str(error).startswith(f"{WHERE}: ")  # noqa: PT017
            else:
                assert len(value) == 40
                evaluated += 1
    assert evaluated > 150
