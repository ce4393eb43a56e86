"""Four-momenta have the numbers of the package `vector`, with which weaver makes them."""

import awkward as ak
import numpy as np
import pytest
from helpers.expression_tables import python_value, random_table

from part.errors import PartError
from part.jets.expressions.evaluation import evaluate
from part.jets.expressions.vectors import PROPERTIES

vector = pytest.importorskip("vector", reason="the package vector, which comes with fastjet, is not installed")
pytestmark = pytest.mark.witness


def zip_as(*names: str):
    def vectors(*columns: ak.Array) -> ak.Array:
        return vector.zip(dict(zip(names, columns, strict=True)))

    return vectors


REFERENCES = {
    "_p4_from_pxpypze": zip_as("px", "py", "pz", "energy"),
    "_p4_from_ptetaphie": zip_as("pt", "eta", "phi", "energy"),
    "_p4_from_ptetaphim": zip_as("pt", "eta", "phi", "mass"),
}
CONSTITUENTS = {
    "_p4_from_pxpypze": "_p4_from_pxpypze(x, d, i, y + 30)",
    "_p4_from_ptetaphie": "_p4_from_ptetaphie(y, x / 3, d, y * 20)",
    "_p4_from_ptetaphim": "_p4_from_ptetaphim(y, x / 3, d, np.abs(x))",
}
JETS = {
    "_p4_from_pxpypze": "_p4_from_pxpypze(jet_eta, jet_phi, label, jet_pt)",
    "_p4_from_ptetaphie": "_p4_from_ptetaphie(jet_pt, jet_eta, jet_phi, jet_pt * 9)",
    "_p4_from_ptetaphim": "_p4_from_ptetaphim(jet_pt, jet_eta, jet_phi, jet_mass)",
}

OTHER_JETS = {
    kind: vectors.replace("jet_eta", "jet_eta / 2").replace("jet_phi", "(jet_phi + 1)")
    for kind, vectors in JETS.items()
}


def assert_close(expression: str, table: dict, rtol: float = 1e-6, of_largest: float = 0.0) -> None:
    """Compare with vector; `of_largest` allows differences by this share of the largest number."""
    actual = ak.Array(evaluate(expression, table, "test"))
    expected = ak.Array(python_value(expression, table, **REFERENCES))
    assert actual.ndim == expected.ndim
    assert np.all(ak.num(actual, axis=-1) == ak.num(expected, axis=-1))
    numbers = [np.asarray(ak.flatten(array, axis=None), np.float64) for array in (actual, expected)]
    largest = np.abs(numbers[1]).max(initial=0.0, where=np.isfinite(numbers[1]))
    np.testing.assert_allclose(*numbers, rtol=rtol, atol=max(1e-6, of_largest * largest))


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("name", sorted(PROPERTIES))
def test_a_quantity_is_that_of_vector(kind, name):
    table = random_table(11)
    for vectors in (CONSTITUENTS[kind], JETS[kind]):
        assert_close(f"{vectors}.{name}", table)


@pytest.mark.parametrize("a", REFERENCES)
@pytest.mark.parametrize("b", REFERENCES)
def test_sums_and_distances_are_those_of_vector(a, b):
    # vector adds in float32 where the coordinates are float32; ours are exact.
    table = random_table(12)
    for p, q in ((CONSTITUENTS[a], CONSTITUENTS[b]), (JETS[a], CONSTITUENTS[b]), (JETS[a], OTHER_JETS[b])):
        for name in ("px", "py", "pz", "energy", "pt", "eta"):
            assert_close(f"({p} + {q}).{name}", table, rtol=1e-5, of_largest=2e-6)
        assert_close(f"({p} - {q}).px", table, of_largest=2e-6)
        assert_close(f"({p} + {q}).mass", table, rtol=2e-4, of_largest=2e-6)
        for method in ("deltaphi", "deltaeta", "deltaR"):
            assert_close(f"{p}.{method}({q})", table, rtol=1e-5, of_largest=2e-6)


def test_vectors_without_transverse_momentum():
    table = {"o": np.zeros(3), "z": np.array([0.0, 2.0, -2.0]), "e": np.array([1.0, 2.0, 3.0])}
    for name in ("eta", "theta", "costheta", "pt", "beta", "gamma", "mass", "mag"):
        assert_close(f"_p4_from_pxpypze(o, o, z, e).{name}", table)


def test_vectors_are_a_column_that_other_expressions_use():
    table = random_table(13)
    p4 = evaluate("_p4_from_ptetaphie(y, x, d, y * 20)", table, "p4")
    kept = table["is_signal"]
    chosen = {name: column[kept] for name, column in (table | {"p4": p4}).items()}
    expected = python_value("(_p4_from_ptetaphie(y, x, d, y * 20).px)", table, **REFERENCES)[kept]
    assert ak.almost_equal(evaluate("p4.px", chosen, "px"), expected, rtol=1e-6)
    assert ak.almost_equal(evaluate("p4[b].px", chosen, "px"), expected[chosen["b"]], rtol=1e-6)
    assert ak.to_list(evaluate("ak.num(p4)", chosen, "n")) == ak.to_list(ak.num(expected))


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("p4 * 2", "expected `+` or `-` of two of them"),
        ("p4 + x", "expected `+` or `-` of two of them"),
        ("np.log(p4)", "four-momenta where a column or a number is expected"),
        ("p4.boostX", ".boostX"),
        ("p4.deltaR(x)", "expected two results of _p4_from_..."),
        ("p4.to_list()", "expected"),
        ("ak.sum(p4, axis=1)", "expected"),
        ("np.stack([p4, p4])", "expected"),
        ("_p4_from_ptetaphie(1, 2, 3, 4)", "expected a column"),
        ("_p4_from_ptetaphie(x, v, x, x)", "combined"),
        ("x.px", ".px of a column of lists"),
    ],
)
def test_what_vectors_cannot_do_is_said(expression, reason):
    table = random_table(14)
    table["p4"] = evaluate("_p4_from_ptetaphie(y, x, d, y)", table, "p4")
    with pytest.raises(PartError, match=r"^variable q: ") as error:
        evaluate(expression, table, "variable q")
    assert reason in str(error.value)
