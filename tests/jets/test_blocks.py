"""Inputs and checks are computed block by block, which changes no value and no error."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.jet_samples import assert_rejected, columns, with_value, write_tree

from part.errors import PartError
from part.jets import detect_dataset, features, make_batch, momenta_checks, read_jets
from part.jets.benchmarks import FEATURE_SETS, FULL
from part.jets.expressions.elementwise import hypot
from part.jets.preprocessing import add_derived_fields, keep_leading
from part.jets.schema import MOMENTA

SAMPLES = Path(__file__).parents[2] / "data_samples"


def inputs_at_once(jets: ak.Array, feature_set) -> np.ndarray:
    """Return the inputs (P, F) of all constituents at once, computed with awkward."""
    pt = np.hypot(jets.part_px, jets.part_py)
    values = {
        "part_pt_log": np.log(pt),
        "part_e_log": np.log(jets.part_energy),
        "part_logptrel": np.log(pt / jets.jet_pt),
        "part_logerel": np.log(jets.part_energy / jets.jet_energy),
        "part_deltaR": np.hypot(jets.part_deta, jets.part_dphi),
    }
    if "part_d0val" in jets.fields:
        values |= {"part_d0": np.tanh(jets.part_d0val), "part_dz": np.tanh(jets.part_dzval)}
    if feature_set.name == "kinpidplus":
        pid = abs(jets.part_pid)
        values["part_isCHad"] = 1.0 * (pid == 211) + 0.5 * (pid == 321) + 0.2 * (pid == 2212)
        values["part_isNHad"] = 1.0 * (pid == 130) + 0.2 * (pid == 2112)
    columns = []
    for f in feature_set.features:
        flat = ak.to_numpy(ak.flatten(values.get(f.name, jets[f.name] if f.name in jets.fields else None)))
        columns.append(np.clip((flat - f.subtract) * f.multiply, f.low, f.high).astype(np.float32))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("name", ["jetclass_like", "quarkgluon_like", "toplandscape_like"])
def test_inputs_of_the_samples_are_those_of_all_constituents_at_once(name):
    jets = add_derived_fields(read_jets(SAMPLES / f"{name}.root", 0, 1200))
    leading, _ = keep_leading(jets)
    dataset = detect_dataset(jets)
    for feature_set in (FEATURE_SETS[feature_set] for feature_set in dataset.feature_sets):
        ragged = features.make_ragged(jets, feature_set, dataset)
        np.testing.assert_array_equal(ragged.x, inputs_at_once(leading, feature_set))
        for i, branch in enumerate(MOMENTA):
            np.testing.assert_array_equal(ragged.v[:, i], ak.to_numpy(ak.flatten(leading[branch])))


@pytest.mark.parametrize("size", [1, 7, 50, 10**6])
def test_the_size_of_blocks_changes_nothing(tmp_path, monkeypatch, size):
    jets = read_jets(write_tree(tmp_path / "jets.root", columns(12)))
    expected = make_batch(jets, FULL)
    monkeypatch.setattr(features, "BLOCK", size)
    batch = make_batch(jets, FULL)
    assert torch.equal(batch.x, expected.x)
    assert torch.equal(batch.v, expected.v)


def test_errors_name_the_jet_also_in_later_blocks(tmp_path, monkeypatch):
    table = columns(12)
    jets = read_jets(write_tree(tmp_path / "jets.root", table))
    monkeypatch.setattr(features, "BLOCK", 10)
    monkeypatch.setattr(momenta_checks, "BLOCK", 10)
    jets["part_deta"] = with_value(jets["part_deta"], np.inf, entry=9)
    with pytest.raises(PartError, match="jet 9: part_deta is inf"):
        make_batch(jets, FULL)
    path = write_tree(tmp_path / "low.root", table | {"part_energy": with_value(table["part_energy"], 0.1, entry=9)})
    assert_rejected(path, "branch part_energy", "entry 9, constituent 1")
    assert_rejected(path, "branch part_energy", "entry 9, constituent 1", start=8)


def test_momenta_that_no_particle_has_are_refused(tmp_path):
    scaled = {name: ak.values_astype(columns(12)[name], np.float64) * 1e200 for name in MOMENTA}
    words = "branch part_px", "entry 0, constituent 0", "a momentum of at most 1e+12 GeV"
    assert_rejected(write_tree(tmp_path / "huge.root", scaled), *words)


def test_distances_are_hypots():
    rng = np.random.default_rng(0)
    for scale in (1e-42, 1e-20, 1.0, 1e20):
        a, b = (scale * rng.normal(size=(2, 100_000))).astype(np.float32)
        np.testing.assert_array_max_ulp(hypot(a, b), np.hypot(a, b), maxulp=1)
    a, b = rng.normal(size=(2, 1000))
    np.testing.assert_array_equal(hypot(a, b), np.hypot(a, b))
