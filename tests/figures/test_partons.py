"""Partons over the event display: what is drawn, in which colours, on screen, on paper and in exports."""

from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
from helpers.jet_view import N, random_jet_view

from part.figures.constituent_table import tabulate_constituents
from part.figures.data import figure_data
from part.figures.display import short_titles
from part.figures.export_tables import all_arrays, constituents_csv
from part.figures.jet_view import JetView
from part.figures.matplotlib import draw_matplotlib
from part.figures.palette import UNMATCHED, prong_colour, subjet_colour
from part.figures.particles import constituents
from part.figures.partons import NEUTRINO, PRONG, RESONANCE, jet_partons
from part.figures.plotly import draw_plotly
from part.figures.view import COLOURS, View
from part.jets.truth import match, partons


@pytest.fixture(scope="module")
def jet() -> ak.Array:
    """Return a jet of two clusters, with their quarks, a neutrino, the resonance, and a quark outside the jet."""
    rng = np.random.default_rng(2)
    eta = np.concatenate([rng.normal(0.3, 0.02, 7), rng.normal(-0.2, 0.02, N - 8), [0.0]])
    phi = np.concatenate([rng.normal(0.1, 0.02, 7), rng.normal(-0.2, 0.02, N - 8), [0.7]])
    pt = np.concatenate([rng.uniform(5, 20, N - 1), [0.5]])
    p4 = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "energy": pt * np.cosh(eta)}
    columns = {f"part_{name}": [values.tolist()] for name, values in p4.items()}
    rows = {
        "pt": [90.0, 60.0, 30.0, 50.0, 12.0],
        "eta": [0.3, -0.2, 0.1, 0.05, 1.5],
        "phi": [0.1, -0.2, 0.0, 0.0, 0.0],
        "pid": [5, -1, 14, 25, 3],
    }
    columns |= {f"parton_{name}": [values] for name, values in rows.items()}
    columns |= {"jet_eta": [0.0], "jet_phi": [0.0], "jet_pt": [float(pt.sum())], "jet_energy": [float(pt.sum())]}
    return ak.zip({name: ak.Array(values) for name, values in columns.items()}, depth_limit=1)


@pytest.fixture(scope="module")
def shown(jet) -> JetView:
    particles = constituents(jet)
    return random_jet_view(constituents=particles, partons=jet_partons(jet, particles))


def test_kinds_symbols_and_what_is_left_out(shown):
    found = shown.partons
    assert found.kind.tolist() == [PRONG, PRONG, RESONANCE, NEUTRINO]
    assert [found.symbol(i) for i in range(len(found))] == ["b", "d", "H", "ν"]
    assert (found.n_prongs, found.n_outside) == (2, 1)
    titles = found.kind_titles()
    assert titles == {PRONG: "prong (1 beyond ΔR 0.8)", NEUTRINO: "neutrino", RESONANCE: "resonance"}
    np.testing.assert_allclose(found.relative_size[:2] ** 2, [1.0, 60 / 90])


@pytest.mark.parametrize("by", ["deltaR", "kt"])
def test_prongs_of_constituents_are_those_of_the_library(shown, jet, by):
    prong = shown.partons.prong(by)
    assert prong.tolist() == match(jet, partons(jet), by)[0].tolist()
    assert prong[:-1].tolist() == [0] * 7 + [1] * (N - 8)


def test_jets_without_partons_have_none(jet):
    particles = constituents(jet)
    assert jet_partons(jet[[name for name in jet.fields if not name.startswith("parton_")]], particles) is None
    outside = ak.with_field(jet, jet["parton_eta"] + 3, "parton_eta")
    assert jet_partons(outside, particles) is None


