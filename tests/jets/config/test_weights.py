"""The weights of training jets are those that weaver-core makes of the same data config and files."""

import logging

import numpy as np
import pytest
import yaml
from helpers.own_training import CLASSES, own_config, write_own_jets
from helpers.references import weaver_module
from helpers.weaver_run import numba  # noqa: F401

from part.errors import PartError
from part.jets.config.labelled import count_classes, read_labelled
from part.jets.config.parsing import parse_config
from part.jets.config.reweighting import count_selected, jet_weights, make_histograms
from part.jets.config.selected import read_selected
from part.jets.config.weights import parse_weights

DISTRIBUTIONS = {
    "use_precomputed_weights": False,
    "reweight_method": "flat",
    "reweight_vars": {"fj_pt": [80, 250, 400, 700], "fj_eta": [-1.2, -0.4, 0.4, 1.2]},
    "reweight_classes": list(CLASSES),
}
PRECOMPUTED = {"use_precomputed_weights": True, "weight_branches": ["xsec", "1 / fj_pt"]}
OPTIONS = {
    "flat": {},
    "ref": {"reweight_method": "ref"},
    "shares of classes": {"class_weights": [1, 2, 0.5], "reweight_threshold": 25},
    "two classes": {"reweight_classes": ["is_b", "is_light"], "reweight_method": "ref"},
    "outermost bins": {"reweight_discard_under_overflow": False},
    "weights before": {"reweight_basewgt": "xsec * (1 + np.abs(fj_eta))"},
    "weights before, ref": {
        "reweight_basewgt": "xsec", "reweight_method": "ref", "reweight_discard_under_overflow": False,
    },
}  # fmt: skip


def config_of(weights: dict, **changes):
    return parse_config(own_config("plain", weights=weights, **changes), "mine", "mine.yaml")


def with_histograms(config, histograms):
    lists = {name: histogram.tolist() for name, histogram in histograms.items()}
    return config.with_options(weights={**config.weights, "reweight_hists": lists})


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("weights"), np.random.default_rng(3)
    return [
        str(write_own_jets(folder / f"{seed}.root", 600, seed, xsec=rng.uniform(0, 2, 600).astype(np.float32)))
        for seed in (1, 2)
    ]


@pytest.fixture
def weaver(numba):  # noqa: F811
    """Return weaver's module, without the ten seconds that it waits after a warning."""
    module = weaver_module("0.5.3", "weaver.utils.dataset")
    make = module.WeightMaker.make_weights.__globals__
    make["time"] = type("time", (), {"sleep": staticmethod(lambda seconds: None)})
    logging.getLogger("weaver").setLevel(logging.ERROR)
    return module


def weavers_config(weaver, weights: dict):
    return weaver.DataConfig(
        print_info=False, **yaml.safe_load(yaml.safe_dump(own_config("plain", weights=weights), sort_keys=False))
    )


def weavers_weights(weaver, config, path: str) -> np.ndarray:
    table = weaver._read_files([path], config.train_load_branches, treename=config.treename)
    table["aux_training_"] = True
    table = weaver._apply_selection(table, config.selection, funcs=config.var_funcs)
    table = weaver._build_new_variables(table, config.train_var_funcs)
    return weaver._build_weights(table, config)


@pytest.mark.witness
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_histograms_and_weights_of_jets_are_weavers(weaver, files, options):
    weights = DISTRIBUTIONS | options
    config = config_of(weights)
    histograms = make_histograms(config, files)
    with np.errstate(divide="ignore", invalid="ignore"):
        theirs = weaver.WeightMaker(files, weavers_config(weaver, weights)).produce()
    assert set(histograms) == set(theirs.reweight_hists)
    for name, expected in theirs.reweight_hists.items():
        assert (histograms[name] > 0).any()
        np.testing.assert_allclose(histograms[name], expected, rtol=1e-6, atol=1e-7)
    jets = read_labelled(files[0], with_histograms(config, histograms), len(CLASSES))
    np.testing.assert_allclose(jets["weight"], weavers_weights(weaver, theirs, files[0]), rtol=1e-6, atol=1e-7)


@pytest.mark.witness
def test_precomputed_weights_are_weavers(weaver, files):
    jets = read_labelled(files[0], config_of(PRECOMPUTED), len(CLASSES))
    theirs = weavers_weights(weaver, weavers_config(weaver, PRECOMPUTED), files[0])
    np.testing.assert_allclose(jets["weight"], theirs, rtol=1e-6)


