"""The partons in Explore: drawn where the file says them, and their prongs as colours of the constituents."""

import json
import shutil
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from helpers.app_driver import in_url, no_exception, sentences, state_of
from helpers.references import shared
from streamlit.testing.v1 import AppTest

from app.pages.explore.state import ExploreState
from part.figures.palette import PRONGS, SUBJETS, UNMATCHED
from part.jets import read_jets


@pytest.fixture(scope="module")
def data(jets_folder, tmp_path_factory) -> Path:
    """Write the jets of toys.root without partons, and with two prongs and a neutrino each but in the second jet."""
    folder = tmp_path_factory.mktemp("partons")
    shutil.copyfile(jets_folder / "toys.root", folder / "toys.root")
    jets = read_jets(folder / "toys.root")
    columns = {name: jets[name] for name in jets.fields}
    n = len(jets)
    rows = {"pt": [300.0, 200.0, 50.0], "eta": [0.1, -0.2, 0.0], "phi": [0.1, -0.1, 0.0], "pid": [-5, 13, 14]}
    axes = {"eta": ak.to_numpy(jets["jet_eta"]), "phi": ak.to_numpy(jets["jet_phi"])}
    for name, values in rows.items():
        of_jets = [[] if j == 1 else [v + axes.get(name, np.zeros(n))[j] for v in values] for j in range(n)]
        columns[f"parton_{name}"] = ak.values_astype(ak.Array(of_jets), np.int32 if name == "pid" else np.float32)
    with uproot.recreate(folder / "truth.root") as file:
        file["tree"] = columns
    return folder


@pytest.fixture(autouse=True)
def own_data(folders, data, monkeypatch):
    monkeypatch.setenv("PARTSCOPE_DATA", str(data))


def shown(app: AppTest, name: str = "display") -> dict:
    drawn = {element.proto.component_name: element.proto for element in no_exception(app).get("bidi_component")}
    return json.loads(drawn[f"partscope_{name}"].json)


def test_the_display_shows_each_parton_with_its_symbol(visit):
    app = visit(file="truth.root")
    assert sentences(app) == []
    display = shown(app)
    assert [(parton[0], parton[5]) for parton in display["partons"]] == [("ring", "b"), ("ring", "μ"), ("cross", "ν")]
    legend = [title for _, _, title in display["legend"]]
    assert {"prong", "neutrino"} <= set(legend)
    assert set(display["colour"]) <= set(SUBJETS)
    assert [box.label for box in app.selectbox if box.label == "Colour"] == ["Colour"]


@pytest.mark.parametrize("colour", ["deltaR", "kt"])
def test_constituents_take_the_colour_of_their_prong(visit, colour):
    app = visit(file="truth.root", colour=colour)
    assert sentences(app) == []
    assert state_of(app, ExploreState).colour == colour
    assert in_url(app, "colour") == [colour]
    display, table = shown(app), shown(app, "table")
    names = dict(zip((*PRONGS[:2], UNMATCHED), ("1 b", "2 μ", "none"), strict=True))
    assert [names[c] for c in display["colour"]] == display["prong"]
    assert table["colours"] == [display["colour"][number - 1] for number in table["numbers"]]
    assert {title for _, _, title in display["legend"]} >= {"prong 1 b", "2 μ"}


def test_the_choice_in_the_page_changes_the_colours(visit):
    app = visit(file="truth.root")
    next(box for box in app.selectbox if box.label == "Colour").set_value("deltaR").run()
    assert shown(app)["colour"][0] in (*PRONGS, UNMATCHED)
    assert in_url(app, "colour") == ["deltaR"]


@pytest.mark.parametrize("params", [{"file": "toys.root"}, {"jet": "1"}])
def test_a_jet_without_partons_has_no_rings_no_legend_and_no_choice(visit, params):
    app = visit(**({"file": "truth.root", "colour": "kt"} | params))
    assert sentences(app) == []
    display = shown(app)
    assert display["partons"] == display["prong"] == []
    assert not [title for _, _, title in display["legend"] if "prong" in title or "neutrino" in title]
    assert set(display["colour"]) <= set(SUBJETS)
    assert "Colour" not in [box.label for box in app.selectbox]


@pytest.mark.witness
def test_jets_of_jetclass_ii_show_their_partons(visit, data):
    shutil.copyfile(shared("real_jets/jetclass2_50.parquet"), data / "jetclass2.parquet")
    display = shown(visit(file="jetclass2.parquet", jet="17"))
    assert [(parton[0], parton[5]) for parton in display["partons"]] == [
        ("ring", "τ"), ("ring", "d"), ("ring", "τ"), ("plus", "H"), ("plus", "H")
    ]  # fmt: skip
    assert "prong (1 beyond ΔR 0.8)" in [title for _, _, title in display["legend"]]
