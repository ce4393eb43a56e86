import numpy as np
import pytest

from part.errors import PartError
from part.figures import scale
from part.figures.palette import colormap

LOG, LINEAR = ((1e-4, 1.0), "log"), ((-3.0, 3.0), "linear")


@pytest.mark.parametrize(("limits", "kind"), [LOG, LINEAR])
def test_levels_grow_with_the_value_and_come_back_to_half_a_step(limits, kind):
    values = scale.value(np.linspace(0, 1, 5001), limits, kind)
    levels = scale.encode(values, limits, kind)
    assert levels.dtype == np.uint8
    assert (np.diff(levels.astype(int)) >= 0).all()
    assert set(levels) == set(range(256))
    position = scale.position(scale.decode(levels, limits, kind), limits, kind)
    assert np.abs(position - np.linspace(0, 1, 5001)).max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize(("limits", "kind"), [LOG, LINEAR])
def test_values_beyond_the_limits_take_the_ends(limits, kind):
    below, above = limits[0] - 1e-5 if kind == "log" else limits[0] - 1, limits[1] + 1
    assert scale.encode(np.array([0.0 if kind == "log" else below, below]), limits, kind).tolist() == [0, 0]
    assert scale.encode(np.array([limits[1], above]), limits, kind).tolist() == [255, 255]


def test_a_decade_of_attention_is_a_quarter_of_the_scale():
    position = scale.position(np.array([1e-4, 1e-3, 1e-2, 1e-1, 1.0]), *LOG)
    np.testing.assert_allclose(position, [0, 0.25, 0.5, 0.75, 1], atol=1e-12)


def test_limits_of_attention_are_the_same_for_all():
    assert scale.limits(np.array([[0.3]]), "pattern", "log") == (1e-4, 1.0)
    assert scale.limits(np.array([[0.3]], np.float32), "pattern", "linear") == pytest.approx((0.0, 0.3))


def test_limits_of_signed_quantities_are_symmetric_and_pass_over_the_diagonal():
    values = np.array([[50.0, -3.0], [2.0, 0.0]])
    assert scale.limits(values, "bias", "linear") == (-3.0, 3.0)
    assert scale.limits(np.array([[7.0]]), "bias", "linear") == (-7.0, 7.0)
    assert scale.limits(np.zeros((2, 2)), "bias", "linear") == (-1.0, 1.0)
    assert scale.limits(values, "value_norms", "log") == pytest.approx((50e-4, 50))


@pytest.mark.parametrize(
    ("limits", "kind"),
    [((1.0, 1.0), "linear"), ((2.0, 1.0), "linear"), ((0.0, 1.0), "log"), ((0.0, np.nan), "linear")],
)
def test_limits_that_are_none_are_refused(limits, kind):
    with pytest.raises(PartError, match="do not fit"):
        scale.check_limits(limits, kind)


def test_ticks_lie_inside_and_say_their_value():
    assert [label for _, label in scale.ticks(*LOG)] == ["≤10⁻⁴", "10⁻³", "10⁻²", "0.1", "1"]
    for limits in ((-0.73, 0.73), (0.0, 1.0), (-1234.0, 1234.0), (0.0, 3e-5)):
        marks = scale.ticks(limits, "linear")
        assert 3 <= len(marks) <= 8
        for value, label in marks:
            assert limits[0] <= value <= limits[1]
            assert float(label.replace("−", "-")) == pytest.approx(value)
            assert label != "−0"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colormaps_fade_into_the_background(theme):
    towards = 255 if theme == "light" else 0
    lightness = colormap(False, theme).astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) < 1).all() if theme == "light" else (np.diff(lightness) > -1).all()
    assert abs(lightness[0] - towards) < 40
    signed = colormap(True, theme).astype(float)
    zero = signed[127] @ [0.2126, 0.7152, 0.0722]
    assert abs(zero - towards) < (90 if theme == "dark" else 40)
    assert np.ptp(signed[127]) < 30  # neutral
    if theme == "dark":  # zero is lighter than the page, so that it does not read as a hole
        assert zero > 60
    assert signed[0, 2] > signed[0, 0]  # negative: blue
    assert signed[255, 0] > signed[255, 2]  # positive: red


def test_an_unknown_theme_is_refused():
    with pytest.raises(PartError, match="no theme 'sepia'"):
        colormap(False, "sepia")
