"""Data configs as they are written, and what is wrong with those that cannot be read."""

import pytest
import yaml
from helpers.own_training import CLASSES, own_config, write_config

from part.errors import PartError
from part.jets.benchmarks import BENCHMARKS, FEATURE_SETS
from part.jets.config.parsing import load_config, parse_config


def parsed(kind="plain", **changes):
    return parse_config(own_config(kind, **changes), "own", "own.yaml")


def test_what_a_config_says():
    config = parsed("vertices")
    particles, vertices = config.collections
    assert (particles.name, vertices.name) == ("pf", "sv")
    assert (particles.length, vertices.length) == (20, 3)
    assert config.tree == "ntuple/jets"
    assert config.labels.names == CLASSES
    assert config.feature_set().widths == (7, 3)
    assert [f.name for f in config.feature_set().features][-2:] == ["is_pf", "is_sv"]


def test_an_unscaled_variable_is_neither_scaled_nor_clipped():
    config = parsed()
    features = {f.name: f for f in config.collections[0].features}
    assert not features["pf_deta"].is_scaled
    assert (features["cand_dxy"].low, features["cand_dxy"].high) == (-2, 2)
    assert (features["pf_logpt"].low, features["pf_logpt"].high) == (-5, 5)


def test_only_needed_branches_are_read():
    config = parsed()
    assert "sv_px" not in config.branches_of([name for c in config.collections for name in c.variables])


def test_points_are_columns_only_for_models_that_take_them():
    config = parsed()
    assert len(config.feature_set()) == 7
    with_points = config.feature_set(takes_points=True)
    assert [f.name for f in with_points.features[-2:]] == ["pf_deta", "pf_dphi"]


def test_the_jet_selection_for_prediction_is_that_for_training_if_there_is_no_other():
    assert parsed(test_time_selection=None).test_selection == parsed().selection


