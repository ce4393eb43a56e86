"""Expressions give what weaver-core's own evaluation gives, its helpers included."""

import sys
from types import SimpleNamespace

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml
from helpers.expression_tables import assert_same_column, random_table
from helpers.references import shared, weaver_module

from part.jets.expressions.evaluation import evaluate, variables

pytestmark = pytest.mark.witness

HELPERS = """
    _clip(x, -1, 1)
    _clip(jet_eta, -1, 1)
    _clip(x / np.maximum(y, 1e-3), -50, 50)
    _hash(event_no, label)
    _hash(event_no, jet_pt, is_signal)
    _pad(x, 5)
    _pad(i, 20, value=-1)
    _pad(b, maxlen=3, dtype='int32')
    _pad(jet_pt, 2)
    _pad(discs, 3)
    _repeat_pad(x, 5)
    _repeat_pad(k, 20, dtype='int64')
    _repeat_pad(jet_pt, 4)
    _stack([jet_pt, jet_mass])
    _stack([jet_pt, jet_eta], axis=1)
    _stack([x, y], axis=1)
    _stack([x, y], axis=2)
    _stack([x, y], axis=-1)
    _concat([x, v], axis=1)
    _batch_argsort(x)
    _batch_gather(x, _batch_argsort(y))
    _batch_gather(x, ak.argsort(x, ascending=False)[:, :4])
    _p4_from_ptetaphie(y, x, d, y * 20).px
    _p4_from_pxpypze(x, d, y, y + 30).pt
    _p4_from_ptetaphim(jet_pt, jet_eta, jet_phi, jet_mass).energy
    ak.ones_like(x) * len(jet_pt)
"""


@pytest.fixture
def weaver(monkeypatch):
    """The module of weaver-core that evaluates expressions; numba is replaced if it is not there."""
    if "numba" not in sys.modules:
        stand_in = SimpleNamespace(njit=lambda **_: lambda function: function)
        monkeypatch.setitem(sys.modules, "numba", stand_in)
    return weaver_module("0.5.3", "weaver.utils.data.eval_utils")


def as_numbers(column) -> tuple[list, np.ndarray]:
    """Return the lengths and the values of a column, whether its lists are regular or not."""
    column = ak.Array(column)
    lengths = [ak.to_list(ak.num(column, axis=axis)) for axis in range(1, column.ndim)]
    return lengths, np.asarray(ak.flatten(column, axis=None))


@pytest.mark.parametrize("expression", [line.strip() for line in HELPERS.strip().splitlines()])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_helpers_are_those_of_weaver(expression, weaver):
    if "_p4_" in expression:
        pytest.importorskip("vector", reason="the package vector, which comes with fastjet, is not installed")
    for seed in range(3):
        table = random_table(seed)
        expected = weaver._eval_expr(expression, ak.Array(table))
        lengths, values = as_numbers(evaluate(expression, table, "t"))
        weaver_lengths, weaver_values = as_numbers(expected)
        assert lengths == weaver_lengths
        assert values.dtype == weaver_values.dtype
        np.testing.assert_allclose(values, weaver_values, rtol=1e-6)


@pytest.mark.parametrize("case", ["flavour", "two_streams", "lepton_collider", "edge_conv_streams", "many_classes"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_all_new_variables_of_a_training_are_those_of_weaver(case, weaver):
    pytest.importorskip("vector", reason="the package vector, which comes with fastjet, is not installed")
    config = yaml.safe_load(shared(f"cases/weaver/{case}/data.yaml").read_text())
    jets = shared(f"cases/weaver/{case}")
    if (jets / "jets.root").exists():
        with uproot.open(jets / "jets.root") as file:
            tree = file[config.get("treename") or "tree"]
            branches = dict(zip(tree.keys(), tree.arrays(how=tuple), strict=True))
    else:
        table = ak.from_parquet(jets / "jets.parquet")
        branches = {name: table[name] for name in table.fields}
    expected, ours = ak.zip(branches, depth_limit=1), dict(branches)
    definitions = dict(config["new_variables"])
    for key in ("selection", "test_time_selection"):
        if config.get(key):
            definitions[key] = config[key]
    for name, expression in definitions.items():
        expected[name] = weaver._eval_expr(expression, expected)
        ours[name] = evaluate(expression, ours, name)
        assert set(variables(expression)) == set(weaver._get_data_var_names(expression))
        if name.endswith("_p4"):
            continue  # four-momenta are compared by what is computed from them
        if "_p4." in expression:
            assert ak.almost_equal(ours[name], expected[name], rtol=1e-6)
        else:
            assert_same_column(ours[name], expected[name])