def test_colours_are_those_of_subjets_or_prongs(shown):
    data = figure_data(shown, View("display"))
    assert data.colours == [subjet_colour(i) for i in shown.constituents.subjet]
    assert set(data.parton_colours) == {None}
    data = figure_data(shown, View("display", colour="deltaR"))
    assert data.colours == [prong_colour(0)] * 7 + [prong_colour(1)] * (N - 8) + [UNMATCHED]
    assert data.parton_colours == [prong_colour(0), prong_colour(1), None, None]
    titles = [("prong 1 b", prong_colour(0)), ("prong 2 d", prong_colour(1)), ("no prong", UNMATCHED)]
    assert data.colour_titles() == titles
    assert short_titles([title for title, _ in titles]) == ["prong 1 b", "2 d", "no prong"]


def test_a_jet_without_prongs_has_the_colours_of_its_subjets(shown):
    without = replace(shown, partons=None)
    assert figure_data(without, View("display", colour="kt")).colours == figure_data(shown, View("display")).colours
    assert "prong" not in tabulate_constituents(without, View(colour="kt"))


def test_the_square_holds_the_prongs_but_need_not_hold_other_partons(shown):
    found = shown.partons
    far = replace(found, deta=np.array([0.75, -0.2, 0.1, 0.05]))
    assert figure_data(replace(shown, partons=far), View("display")).extent >= 0.75
    extent = figure_data(replace(shown, partons=None), View("display")).extent
    neutrino = replace(found, deta=np.array([0.3, -0.2, 0.05, 0.79]))
    assert figure_data(replace(shown, partons=neutrino), View("display")).extent == max(extent, 0.35)


@pytest.mark.parametrize("colour", COLOURS)
def test_the_drawings_show_every_parton_and_a_legend(shown, colour):
    data = figure_data(shown, View("display", colour=colour))
    figure = draw_plotly(data)
    (drawn,) = [trace for trace in figure.data if trace.mode == "markers+text"]
    assert [text.removeprefix("<b>").removesuffix("</b>") for text in drawn.text] == ["b", "d", "H", "ν"]
    np.testing.assert_array_equal(drawn.x, shown.partons.deta)
    names = {trace.name for trace in figure.data}
    assert {"prong (1 beyond ΔR 0.8)", "neutrino", "resonance"} <= names
    paper = draw_matplotlib(data)
    assert {text.get_text() for text in paper.axes[0].texts} >= {"b", "d", "H"}
    legend = [text.get_text() for text in paper.legends[0].get_texts()]
    assert any("beyond" in text for text in legend)
    assert ("no prong" in legend) == (colour == "deltaR")


def test_without_partons_no_legend_names_them(shown):
    data = figure_data(replace(shown, partons=None), View("display"))
    assert not [trace for trace in draw_plotly(data).data if "prong" in (trace.name or "")]
    assert not [text for text in draw_matplotlib(data).legends[0].get_texts() if "prong" in text.get_text()]


def test_exports_hold_partons_and_the_prong_of_each_constituent(shown):
    arrays = all_arrays(figure_data(shown, View("display")))
    assert arrays["parton_pid"].values.tolist() == [5, -1, 25, 14]
    for by in ("deltaR", "kt"):
        exported = arrays[f"constituent_prong_{by}"]
        assert exported.axes == ("constituent",)
        np.testing.assert_array_equal(exported.values, shown.partons.prong(by))
    heading, first, *_ = constituents_csv(shown).decode().splitlines()
    assert dict(zip(heading.split(","), first.split(","), strict=True))["prong_deltaR"] == "0"
    plain = all_arrays(figure_data(replace(shown, partons=None), View("display")))
    assert not [name for name in plain if "prong" in name or "parton" in name]


def test_the_table_names_the_prong_in_the_matching_of_the_colours(shown):
    by_distance = tabulate_constituents(shown, View(order="file"))["prong"].tolist()
    assert by_distance == ["1 b"] * 7 + ["2 d"] * (N - 8) + [""]
    by_history = tabulate_constituents(shown, View(order="file", colour="kt"))["prong"].tolist()
    assert by_history[:-1] == by_distance[:-1]
