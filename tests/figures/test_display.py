from dataclasses import replace

import numpy as np
import pytest
from helpers.scene import made_up_scene

from part.figures import View, figure_data, style


def test_edges_are_the_largest_off_the_diagonal(scene):
    data = figure_data(scene, View("display", layer=1, head=2, edges=20))
    values = scene.trace.pattern[1, 2].copy()
    assert (data.query != data.key).all()
    np.testing.assert_array_equal(data.weight, values[data.query, data.key])
    np.fill_diagonal(values, -1)
    np.testing.assert_array_equal(data.weight, np.sort(values, axis=None)[::-1][:20])
    assert len(set(zip(data.query, data.key, strict=True))) == 20


def test_edges_of_signed_quantities_are_the_largest_in_size(scene):
    data = figure_data(scene, View("display", "bias", edges=30))
    assert (np.diff(np.abs(data.weight)) <= 0).all()
    assert (data.weight < 0).any()
    assert (data.weight > 0).any()


def test_a_query_shows_its_own_row(scene):
    data = figure_data(scene, View("display", query=3, edges=500))
    assert set(data.query) == {3}
    assert sorted(data.key) == [i for i in range(len(scene.constituents)) if i != 3]


def test_strength_is_comparable_between_models(scene):
    view = View("display", "value_norms", edges=15)
    limits = (1e-4, 2.0)
    first, second = (figure_data(s, view, limits) for s in (scene, made_up_scene(seed=4)))
    weight = np.concatenate((first.weight, second.weight))
    strength = np.concatenate((first.strength, second.strength))
    order = np.argsort(weight)
    assert (np.diff(strength[order]) >= 0).all()
    assert strength.min() >= 0
    assert strength.max() <= 1
    assert (np.diff(style.edge_width(strength[order])) >= 0).all()
    assert (np.diff(style.edge_opacity(strength[order])) >= 0).all()


def test_subjets_and_areas(scene):
    data = figure_data(scene, View("display"))
    np.testing.assert_array_equal(data.within, data.subjet[data.query] == data.subjet[data.key])
    np.testing.assert_allclose(data.size**2 * data.pt.max(), data.pt)


def test_a_far_soft_constituent_is_left_outside_unless_it_is_chosen(scene):
    particles = scene.constituents
    softest = int(particles.pt.argmin())
    deta, pt = particles.deta.copy(), particles.pt.copy()
    deta[softest], pt[softest] = 3.0, 1e-3
    far = replace(scene, constituents=replace(particles, deta=deta, pt=pt))
    data = figure_data(far, View("display"))
    inside = np.maximum(np.abs(deta), np.abs(particles.dphi)) <= data.extent
    assert data.extent < 1.5
    assert not inside[softest]
    assert data.outside == (~inside).sum()
    assert pt[inside].sum() >= 0.99 * pt.sum()
    assert figure_data(far, View("display", query=softest)).extent >= 3.0


def test_a_lone_particle_has_no_edges():
    data = figure_data(made_up_scene(1), View("display"))
    assert len(data.weight) == len(data.strength) == 0


def test_a_model_without_attention_still_shows_the_jet(scene):
    nothing = dict.fromkeys(("scores_qk", "bias", "pattern", "value_norms"))
    mute = replace(scene, trace=replace(scene.trace, **nothing))
    data = figure_data(mute, View("display"))
    assert len(data.weight) == 0
    assert data.title == "Constituents"
    assert mute.figures == ("class", "display", "prediction")


def test_colours_tell_the_sign():
    assert style.edge_colours(np.array([1.0, -1.0]), True, "#000000") == [style.POSITIVE, style.NEGATIVE]
    assert style.edge_colours(np.array([1.0, 2.0]), False, "#123456") == ["#123456", "#123456"]


def test_colours_must_be_hexadecimal():
    assert style.rgba("#ff8000", 0.5) == "rgba(255, 128, 0, 0.500)"
    with pytest.raises(style.PartError, match="expected #rrggbb"):
        style.rgba("red", 1.0)
