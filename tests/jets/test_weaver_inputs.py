"""Our inputs compared with those that weaver itself prepares from the same file."""

import sys
from types import SimpleNamespace

import awkward as ak
import numpy as np
import pytest
from helpers.jet_samples import REAL_FILES, columns, write_parquet, write_tree
from helpers.references import shared, weaver_module
from helpers.weaver_config import weaver_config

from part.jets import add_derived_fields, detect_dataset, make_batch, read_jets
from part.jets.benchmarks import FULL, KIN, KINPID, KINPIDPLUS
from part.jets.datasets import JETCLASS, QUARKGLUON
from part.jets.schema import MAX_CONSTITUENTS

pytestmark = pytest.mark.witness

LENGTH = MAX_CONSTITUENTS


def weaver_inputs(version: str, path, feature_set: str, labels) -> dict[str, np.ndarray]:
    """Return the inputs that weaver prepares: features (J,F,N), vectors (J,4,N), mask (J,1,N), label (J,)."""
    dataset = weaver_module(version, "weaver.utils.dataset")
    config = dataset.DataConfig(print_info=False, **weaver_config(feature_set, labels) | {"treename": "tree"})
    table = dataset._read_files([str(path)], config.test_load_branches, treename="tree")
    new = {name: rule for name, rule in config.var_funcs.items() if name in config.test_aux_branches}
    out = dataset._finalize_inputs(dataset._build_new_variables(table, new), config)
    names = {"features": "_pf_features", "vectors": "_pf_vectors", "mask": "_pf_mask", "label_": "_label_"}
    return {name: np.asarray(out[key]) for name, key in names.items()}


@pytest.fixture
def numba(monkeypatch):
    """Replace numba, with which weaver 0.5 compiles its loops; uncompiled they give the same."""
    if "numba" not in sys.modules:
        stand_in = SimpleNamespace(njit=lambda **_: lambda function: function)
        monkeypatch.setitem(sys.modules, "numba", stand_in)


def assert_equal(batch, expected, padding: bool) -> None:
    mask = batch.mask.numpy()
    np.testing.assert_array_equal(mask, expected["mask"][:, 0] == 1)
    np.testing.assert_array_equal(batch.y.numpy(), expected["label_"])
    where = np.ones_like(mask) if padding else mask
    for actual, kind in ((batch.x, "features"), (batch.v, "vectors")):
        difference = np.abs(actual.numpy() - expected[kind].transpose(0, 2, 1))[where]
        assert difference.max() < 1e-6


@pytest.mark.parametrize("features", [KIN, KINPID, KINPIDPLUS, FULL], ids=lambda f: f.name)
class TestRandomJets:
    """Values far outside of the clipping range are included, in both formats that weaver reads as well."""

    @pytest.fixture
    def path(self, tmp_path):
        return write_tree(tmp_path / "jets.root", columns(20, seed=3))

    def test_weaver_05_padding_included(self, features, path, numba):
        batch = make_batch(read_jets(path), features, JETCLASS, LENGTH)
        assert batch.x.shape == (20, LENGTH, len(features))
        assert (batch.x.abs() == 5).any()  # some values are clipped
        assert_equal(batch, weaver_inputs("0.5.3", path, features.name, JETCLASS.labels), padding=True)

    def test_weaver_04(self, features, path):
        batch = make_batch(read_jets(path), features, JETCLASS, LENGTH)
        assert_equal(batch, weaver_inputs("0.4.17", path, features.name, JETCLASS.labels), padding=False)

    def test_weaver_04_padding_of_a_jet_alone(self, features, tmp_path):
        # Up to 0.4.17 padding takes the particles of whichever jets were loaded together; alone, its own.
        path = write_tree(tmp_path / "one.root", columns(1, seed=4))
        batch = make_batch(read_jets(path), features, JETCLASS, LENGTH)
        assert_equal(batch, weaver_inputs("0.4.17", path, features.name, JETCLASS.labels), padding=True)

    def test_parquet(self, features, tmp_path):
        table = {k: v for k, v in columns(12).items() if not k.startswith("label")}
        table["jet_isQ"] = np.arange(12) % 2
        table["jet_isG"] = 1 - table["jet_isQ"]
        path = write_parquet(tmp_path / "jets.parquet", table)
        batch = make_batch(read_jets(path), features, QUARKGLUON, LENGTH)
        assert_equal(batch, weaver_inputs("0.4.17", path, features.name, QUARKGLUON.labels), padding=False)


@pytest.mark.parametrize("name", REAL_FILES)
def test_real_jets(name, tmp_path, numba):
    """Jets of JetClass, TopLandscape and QuarkGluon, written as a ROOT file for weaver."""
    jets = add_derived_fields(read_jets(shared(f"real_jets/{name}")))
    table = {field: jets[field] for field in jets.fields if field.startswith("part_")}
    table |= {field: ak.to_numpy(jets[field]) for field in jets.fields if not field.startswith("part_")}
    path = write_tree(tmp_path / "jets.root", table)
    dataset = detect_dataset(jets)
    batch = make_batch(read_jets(path), KIN, dataset, LENGTH)
    assert_equal(batch, weaver_inputs("0.5.3", path, "kin", dataset.labels), padding=True)
