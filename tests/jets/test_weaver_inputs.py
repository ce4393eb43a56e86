"""Our inputs against those that weaver itself prepares from the same file."""

import sys
from types import SimpleNamespace

import awkward as ak
import numpy as np
import pytest
from jet_samples import REAL_FILES, columns, write_parquet, write_tree
from witness import shared, weaver_module

from part.jets import complete, detect_dataset, make_batch, read_jets
from part.jets.schema import FULL, JETCLASS, KIN, KINPID, KINPIDPLUS, MOMENTA, QUARKGLUON

LENGTH = 128
KINEMATIC = [
    ["part_pt_log", 1.7, 0.7],
    ["part_e_log", 2.0, 0.7],
    ["part_logptrel", -4.7, 0.7],
    ["part_logerel", -4.7, 0.7],
    ["part_deltaR", 0.2, 4.0],
]
SPECIES = ["isPhoton", "isElectron", "isMuon"]
IDENTITY = [[f"part_{name}", None] for name in ("charge", "isChargedHadron", "isNeutralHadron", *SPECIES)]
SHARED_IDENTITY = [[f"part_{name}", None] for name in ("charge", "isCHad", "isNHad", *SPECIES)]
DISPLACEMENT = [["part_d0", None], ["part_d0err", 0, 1, 0, 1], ["part_dz", None], ["part_dzerr", 0, 1, 0, 1]]
ANGLES = [["part_deta", None], ["part_dphi", None]]
VARIABLES = {
    "kin": KINEMATIC + ANGLES,
    "kinpid": KINEMATIC + IDENTITY + ANGLES,
    "kinpidplus": KINEMATIC + SHARED_IDENTITY + ANGLES,
    "full": KINEMATIC + IDENTITY + DISPLACEMENT + ANGLES,
}
NEW_VARIABLES = {
    "part_mask": "ak.ones_like(part_energy)",
    "part_pt": "np.hypot(part_px, part_py)",
    "part_pt_log": "np.log(part_pt)",
    "part_e_log": "np.log(part_energy)",
    "part_logptrel": "np.log(part_pt/jet_pt)",
    "part_logerel": "np.log(part_energy/jet_energy)",
    "part_deltaR": "np.hypot(part_deta, part_dphi)",
    "part_d0": "np.tanh(part_d0val)",
    "part_dz": "np.tanh(part_dzval)",
    "part_pdg": "np.abs(part_pid)",
    "part_isCHad": "1.*(part_pdg == 211) + 0.5*(part_pdg == 321) + 0.2*(part_pdg == 2212)",
    "part_isNHad": "1.*(part_pdg == 130) + 0.2*(part_pdg == 2112)",
}


def weaver_inputs(version: str, path, feature_set: str, labels) -> dict[str, np.ndarray]:
    """What weaver feeds to a network: features (J,F,N), vectors (J,4,N), mask (J,1,N), label (J,)."""
    dataset = weaver_module(version, "weaver.utils.dataset")

    def group(variables, mode):
        return {"length": LENGTH, "pad_mode": mode, "vars": variables}

    config = dataset.DataConfig(
        print_info=False,
        treename="tree",
        new_variables=NEW_VARIABLES,
        inputs={
            "features": group(VARIABLES[feature_set], "wrap"),
            "vectors": group([[name, None] for name in MOMENTA], "wrap"),
            "mask": group([["part_mask", None]], "constant"),
        },
        labels={"type": "simple", "value": list(labels)},
    )
    table = dataset._read_files([str(path)], config.test_load_branches, treename="tree")
    new = {name: rule for name, rule in config.var_funcs.items() if name in config.test_aux_branches}
    out = dataset._finalize_inputs(dataset._build_new_variables(table, new), config)
    return {name: np.asarray(out[f"_{name}"]) for name in ("features", "vectors", "mask", "label_")}


@pytest.fixture
def numba(monkeypatch):
    """weaver 0.5 compiles its loops with numba; uncompiled they do the same."""
    if "numba" not in sys.modules:
        stand_in = SimpleNamespace(njit=lambda **_: lambda function: function)
        monkeypatch.setitem(sys.modules, "numba", stand_in)


def assert_equal(batch, expected, padding: bool) -> None:
    mask = batch.mask.numpy()
    np.testing.assert_array_equal(mask, expected["mask"][:, 0] == 1)
    np.testing.assert_array_equal(batch.y.numpy(), expected["label_"])
    where = np.ones_like(mask) if padding else mask
    for ours, theirs in ((batch.x, "features"), (batch.v, "vectors")):
        difference = np.abs(ours.numpy() - expected[theirs].transpose(0, 2, 1))[where]
        assert difference.max() < 1e-6


@pytest.mark.parametrize("features", [KIN, KINPID, KINPIDPLUS, FULL], ids=lambda f: f.name)
class TestMadeUpJets:
    """Values far outside of the clipping range included; both formats weaver shares with us."""

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
    jets = complete(read_jets(shared(f"real_jets/{name}")))
    table = {field: jets[field] for field in jets.fields if field.startswith("part_")}
    table |= {field: ak.to_numpy(jets[field]) for field in jets.fields if not field.startswith("part_")}
    path = write_tree(tmp_path / "jets.root", table)
    dataset = detect_dataset(jets)
    batch = make_batch(read_jets(path), KIN, dataset, LENGTH)
    assert_equal(batch, weaver_inputs("0.5.3", path, "kin", dataset.labels), padding=True)