def test_accepted_jets_of_a_class_are_flat_in_the_bins_that_hold_enough(files):
    config = config_of(DISTRIBUTIONS | {"reweight_threshold": 0})
    config = with_histograms(config, make_histograms(config, files))
    weights = parse_weights(config)
    chosen, columns = [], []
    for path in files:
        jets = read_selected(path, config, weights.variables)
        columns.append(weights.columns(jets))
        chosen.append(jet_weights(columns[-1], weights))
    chosen = np.concatenate(chosen)
    joined = {name: np.concatenate([column[name] for column in columns]) for name in columns[0]}
    totals = []
    for name in CLASSES:
        edges = [np.array(edges) for _, edges in weights.bins]
        contents, _, _ = np.histogram2d(joined["fj_pt"], joined["fj_eta"], edges, weights=chosen * joined[name])
        np.testing.assert_allclose(contents, contents.max(), rtol=1e-5)
        totals.append(contents.sum())
    np.testing.assert_allclose(totals, totals[0], rtol=1e-5)


def test_jets_and_weights_are_counted_between_entries(files):
    config = config_of(DISTRIBUTIONS)
    config = with_histograms(config, make_histograms(config, files))
    jets = read_labelled(files[0], config, len(CLASSES))
    edges = np.array([100, 250, 251, 600])
    counts, sums = count_selected(files[0], config, edges, parse_weights(config))
    place = np.digitize(jets["entry"].to_numpy(), edges)
    np.testing.assert_array_equal(counts, [(place == i).sum() for i in (1, 2, 3)])
    np.testing.assert_allclose(sums, [jets["weight"].to_numpy()[place == i].sum() for i in (1, 2, 3)], rtol=1e-5)
    assert count_selected(files[0], config, edges)[1].tolist() == counts.tolist()
    assert 0 < counts.sum() < 500  # the selection leaves some out


def test_a_jet_of_no_class_or_of_two_or_of_one_too_many_is_named(tmp_path):
    is_b = np.zeros(40, np.int32)
    path = str(write_own_jets(tmp_path / "jets.root", is_b=is_b))
    with pytest.raises(PartError, match=r"jets\.root, entry \d+: a jet of no class; training needs one of is_b"):
        read_labelled(path, config_of(None, selection=None), 3)
    path = str(write_own_jets(tmp_path / "jets.root", is_b=is_b + 1))
    with pytest.raises(PartError, match=r"jets\.root, entry \d+: a jet of 2 classes; training needs exactly one"):
        read_labelled(path, config_of(None), 3)
    by_index = config_of(None, labels={"type": "custom", "value": {"truth": "flavour"}})
    assert count_classes(by_index, [path]) == 3
    with pytest.raises(PartError, match=r"jets\.root, entry \d+: a jet of class 2; training needs 0 to 1"):
        read_labelled(path, by_index, 2)


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ({"use_precomputed_weights": True}, "mine: weights: weight_branches are missing"),
        ({"use_precomputed_weights": True, "weight_branches": ["open('x')"]}, "mine: weights: .*open"),
        (DISTRIBUTIONS | {"reweight_method": "best"}, "reweight_method is 'best'; expected flat or ref"),
        (DISTRIBUTIONS | {"reweight_vars": {"fj_pt": [1, 2]}}, "1 reweight_vars; expected two"),
        (DISTRIBUTIONS | {"reweight_vars": {"a": [2, 1], "b": [1, 2]}}, "mine: weights.a: .*ascending order"),
        (DISTRIBUTIONS | {"reweight_vars": {"a": "x", "b": [1, 2]}}, "mine: weights.a: 'x'; expected a list of num"),
        (DISTRIBUTIONS | {"class_weights": [1, 2]}, "expected 3 numbers above 0"),
        (DISTRIBUTIONS | {"reweight_threshold": 200}, "reweight_threshold is 200; expected a percentage"),
        (DISTRIBUTIONS | {"reweight_basewgt": True}, "reweight_basewgt is True; expected an expression"),
        (DISTRIBUTIONS | {"reweight_hists": {"is_b": [[1]]}}, r"reweight_hists.is_b has \(1, 1\) bins"),
        (DISTRIBUTIONS | {"reweight_hists": {}}, "reweight_hists has no weights of is_b"),
        ("flat", "mine: weights: 'flat'; expected names with values"),
    ],
    ids=str,
)
def test_weights_that_cannot_be_meant_are_refused(weights, sentence):
    with pytest.raises(PartError, match=sentence):
        parse_weights(config_of(weights))


def test_a_class_without_jets_in_the_bins_has_no_weights(files):
    far = {"fj_pt": [9000, 9100], "fj_eta": [-1, 1]}
    with pytest.raises(PartError, match="no training jet of is_b is within the bins"):
        make_histograms(config_of(DISTRIBUTIONS | {"reweight_vars": far}), files)
