"""The inputs of data configs, compared with those that weaver-core's own loader makes of the same files."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import yaml
from helpers.own_training import own_config, write_own_jets
from helpers.references import shared
from helpers.weaver_run import load_with_weaver, numba  # noqa: F401

import part
from part.jets.buffers import token_rows
from part.jets.config.parsing import load_config

pytestmark = [
    pytest.mark.witness,
    pytest.mark.usefixtures("numba"),
    pytest.mark.filterwarnings("ignore::part.jets.notices.JetWarning"),
]

CHANGES = {
    "as it is": {},
    "no selection": {"selection": None, "test_time_selection": None},
    "selection of a new variable": {"test_time_selection": "ak.num(pf_logpt) > 10"},
    "custom label": {"labels": {"type": "custom", "value": {"truth": "flavour"}}},
    "computed labels": {"labels": {"type": "simple", "value": ["is_b", "is_c + 0 * fj_pt", "is_light"]}},
    "monitor variables": {"observers": None, "monitor_variables": ["fj_pt"]},
    "precomputed weights": {"weights": {"use_precomputed_weights": True, "weight_branches": ["fj_pt"]}},
}


def assert_as_weaver(path: Path, config_path: Path, version: str = "0.5.3", tolerance: float = 0.0) -> ak.Array:
    """Compare all tokens, and return our jets."""
    with_weaver = load_with_weaver(version, config_path, path)
    jets = part.read_jets(path, config=config_path)
    config = load_config(config_path)
    counts, x = token_rows(jets["inputs"])
    kind = np.zeros(len(x), int) if "part_kind" not in jets.fields else ak.to_numpy(ak.flatten(jets["part_kind"]))
    first = 0
    for index, collection in enumerate(config.collections):
        own = np.flatnonzero(kind == index)
        prefix = f"{collection.name}_"
        mask = with_weaver[f"{prefix}mask"][:, 0] > 0
        jet = np.repeat(np.arange(len(jets)), counts)
        np.testing.assert_array_equal(mask.sum(1), np.bincount(jet[own], minlength=len(jets)))
        columns = {"features": x[own][:, first : first + len(collection.features)]}
        columns |= {name: token_rows(jets[name])[1][own] for name in ("vectors", "points") if name in jets.fields}
        for name, values in columns.items():
            expected = with_weaver[prefix + name].transpose(0, 2, 1)[mask]
            np.testing.assert_allclose(values, expected, rtol=tolerance, atol=tolerance)
        first += len(collection.features)
    if "truth" in jets.fields:
        options = config.options["labels"]
        label = with_weaver["label_" if options["type"] == "simple" else next(iter(options["value"]))]
        np.testing.assert_array_equal(jets["truth"], label)
    for name in config.observers:
        if name in with_weaver:
            np.testing.assert_array_equal(jets[name], with_weaver[name])
    return jets


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["plain", "vertices", "auto"])
@pytest.mark.filterwarnings("ignore:.*automatic standardisation")
def test_inputs_are_weavers(kind, change, tmp_path):
    path = write_own_jets(tmp_path / "jets.root", 60)
    config_path = tmp_path / "data.yaml"
    config_path.write_text(yaml.safe_dump(own_config(kind, **CHANGES[change]), sort_keys=False))
    jets = assert_as_weaver(path, config_path)
    assert 0 < len(jets) <= 60


def test_the_file_of_weavers_parameters_is_found(tmp_path):
    """weaver-core names it by the checksum of the config; those parameters are used, and nothing is computed."""
    path = write_own_jets(tmp_path / "jets.root", 60)
    config_path = tmp_path / "data.yaml"
    config_path.write_text(yaml.safe_dump(own_config("auto"), sort_keys=False))
    from helpers.references import weaver_module

    dataset = weaver_module("0.5.3", "weaver.utils.dataset")
    data = dataset.DataConfig(print_info=False, **yaml.safe_load(config_path.read_text()))
    produced = tmp_path / f"data.{dataset._md5(str(config_path))}.auto.yaml"
    dataset.AutoStandardizer([str(path)], data).produce(str(produced))
    assert not load_config(config_path).missing_standardisation
    assert_as_weaver(path, config_path)
    assert_as_weaver(path, produced)


@pytest.mark.parametrize("version", ["0.4.17", "0.5.3"])
def test_float64_files_round_once(version, tmp_path):
    """weaver-core 0.5 rounds values to float32 first, 0.4 last; the difference is that of one rounding."""
    wide = write_own_jets(tmp_path / "jets.root", 30, tree="ntuple/jets")
    columns = part.jets.readers.open_source(str(wide), "ntuple/jets")
    with columns as source:
        branches = {name: c for name, c in source.read(source.branches, 0, 30).items() if "/" not in name}
    double = {
        name: ak.values_astype(ak.Array(c), np.float64) for name, c in branches.items() if name.startswith("cand")
    }
    path = write_own_jets(tmp_path / "double.root", 30, **double)
    config_path = tmp_path / "data.yaml"
    config_path.write_text(yaml.safe_dump(own_config(), sort_keys=False))
    assert_as_weaver(path, config_path, version, tolerance=0.0 if version == "0.5.3" else 1e-6)


@pytest.mark.parametrize("name", ["flavour", "two_streams", "lepton_collider", "edge_conv_streams", "many_classes"])
def test_whole_trainings(name):
    folder = shared(f"cases/weaver/{name}")
    config_path = folder / "data.auto.yaml"
    config_path = config_path if config_path.exists() else folder / "data.yaml"
    path = next(folder.glob("jets.*"))
    jets = part.read_jets(path, config=config_path)
    np.testing.assert_array_equal(jets["entry"], np.load(folder / "expected.npz")["entries"])
    if name != "lepton_collider" and "pf_mask" in load_with_weaver("0.5.3", config_path, path):
        assert_as_weaver(path, config_path)
