"""Choices survive the URL, and only the invalid values of a URL fall back to their defaults."""

from dataclasses import fields
from typing import Any

import pytest
from helpers.app_driver import in_url, state_of

from app.pages.atlas.state import AtlasState
from app.pages.attribution.state import AttributionState
from app.pages.bias.state import BiasState
from app.pages.circuits.state import CircuitsState
from app.pages.compare.state import CompareState
from app.pages.explore.state import ExploreState
from app.pages.intervention.state import InterventionState
from app.pages.performance.state import PerformanceState
from app.pages.sparsity.state import SparsityState
from app.pages.train.state import TrainState
from app.state.selection import JetSelection
from app.state.url import from_url, parameter, to_url, unreadable

STUDY = {"tab": "jet", "n_studied": 1200, "target_class": "Hbb", "contrast_class": "QCD"}
CHOSEN = (
    JetSelection(
        file="sub folder/jets & more.root",
        jet=1204,
        classes=("Hbb", "Tbl"),
        pt=(500.0, 612.5),
        n=(10, 80),
        filters=("jet_sdmass:80:120", "a name: with colons:in:1,2"),
        misclassified_only=True,
        models=("part-full", "weaver.pt"),
        layer=3,
        head=5,
        other_head=(1, 6),
        order="species",
        particle=0,
        focus=1,
        groups=("bb=Hbb,Zbb", "with = sign=a,b"),
        sample=True,
    ),
    ExploreState(
        quantity="bias",
        scale="linear",
        edges=12,
        colour="kt",
        shown_classes=("class 7", "QCD_*"),
        zoom=(1204, -0.25, 0.1, 0.3),
        marked="entropy",
        arranged="layers",
        n_averaged=50,
        first_class="Tbqq",
        second_class="QCD",
    ),
    CompareState(
        n_compared=500,
        section="attention",
        other_model=2,
        column="jet_sdmass",
        signal="Hbb",
        efficiency="0.3",
        bins=5,
        slice="mass:60:inf",
        other_file="year 2/jets.root",
        shown_class="Tbl",
        merged=("QCD_*",),
        background="bb=Hbb,Zbb",
    ),
    BiasState(**STUDY, lnz=-2.5, lnm2=1.5),
    SparsityState(**STUDY, measure="gini", k=5),
    AttributionState(
        **STUDY,
        method="shapley",
        compared=("rollout", "gradient"),
        match="kt",
        prong_group="b quarks",
        particle_quantity="z",
        observable="D2",
        of_heads="ablation",
    ),
    InterventionState(
        **STUDY,
        target="photons",
        replacement="mean",
        measure="accuracy",
        component="head",
        donor=3,
        corruption="flavour",
        edit="boost",
        size=-0.5,
    ),
    AtlasState(**STUDY, hypothesis="lepton", of_class_token=True),
    CircuitsState(
        **STUDY,
        corruption="subjet",
        shown=30,
        between="heads",
        edge="L3H5-L6H2-q",
        members="edges",
        replacement="zero",
        size=6,
        of_class_token=True,
        feature=11,
        other="part-kin",
    ),
    PerformanceState(tab="roofline", results=("speed-20260101-120000", "upload:other"), batch=8, measure="memory"),
    TrainState(run="part-full-2"),
)


@pytest.mark.parametrize("state", CHOSEN, ids=lambda state: type(state).__name__)
def test_every_choice_survives_the_url_and_its_default_is_left_out(state):
    assert all(getattr(state, field.name) != field.default for field in fields(state))
    assert len(to_url(state)) == len(fields(state))
    assert from_url(type(state), to_url(state)) == state
    assert to_url(type(state)()) == {}
    assert from_url(type(state), {}) == type(state)()


