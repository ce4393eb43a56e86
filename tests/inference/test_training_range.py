"""Jets that are unlike those of the training are marked, and the shipped ones are not."""

import awkward as ak
import numpy as np
import pytest
from helpers.references import shared

import part
from part.inference.training_range import RANGES, outside_training
from part.jets.preprocessing import add_derived_fields

NAMES = {"JetClass": "jetclass_like", "TopLandscape": "toplandscape_like", "QuarkGluon": "quarkgluon_like"}


def unlike(dataset: str, jets: ak.Array) -> list[str | None]:
    jets = add_derived_fields(jets)
    pairs = zip(jets["jet_pt"].tolist(), jets["jet_eta"].tolist(), strict=True)
    return [outside_training(dataset, *pair) for pair in pairs]


@pytest.mark.parametrize("dataset", RANGES)
def test_no_shipped_jet_is_unlike_those_of_its_benchmark(dataset):
    assert set(unlike(dataset, part.read_jets(f"data_samples/{NAMES[dataset]}.root"))) == {None}


@pytest.mark.parametrize("dataset", RANGES)
def test_no_real_jet_is_unlike_those_of_its_benchmark(dataset):
    files = {"JetClass": "jetclass_250", "TopLandscape": "toplandscape_1000", "QuarkGluon": "quarkgluon_1000"}
    found = unlike(dataset, part.read_jets(shared(f"real_jets/{files[dataset]}.npz")))
    assert np.mean([item is not None for item in found]) < 0.01


def test_what_is_unlike_is_said():
    assert outside_training("JetClass", 212.0, 0.1) == "pT 212 GeV, the training has 500 to 1000"
    assert outside_training("JetClass", 700.0, -2.4) == "|η| 2.4, the training has up to 2.0"
    assert outside_training("TopLandscape", 900.0, 2.3).count(";") == 1
    assert outside_training("JetClass", np.nan, np.nan) is None
    assert outside_training("mine", 10.0, 5.0) is None


def test_most_jets_of_jetclass_ii_are_outside_of_jetclass():
    jets = part.read_jets(shared("real_jets/jetclass2_50.parquet"))
    pt = add_derived_fields(jets)["jet_pt"].to_numpy()
    is_outside = (pt < 490) | (pt > 1020)
    assert is_outside.any()
    assert [item is not None and "pT" in item for item in unlike("JetClass", jets)] == is_outside.tolist()
