"""Expressions of other tables: random expressions, other layouts of awkward, blocks and selections of jets."""

import awkward as ak
import numpy as np
from helpers.expression_tables import assert_same_column, python_value, random_table

from part.jets.expressions.evaluation import evaluate, evaluate_flat
from part.jets.expressions.lists import Jagged, Lists


def random_expression(rng: np.random.Generator, depth: int) -> str:
    """Return a random expression of columns of constituents and of jets."""
    kind = rng.integers(9) if depth else -1
    inner = [random_expression(rng, depth - 1) for _ in range(3)] if depth else []
    match int(kind):
        case -1:
            leaves = ("x", "y", "d", "i", "k", "u", "b", "jet_pt", "jet_eta", "label", "flag", "is_signal", "x", "y")
            constants = ("1", "2", "0.5", "-1.5", "3", "np.pi", "True")
            return str(rng.choice(leaves if rng.random() < 0.8 else constants))
        case 0 | 1 | 2:
            return f"({inner[0]} {rng.choice(['+', '-', '*', '/', '//', '%', '<', '>=', '==', '!='])} {inner[1]})"
        case 3:
            return f"({inner[0]} {rng.choice(['&', '|', '^'])} {inner[1]})"
        case 4 | 5:
            name = rng.choice(["abs", "sign", "tanh", "exp", "sqrt", "log1p", "floor", "isfinite", "arcsinh", "square"])
            return f"np.{name}({inner[0]})"
        case 6:
            name = rng.choice(["maximum", "minimum", "hypot", "arctan2", "logical_or", "power"])
            return f"np.{name}({inner[0]}, {inner[1]})"
        case 7:
            # Of a condition of jets, a column of constituents and a number awkward makes a union of types.
            return f"ak.where(({inner[0]}) * x > 0, {inner[1]}, {inner[2]})"
        case _:
            return str(rng.choice([f"-({inner[0]})", f"~({inner[0]})", f"({inner[0]})**2"]))


def test_random_expressions_give_what_python_gives():
    rng = np.random.default_rng(7)
    table = random_table(5)
    compared = 0
    for _ in range(1500):
        expression = random_expression(rng, int(rng.integers(1, 4)))
        try:
            expected = ak.Array(python_value(expression, table))
        except Exception:
            continue  # no column, or types that numpy does not combine
        assert_same_column(evaluate(expression, table, "test"), expected)
        compared += 1
    assert compared > 800


class TestLayouts:
    """The same numbers behind other buffers of awkward."""

    def test_lists_out_of_order_and_with_gaps(self):
        table = random_table(3)
        order = np.random.default_rng(0).permutation(40)[:25]
        chosen = {name: column[order] for name, column in table.items()}
        for expression in ("x + jet_pt", "np.hypot(x, y)", "x[b]", "x[ak.argsort(y)]", "v * 2"):
            assert_same_column(evaluate(expression, chosen, "t"), python_value(expression, chosen))

    def test_empty_tables(self):
        empty = {name: column[:0] for name, column in random_table(3).items()}
        for expression in ("x + jet_pt", "x[b]", "np.stack([label, flag], axis=1)", "ak.num(x)", "x % (2 * np.pi)"):
            assert_same_column(evaluate(expression, empty, "t"), python_value(expression, empty))
        assert len(evaluate("_pad(x, 3)", empty, "t")) == 0

    def test_jets_without_any_constituent(self):
        table = {"x": ak.Array([[], [], []]), "j": np.ones(3)}
        assert ak.to_list(evaluate("np.log(x) + j", table, "t")) == [[], [], []]


def test_blocks_of_jets_give_what_all_jets_give():
    table = random_table(4, n_jets=90)
    counts = ak.to_numpy(ak.num(table["x"]))
    lists = Lists(counts)
    whole = {name: Jagged(ak.to_numpy(ak.flatten(table[name])), lists) for name in ("x", "y", "b")}
    for expression in ("np.log(y / jet_pt)", "x[b]", "ak.sum(x, axis=1) / jet_pt", "x[ak.argsort(y)]", "jet_pt > 300"):
        expected = evaluate(expression, table, "t")
        blocks = []
        for first in range(0, 90, 20):
            jets = slice(first, first + 20)
            shared = Lists(counts[jets])
            columns = {name: Jagged(column[jets].values, shared) for name, column in whole.items()}
            value = evaluate_flat(expression, columns | {"jet_pt": table["jet_pt"][jets]}, "t")
            blocks.append(value.values if isinstance(value, Jagged) else value)
        flat = expected if isinstance(expected, np.ndarray) else ak.to_numpy(ak.flatten(expected))
        np.testing.assert_array_equal(np.concatenate(blocks), flat)


def test_jets_of_a_flat_column_are_chosen_by_mask_and_slice():
    table = random_table(6)
    column = evaluate_flat("x * 1", table, "t")
    kept = np.random.default_rng(0).random(40) < 0.5
    for jets in (kept, slice(5, 30), slice(0, 0)):
        assert_same_column(evaluate("x", {"x": column[jets]}, "t"), table["x"][jets])