def test_the_names_in_the_url_are_those_that_links_have():
    names = {(field.name, parameter(field)) for state in CHOSEN for field in fields(state)}
    of_circuits = {
        "corruption": "corrupted",
        "shown": "strongest",
        "members": "set",
        "replacement": "others_give",
        "size": "set_size",
        "other": "with",
        "of_class_token": "class_token",
    }
    of_others = {
        "classes": "class",
        "filters": "where",
        "models": "model",
        "misclassified_only": "wrong",
        "other_head": "others",
        "groups": "group",
        "shown_classes": "shown",
        "merged": "as_one",
        "quantity": "show",
        "n_averaged": "averaged",
        "first_class": "of",
        "second_class": "minus",
        "prong_group": "on",
        "particle_quantity": "quantity",
        "of_heads": "number",
        "n_compared": "jets",
        "other_model": "against",
        "column": "by",
        "efficiency": "at",
        "other_file": "second",
        "shown_class": "score",
        "n_studied": "studied",
        "target_class": "explained",
        "contrast_class": "versus",
        "replacement": "instead",
        "component": "patched",
    }
    assert {pair for pair in names if pair[0] != pair[1]} == of_circuits.items() | of_others.items()


def test_no_page_takes_a_name_of_the_shared_choices():
    shared, *pages = ({parameter(field) for field in fields(state)} for state in CHOSEN)
    assert not [names & shared for names in pages if names & shared]


def test_pages_share_a_name_only_for_what_both_can_read():
    """A value that another page cannot read would be said to make no sense there."""
    owners = {}
    for state in CHOSEN[1:]:
        for field in fields(state):
            owners.setdefault(parameter(field), []).append(state)
    for name, states in owners.items():
        for own, other in ((a, b) for a in states for b in states):
            assert unreadable(type(other), {name: to_url(own)[name]}) == [], (name, own, other)


def test_people_count_layers_heads_particles_and_models_from_one():
    shared, compare = to_url(CHOSEN[0]), to_url(CHOSEN[2])
    assert [shared[name] for name in ("layer", "head", "particle", "focus")] == [["4"], ["6"], ["1"], ["2"]]
    assert compare["against"] == ["3"]


BAD: dict[type, list[tuple[str, str]]] = {
    JetSelection: [
        ("jet", "-1"),
        ("jet", "seven"),
        ("jet", "1e3"),
        ("layer", "0"),
        ("head", "1000"),
        ("particle", "0"),
        ("focus", "5"),
        ("order", ""),
        ("pt", "800-500"),
        ("pt", "nan-nan"),
        ("pt", "500"),
        ("n", "1-2-3"),
        ("wrong", "perhaps"),
        ("nonsense", "1"),
    ],
    ExploreState: [("edges", "100000"), ("show", "entropy"), ("scale", "LOG")],
    CompareState: [
        ("jets", "0"),
        ("jets", "1e9"),
        ("section", "everything"),
        ("against", "1"),
        ("at", "0.4"),
        ("bins", "1"),
    ],
    BiasState: [("lnz", "nan"), ("lnm2", "1000"), ("studied", "0")],
}


@pytest.mark.parametrize("state", BAD, ids=lambda cls: cls.__name__)
def test_a_bad_value_falls_back_alone(state: type[Any]):
    good = to_url(next(chosen for chosen in CHOSEN if type(chosen) is state))
    for name, value in BAD[state]:
        rest = {key: text for key, text in good.items() if key != name}
        assert from_url(state, rest | {name: [value]}) == from_url(state, rest), (name, value)


def test_at_most_four_models_and_each_once():
    assert from_url(JetSelection, {"model": ["a", "b", "a", "c", "d", "e"]}).models == ("a", "b", "c", "d")


def test_choices_survive_a_change_of_page(visit):
    app = visit(show="bias", tab="weights", studied="9")
    app.query_params.clear()  # as a link to another page does
    app.switch_page("app/pages/sparsity/page.py").run()
    assert state_of(app, SparsityState) == SparsityState(tab="weights", n_studied=9)
    assert in_url(app, "show") == ["bias"]
    app.query_params.clear()
    app.switch_page("app/pages/explore/page.py").run()
    assert state_of(app, ExploreState).quantity == "bias"
    assert in_url(app, "tab") == ["weights"]


def test_another_url_of_the_history_replaces_the_choices(visit):
    app = visit(jet="5", show="bias")
    app.query_params.clear()
    for name, value in {"file": "toys.root", "model": "alpha", "jet": "4"}.items():
        app.query_params[name] = value
    app.run()
    assert state_of(app).jet == 4
    assert state_of(app, ExploreState) == ExploreState()