def test_a_config_survives_yaml_and_json(tmp_path):
    config = load_config(write_config(tmp_path / "own.yaml", "vertices"))
    assert parse_config(config.options, "own", "card") == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input_groups": {}}, "unknown key input_groups"),
        ({"inputs": None}, "inputs are missing"),
        ({"inputs": {"pf_features": {"length": 20, "vars": []}}}, "inputs.pf_features: vars are missing"),
        ({"inputs": {"pf_features": {"length": 0, "vars": ["a"]}}}, "length is 0; expected a positive whole number"),
        ({"inputs": {"pf_features": {"length": 5, "pad_mode": "zero", "vars": ["a"]}}}, "pad_mode is 'zero'"),
        ({"inputs": {"pf_mask": {"length": 5, "pad_mode": "wrap", "vars": ["a"]}}}, "expected constant for a mask"),
        ({"inputs": {"pf_features": {"length": 5, "vars": [["a", "x"]]}}}, "'x'; expected a number"),
        ({"inputs": {"something": {"length": 5, "vars": ["a"]}}}, "expected a group that ends in _features"),
        ({"labels": {"type": "soft", "value": []}}, "type is 'soft'; expected simple, custom or hybrid"),
        ({"monitor_variables": ["fj_pt"]}, "expected one of the two"),
        ({"new_variables": {"a": "__import__('os')"}}, "new variable a"),
        ({"selection": "open('x')"}, "selection"),
        ({"roles": {"part_spin": "x"}}, "there is no role 'part_spin'"),
        ({"roles": ["part_px"]}, "roles: .*expected names with values"),
        ({"roles": {"part_px": 3}}, "roles: part_px: '3'; expected names"),
        ({"groups": {1: "pf.mask"}}, "groups: 1: 'pf.mask'; expected names"),
        ({"branch_magic": {1: 2}}, "branch_magic: 1: '2'; expected names"),
        ({"selection": ["a"]}, "selection: .*; expected an expression"),
        ({"labels": {"type": "simple", "value": []}}, "labels.value is empty; expected a column of 0 and 1"),
        ({"labels": {"type": "custom", "value": {}}}, "labels.value is empty; expected the name of a label"),
        ({"labels": {"type": "custom", "value": {"truth": None}}}, "label truth is 'None'; expected an expression"),
        ({"labels": {"type": "hybrid"}}, "there are no classes; expected value_cls_names, or value_cls_index"),
        ({"inputs": {"pf_features": {"length": 5, "vars": [[]]}}}, r"vars: \[\]; expected a variable"),
        ({"inputs": {"pf_features": {"length": 5, "vars": [None]}}}, "vars: None; expected a variable"),
        ({"inputs": {3: {"length": 5, "vars": ["a"]}}}, "inputs: 3; expected a name"),
        ({"inputs": {"pf_features": {"length": 5, "vars": [["a", 0, 1, 2, -2]]}}}, "a is clipped to 2 to -2; expected"),
        ({"inputs": {"pf_features": {"length": 5, "vars": [["a", "auto", 1, 2, -2]]}}}, "a is clipped to 2 to -2"),
        ({"inputs": {"pf_features": {"length": 5, "vars": [["a", 0, float("nan")]]}}}, "nan; expected a number"),
        ({"preprocess": {"data_fraction": None}}, "preprocess.data_fraction: 'None'; expected a number"),
        ({"preprocess": {"data_fraction": "abc"}}, "preprocess.data_fraction: 'abc'; expected a number"),
        ({"preprocess": {"data_fraction": 2}}, "preprocess.data_fraction: 2; expected a number above 0, at most 1"),
        ({"preprocess": {"params": [1]}}, "preprocess.params: .*; expected names with values"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(changes, message):
    with pytest.raises(PartError, match=message) as error:
        _ = parsed(**changes).roles
    assert "\n" not in str(error.value)


def test_one_variable_has_one_treatment():
    inputs = own_config()["inputs"] | {"pf_extra_features": {"length": 20, "vars": [["pf_logpt", 2.0, 1.0]]}}
    with pytest.raises(PartError, match="pf_logpt is treated otherwise in another group"):
        parsed(inputs=inputs)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inputs: [", "expected a data config in YAML"),
        ("- a\n- b\n", "expected a weaver data config"),
        (
            "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
            + "".join(f"a{i}: &a{i} [{', '.join(['*a' if i == 0 else f'*a{i - 1}'] * 10)}]\n" for i in range(8)),
            "more than 100,000 values",
        ),
        ("!!python/object/apply:os.system ['true']", "expected a data config in YAML"),
    ],
)
def test_files_that_are_no_configs(text, message, tmp_path):
    path = tmp_path / "data.yaml"
    path.write_text(text)
    with pytest.raises(PartError, match=message):
        load_config(path)


def test_another_configs_parameters_are_not_taken(tmp_path):
    path = write_config(tmp_path / "data.yaml", "auto")
    other = own_config("auto", observers=["fj_pt"])
    other["preprocess"] |= {"params": {}}
    (tmp_path / "data.auto.yaml").write_text(yaml.safe_dump(other))
    assert load_config(path).missing_standardisation == ("pf_logpt", "pf_logerel", "cand_dxy")


def test_the_benchmarks_are_data_configs():
    assert set(FEATURE_SETS) == {"kin", "kinpid", "kinpidplus", "full"}
    full = BENCHMARKS["JetClass_full"].feature_set()
    assert [f.name for f in full.features] == [f.name for f in FEATURE_SETS["full"].features]
    assert len(full) == 17


def test_groups_of_other_names_are_what_the_config_states():
    inputs = {f"input_{i}": group for i, group in enumerate(own_config()["inputs"].values())}
    with pytest.raises(PartError, match="the key groups"):
        parsed(inputs=inputs)
    stated = {"input_0": "pf.points", "input_1": "pf.features", "input_2": "pf.vectors", "input_3": "pf.mask"}
    assert parsed(inputs=inputs, groups=stated).collections == parsed().collections
    with pytest.raises(PartError, match=r"groups: input_0: pf\.tracks"):
        parsed(inputs=inputs, groups={"input_0": "pf.tracks"})
