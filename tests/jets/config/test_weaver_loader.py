"""The inputs of data configs, compared with those that weaver-core's own loader makes of the same files."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import yaml
from helpers.own_training import group, own_config, write_own_jets
from helpers.references import shared
from helpers.weaver_run import load_with_weaver, numba  # noqa: F401

import part
from part.jets.buffers import token_rows
from part.jets.config.parsing import load_config
from part.jets.readers import open_source

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
    columns = open_source(str(wide), "ntuple/jets")
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


def wrapped_config(mode="wrap", **definitions):
    """A config whose particles have further variables, which are not as many as the particles."""
    options = own_config(new_variables=own_config()["new_variables"] | definitions, treename=None)
    inputs = options["inputs"]
    items = [
        ["fj_pt", 300, 0.01, -5, 5, 0.5],
        ["few", 1, 2, -5, 5, 0.5],
        ["one", None],
        ["cand_dxy", 0, 10, -2, 2, 0.5],
    ]
    inputs["pf_features"] = group([*inputs["pf_features"]["vars"][:2], *items], 20, mode)
    return options


def columns_of_own_jets(tmp_path, n=40):
    path = write_own_jets(tmp_path / "jets.root", n)
    with open_source(str(path), "ntuple/jets") as source:
        columns = source.read([name for name in source.branches if "/" not in name], 0, n)
    return {name: ak.Array(column) for name, column in columns.items()}


def written(tmp_path, columns):
    path = tmp_path / "jets.parquet"
    ak.to_parquet(ak.zip(columns, depth_limit=1), path)
    return path


@pytest.mark.parametrize("mode", ["wrap", "constant"])
def test_lists_of_other_lengths_fill_the_slots_as_in_weaver(mode, tmp_path):
    """Of wrapped groups they are repeated: a number of the jet, a list that is shorter, and one that is longer."""
    path = written(tmp_path, columns_of_own_jets(tmp_path))
    definitions = {"few": "cand_pt[:, :2]", "one": "ak.ones_like(fj_pt)", "pf_mask": "ak.ones_like(cand_pt)"}
    config_path = tmp_path / "data.yaml"
    config_path.write_text(yaml.safe_dump(wrapped_config(mode, **definitions), sort_keys=False))
    jets = assert_as_weaver(path, config_path, tolerance=1e-6)
    first = ak.to_numpy(jets["inputs"][:, 2, 4])
    assert (first == (1 if mode == "wrap" else 0)).all()


@pytest.mark.parametrize("vertices", [True, False])
def test_empty_lists_give_zeros_in_wrapped_groups_as_in_weaver(vertices, tmp_path):
    path = written(tmp_path, columns_of_own_jets(tmp_path))
    few = "sv_mass" if vertices else "cand_pt[cand_pt < 3]"
    options = wrapped_config(few=few, one="ak.ones_like(fj_pt)")
    config_path = tmp_path / "data.yaml"
    config_path.write_text(yaml.safe_dump(options, sort_keys=False))
    assert_as_weaver(path, config_path, tolerance=1e-6)


def test_a_missing_value_keeps_its_place_as_in_weaver(tmp_path):
    columns = columns_of_own_jets(tmp_path)
    dxy = ak.to_list(columns["cand_dxy"])
    pt = ak.to_list(columns["cand_pt"])
    for jet in range(0, 40, 2):
        dxy[jet][1] = None
        pt[jet + 1][0] = None
    path = written(tmp_path, columns | {"cand_dxy": ak.Array(dxy), "cand_pt": ak.Array(pt)})
    options = own_config(treename=None)
    del options["inputs"]["pf_points"]  # weaver-core fails where a group without missing values shares variables
    for name in ("pf_features", "pf_vectors"):
        options["inputs"][name]["pad_mode"] = "constant"
    config_path = tmp_path / "data.yaml"
    config_path.write_text(yaml.safe_dump(options, sort_keys=False))
    jets = part.read_jets(path, config=config_path)
    whole = part.read_jets(written(tmp_path, columns), config=config_path)
    jet = int(np.flatnonzero(ak.to_numpy(jets["entry"]) % 2 == 0)[0])
    assert jets["inputs"][jet, 1, 5] == 0
    np.testing.assert_array_equal(jets["inputs"][jet, 2:, 5], whole["inputs"][jet, 2:, 5])
    jet = int(np.flatnonzero(ak.to_numpy(jets["entry"]) % 2)[0])
    assert len(jets["inputs"][jet]) == min(len(pt[jets["entry"][jet]]), 20) - 1  # its mask is missing too
    path = written(tmp_path, columns | {"cand_dxy": ak.Array(dxy), "cand_pt": ak.Array(pt)})
    assert_as_weaver(path, config_path, tolerance=1e-6)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_mask_that_is_not_a_number_is_padding_as_in_weaver(tmp_path):
    columns = columns_of_own_jets(tmp_path)
    options = own_config(treename=None, new_variables=own_config()["new_variables"] | {"pf_mask": "np.sqrt(good)"})
    good = ak.where(columns["cand_pt"] < 10, -1.0, 1.0)
    path = written(tmp_path, columns | {"good": good})
    config_path = tmp_path / "data.yaml"
    config_path.write_text(yaml.safe_dump(options, sort_keys=False))
    jets = assert_as_weaver(path, config_path)
    assert ak.sum(ak.num(jets["inputs"])) < ak.sum(ak.num(columns["cand_pt"]))
