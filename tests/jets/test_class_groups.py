"""Groups of classes: what texts name them, and that their probabilities are sums."""

import numpy as np
import pytest
from helpers.own_training import DEFINITIONS, own_config

from part.analysis.statistics.metrics import confusion, measure
from part.errors import PartError
from part.jets.class_groups import class_group, known_groups, merge_classes
from part.jets.config.label_groups import label_groups
from part.jets.config.parsing import parse_config
from part.jets.datasets import JETCLASS
from part.jets.schema import Dataset

NAMES = ("X_bb", "X_cc", "X_YY_bbbb", "X_YY_bbcc", "QCD_bb", "QCD_light", "lonely_one", "a, b")
OWN = Dataset("own", NAMES, NAMES, groups=(("with b", ("X_bb", "QCD_bb")),))


@pytest.fixture
def probabilities() -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.ones(len(NAMES)), 200).astype(np.float32)


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("X_cc", (1,)),
        ("QCD_*", (4, 5)),
        ("*bb*", (0, 2, 3, 4)),
        ("with b", (0, 4)),
        ("mine=QCD_light, X_cc", (1, 5)),
        ("mine=QCD_*,X_cc", (1, 4, 5)),
        ("mine=a, b,X_cc", (1, 7)),  # a class whose name has a comma
    ],
)
def test_a_text_names_a_class_or_a_group(text, members):
    assert class_group(OWN, text).members == members


@pytest.mark.parametrize("text", ["W", "W_*", "mine=", "mine=W", "mine=other=X_cc", ""])
def test_a_text_that_names_none_is_refused(text):
    with pytest.raises(PartError, match="There is no class"):
        class_group(OWN, text)


def test_of_many_classes_an_error_names_a_few():
    many = tuple(f"class {i}" for i in range(188))
    with pytest.raises(PartError, match=r"class 11, … \(188 in all\)\.$"):
        class_group(Dataset("many", many, many), "W")


def test_known_groups_are_those_of_the_config_and_of_common_beginnings():
    assert [(group.name, group.members) for group in known_groups(OWN)] == [
        ("with b", (0, 4)),
        ("X_*", (0, 1, 2, 3)),
        ("X_YY_*", (2, 3)),
        ("QCD_*", (4, 5)),
    ]
    assert known_groups(JETCLASS) == ()


def test_a_group_of_all_classes_or_of_the_same_members_is_not_listed():
    names = ("is_b_1", "is_b_2", "is_c_1", "is_c_2")
    assert [group.name for group in known_groups(Dataset("own", names, names))] == ["is_b_*", "is_c_*"]


def test_the_logit_of_a_group_gives_its_probability(probabilities):
    logits = np.log(probabilities.astype(np.float64)) + 3.0
    group = class_group(OWN, "X_*")
    others = class_group(OWN, "rest=QCD_*,lonely_one,a, b")
    ratio = group.logit(logits) - others.logit(logits)
    p = group.probability(probabilities.astype(np.float64))
    np.testing.assert_allclose(ratio, np.log(p / (1 - p)), atol=1e-5)


def test_merged_classes_sum_probabilities_and_count_jets(probabilities):
    truth = np.random.default_rng(1).integers(0, len(NAMES), 200)
    merged = merge_classes(OWN, ["QCD_*", "X_*"])
    assert merged.dataset.classes == ("X_*", "QCD_*", "lonely_one", "a, b")
    p = merged.probabilities(probabilities)
    np.testing.assert_allclose(p[:, 0], probabilities[:, :4].sum(1), rtol=1e-6)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-5)
    assert p.dtype == probabilities.dtype
    full = confusion(np.arange(8).repeat(8), np.tile(np.arange(8), 8), 8)
    columns = merged.index
    own = confusion(columns[np.arange(8).repeat(8)], columns[np.tile(np.arange(8), 8)], 4)
    assert own[0, 0] == full[:4, :4].sum()
    np.testing.assert_array_equal(merged.truth(np.array([-1, 0, 5, 99])), [-1, 0, 1, 99])
    assert measure(p, merged.truth(truth), merged.dataset)["jets"] == 200


def test_merging_single_classes_changes_nothing(probabilities):
    merged = merge_classes(OWN, ["X_cc"])
    assert merged.dataset.classes == OWN.classes
    np.testing.assert_array_equal(merged.probabilities(probabilities), probabilities)


def test_rejections_of_a_chosen_background(probabilities):
    truth = np.random.default_rng(2).integers(0, len(NAMES), 200)
    merged = merge_classes(OWN, ["X_*"], "QCD_*")
    numbers = measure(merged.probabilities(probabilities), merged.truth(truth), merged.dataset)
    assert {name for name in numbers if name.startswith("rejection")} == {
        f"rejection_{name}_50%" for name in ("X_*", "lonely_one", "a, b")
    }
    p = merged.probabilities(probabilities).astype(np.float64)
    is_signal, is_background = truth < 4, np.isin(truth, (4, 5))
    score = p[:, 0] / (p[:, 0] + p[:, 1])
    cut = np.quantile(score[is_signal], 0.5, method="lower")
    assert numbers["rejection_X_*_50%"] == pytest.approx(1 / (score[is_background] >= cut).mean(), abs=0.05)


def test_jetclass_keeps_its_published_working_points():
    truth = np.arange(10).repeat(20)
    p = np.random.default_rng(3).dirichlet(np.ones(10), 200)
    merged = merge_classes(JETCLASS, ["H=Hbb,Hcc,Hgg"])
    names = measure(merged.probabilities(p), merged.truth(truth), merged.dataset)
    assert {"rejection_H_50%", "rejection_Hqql_99%", "rejection_Tbl_99.5%"} <= set(names)


def test_groups_that_share_a_class_or_leave_one_are_refused():
    with pytest.raises(PartError, match="share the class X_YY_bbbb"):
        merge_classes(OWN, ["X_YY_*", "X_*"])
    with pytest.raises(PartError, match="leaves one class of own"):
        merge_classes(OWN, ["all=*"])


def test_sums_of_labels_in_a_config_are_groups():
    labels = ("label_Hbb", "label_Zbb", "label_QCD")
    definitions = [
        ("label_bb", "label_Hbb + label_Zbb"),
        ("either", "(label_Hbb | label_QCD)"),
        ("all", "label_Hbb + label_Zbb + label_QCD"),
        ("scaled", "2 * label_Hbb + label_Zbb"),
        ("other", "label_Hbb + jet_pt"),
        ("called", "np.abs(label_Hbb) + label_Zbb"),
    ]
    assert label_groups(definitions, labels, labels) == (
        ("bb", ("label_Hbb", "label_Zbb")),
        ("either", ("label_Hbb", "label_QCD")),
    )


def test_a_data_config_gives_its_groups_to_the_classes():
    options = own_config(new_variables=DEFINITIONS | {"label_heavy": "is_b + is_c"})
    dataset = parse_config(options, "own", "own.yaml").dataset(3)
    assert dataset.groups == (("heavy", ("is_b", "is_c")),)
    assert [(group.name, group.members) for group in known_groups(dataset)] == [("heavy", (0, 1))]
    named = parse_config(options, "own", "own.yaml").dataset(3, ("b", "c", "light"))
    assert class_group(named, "heavy").members == (0, 1)
    assert known_groups(parse_config(own_config(), "own", "own.yaml").dataset(3)) == ()
