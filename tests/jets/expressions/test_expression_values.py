"""Expressions give what Python, numpy and awkward give, in value, type and structure."""

import awkward as ak
import numpy as np
import pytest
from helpers.expression_tables import assert_same_column, python_value, random_table

from part.jets.expressions.evaluation import evaluate, variables

OF_CONFIGS = """
    np.log(y)
    np.log(y / jet_pt)
    np.log(jet_pt + 1e-20)
    np.hypot(x, y)
    np.hypot(d, x)
    np.tanh(x)
    np.log(y) - np.log(jet_mass)
    (x - jet_eta) * np.sign(jet_eta)
    (x - jet_phi + np.pi) % (2 * np.pi) - np.pi
    (10 * x - jet_phi + np.pi) % (2 * np.pi) - np.pi
    (jet_phi - jet_eta + np.pi) % (2*np.pi) - np.pi
    np.arcsinh(x / y) - jet_eta
    np.arctan2(x, y)
    np.sqrt(x**2 + y**2 + d**2)
    y * np.cos(x)
    y * np.sinh(x)
    1 - flag
    1 - is_signal * 1
    x > 0
    b + u > 0
    (np.abs(x) < 1.2) & (y > 1)
    (jet_pt > 520) & (np.abs(jet_eta) < 1.8)
    (label == 1) | (label == 2) | (label >= 4) & (label < 6)
    (is_signal==1) & (event_no%7!=0)
    ~((label >= 3) & (label < 5))
    label == 3
    1.*(k == 211) + 0.5*(k == 21) + 0.2*(k == 22)
    ak.ones_like(x)
    ak.zeros_like(jet_pt)
    np.zeros_like(x)
    np.ones_like(x, dtype=np.int32)
    ak.ones_like(b, dtype='float32')
    ak.full_like(x, 2.5)
    np.where((label==1) & (is_signal==1), jet_mass, jet_pt)
    np.where(b, x, y)
    ak.where(x > 0, x, 0)
    ak.where(b, 1, 0)
    ak.where(b, i, 0.)
    ak.where(b, u, 300)
    np.where(label > 2, label, 0)
    np.maximum(x, 1e-3)
    np.minimum(i, 2)
    np.multiply(x, y)
    np.logical_not(is_signal)
    np.stack([flag, is_signal, label > 2], axis=1)
    np.argmax(np.stack([jet_pt, jet_mass, jet_eta], axis=1), axis=1)
    np.sum(discs, axis=1)
    np.sum([flag, label, event_no], axis=0)
    np.max([jet_pt, jet_mass], axis=0)
    np.argmax(np.stack([jet_pt, jet_mass]), axis=0)
    np.max(np.array([jet_pt, jet_mass]), axis=0)
    np.array([0.5, 1, 2, 3, 4, 5])[label]
    np.any([label == 1, label == 2], axis=0)
    np.isin(label, [1, 3])
    discs[:, [0, 2]]
    np.maximum.reduce([jet_pt, jet_mass, jet_eta])
    ak.sum(x, axis=1)
    ak.sum(b, axis=-1)
    np.sum(y, axis=1) / jet_pt
    x / ak.sum(x, axis=1, keepdims=True)
    ak.num(x)
    ak.num(x, axis=1) > 3
    ak.count(v, axis=1)
    ak.local_index(x)
    ak.argsort(x, axis=-1, ascending=False)
    x[ak.argsort(y, axis=-1, ascending=False)]
    np.sort(x, axis=-1)
    x[y > 1]
    x[(y > 1) & b][:, :3]
    i[:, ::2]
    y[:, -2:]
    discs[:, 1]
    jet_pt[:, np.newaxis]
    ak.concatenate([x, v], axis=1)
    ak.concatenate([ak.singletons(jet_pt), x], axis=1)
    ak.singletons(jet_pt)
    ak.unflatten(np.clip(ak.to_numpy(ak.flatten(x)), 0, 1), ak.num(x))
    ak.values_astype(x, 'int32')
    ak.values_astype(b, np.float32)
    ak.fill_none(ak.firsts(x), -1)
    ak.firsts(x)
    ak.is_none(ak.firsts(v))
    ak.fill_none(ak.pad_none(x, 3, clip=True), 0)
    ak.fill_none(ak.max(x, axis=1), 0)
    ak.argmax(x, axis=1)
    x[ak.argmax(x, axis=1, keepdims=True)]
    ak.any(b, axis=1)
    ak.all(x > 0, axis=1)
    ak.mean(x, axis=1)
    ak.std(x, axis=1)
    ak.max(y, axis=1, mask_identity=False)
    ak.drop_none(ak.mask(x, b))
    np.searchsorted([0.5, 1, 2], jet_eta)
    np.searchsorted([200, 400, 600], jet_pt, side='right') - 1
    np.digitize(jet_pt, [200, 400, 600])
    np.clip(jet_eta, -1, 1)
    np.isnan(x / u)
    np.nan_to_num(x / u)
    np.log(i)
    np.exp(-y)
    np.power(y, 0.3)
    y ** 0.5
    i ** 2
    jet_pt ** -1
    i // 2
    i % 3
    -i % 3
    x // 0.7
    np.fmod(x, 0.7)
    i & 1
    i ^ k
    k << 1
    k >> 2
    u + 1
    u - 1
    b * x
    b + b
    -x
    +i
    ~b
    ~i
    abs(x)
    math.sqrt(2) * x
    math.pi * jet_eta
    np.float32(2) * d
    np.float64(1) * x
    np.float32(jet_mass)
    np.sqrt(2) * x
    2 * 3 + jet_pt
    (x)
    jet_mass
    jet_pt + x - y * 2 / d ** 2 + i
"""


