"""A selection survives the URL, and a URL that makes no sense costs only what makes no sense."""

from dataclasses import fields, replace

import pytest

from app.state.selection import DEFAULT, Selection, from_url, to_url

CHOSEN = Selection(
    file="sub folder/jets & more.root",
    jet=1204,
    classes=("Hbb", "Tbl"),
    pt=(500.0, 612.5),
    n=(10, 80),
    wrong=True,
    models=("part-full", "weaver.pt"),
    layer=3,
    head=5,
    quantity="bias",
    scale="linear",
    order="species",
    particle=0,
    edges=12,
    focus=1,
    compared=500,
    section="attention",
    against=2,
    run="part-full-2",
    studied=1200,
    tab="jet",
    measure="gini",
    k=5,
    lnz=-2.5,
    lnm2=1.5,
    method="shapley",
    explained="Hbb",
    versus="QCD",
    target="photons",
    instead="mean",
    patched="head",
    donor=3,
    corruption="flavour",
    edit="boost",
    size=-0.5,
    results=("speed-20260101-120000", "upload:other"),
    batch=8,
)


def as_received(selection: Selection) -> dict[str, list[str]]:
    return {name: value if isinstance(value, list) else [value] for name, value in to_url(selection).items()}


def test_every_choice_survives_the_url_and_differs_from_its_default():
    assert all(getattr(CHOSEN, field.name) != field.default for field in fields(Selection))
    assert from_url(as_received(CHOSEN)) == CHOSEN


@pytest.mark.parametrize("field", [field.name for field in fields(Selection)])
def test_one_choice_alone_survives_the_url(field):
    chosen = replace(DEFAULT, **{field: getattr(CHOSEN, field)})
    assert len(to_url(chosen)) == 1
    assert from_url(as_received(chosen)) == chosen


def test_defaults_leave_the_url_empty():
    assert to_url(DEFAULT) == {}
    assert from_url({}) == DEFAULT


def test_people_count_layers_heads_and_particles_from_one():
    url = to_url(CHOSEN)
    assert (url["layer"], url["head"], url["particle"]) == ("4", "6", "1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jet", "-1"),
        ("jet", "seven"),
        ("jet", "1e3"),
        ("layer", "0"),
        ("head", "1000"),
        ("particle", "0"),
        ("edges", "100000"),
        ("focus", "5"),
        ("show", "entropy"),
        ("scale", "LOG"),
        ("order", ""),
        ("pt", "800-500"),
        ("pt", "nan-nan"),
        ("pt", "500"),
        ("n", "1-2-3"),
        ("jets", "0"),
        ("jets", "1e9"),
        ("section", "everything"),
        ("against", "1"),
        ("wrong", "perhaps"),
        ("nonsense", "1"),
    ],
)
def test_a_bad_value_falls_back_alone(name, value):
    assert from_url({"jet": ["7"], "scale": ["linear"]} | {name: [value]}) == replace(
        DEFAULT,
        jet=0 if name == "jet" else 7,
        scale="log" if name == "scale" else "linear",
    )


def test_at_most_four_models_and_each_once():
    assert from_url({"model": ["a", "b", "a", "c", "d", "e"]}).models == ("a", "b", "c", "d")