@pytest.mark.parametrize("expression", [line.strip() for line in OF_CONFIGS.strip().splitlines()])
def test_an_expression_gives_what_python_gives(expression):
    for seed in range(3):
        table = random_table(seed)
        assert_same_column(evaluate(expression, table, "test"), python_value(expression, table))


def test_an_infinity_and_nan_make_what_numpy_makes():
    values = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e30, -1e-30, 2 * np.pi, -2 * np.pi], np.float32)
    pairs = np.array(np.meshgrid(values, values)).reshape(2, -1)
    table = {"a": ak.unflatten(pairs[0], [100, 21]), "c": ak.unflatten(pairs[1], [100, 21])}
    for expression in ("np.hypot(a, c)", "a % (2 * np.pi)", "np.remainder(c, 3)", "a % -1.5", "a % c", "np.sign(a)"):
        assert_same_column(evaluate(expression, table, "test"), python_value(expression, table))


def test_angles_just_outside_of_a_turn_are_wrapped_as_numpy_does():
    rng = np.random.default_rng(1)
    for dtype in (np.float32, np.float64):
        turns = np.concatenate([rng.uniform(-2 * np.pi, 4 * np.pi, 5000), [-1e-9, -2 * np.pi, 0.0, -0.0, 4 * np.pi]])
        near = np.nextafter(dtype(2 * np.pi), dtype([0, 10])).astype(dtype)
        for angles in (np.append(turns, near).astype(dtype), np.append(turns[:5000], near).astype(dtype)):
            table = {"a": angles}
            assert_same_column(evaluate("a % (2 * np.pi)", table, "test"), np.remainder(angles, 2 * np.pi))


def test_the_names_of_awkward_0_mean_those_of_today():
    table = random_table(0)
    assert_same_column(evaluate("awkward.JaggedArray.ones_like(i)", table, "test"), ak.ones_like(table["i"]))


def test_a_number_counts_for_each_jet():
    table = random_table(0)
    for expression, expected in (("1", np.full(40, 1)), ("2 * 0.5", np.full(40, 1.0)), ("1 == 1", np.full(40, True))):
        assert_same_column(evaluate(expression, table, "test"), expected)


def test_columns_that_are_read_in_order_of_first_use():
    assert variables("np.log(b_ / a) + ak.where(_clip(c, 0, len(b_)) > np.pi, a, math.pi)") == ("b_", "a", "c")
    assert variables("_p4_from_ptetaphie(pt, eta, phi, energy).px") == ("pt", "eta", "phi", "energy")
    assert variables("1 + 2") == ()
    assert variables("a.b + x[c > 0]") == ("a", "x", "c")


def test_fields_of_records_are_read():
    table = random_table(2)
    jet = ak.zip({"pt": table["jet_pt"], "eta": table["jet_eta"]})
    parts = ak.zip({"x": table["x"], "y": table["y"]})
    assert_same_column(evaluate("jet.pt * jet['eta']", {"jet": jet}, "t"), table["jet_pt"] * table["jet_eta"])
    assert_same_column(evaluate("parts.x - parts.y", {"parts": parts}, "t"), table["x"] - table["y"])


def test_missing_values_are_dropped_only_where_there_are_none():
    without = ak.Array(ak.contents.UnmaskedArray(ak.contents.NumpyArray(np.arange(3.0))))
    assert isinstance(evaluate("a + 1", {"a": without}, "t"), np.ndarray)
    lists = ak.Array([[1.0, None], [], [2.0]])
    assert ak.to_list(evaluate("a * 2", {"a": lists}, "t")) == [[2.0, None], [], [4.0]]
    assert ak.to_list(evaluate("ak.fill_none(a, 0.) + j", {"a": lists, "j": np.arange(3.0)}, "t")) == [[1, 0], [], [4]]
