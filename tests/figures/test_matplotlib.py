import io
import re
import threading
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from helpers.jet_view import random_jet_view
from matplotlib.image import imread
from matplotlib.text import Text

from part.errors import PartError
from part.figures.data import figure_data
from part.figures.matplotlib import draw_matplotlib, figure_bytes
from part.figures.matplotlib.style import publication_style
from part.figures.palette import colormap
from part.figures.view import FIGURES, View


@pytest.fixture(scope="module")
def large():
    return random_jet_view(60)


@pytest.mark.parametrize("width", [2.4, 3.4, 7.0])
@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("order", ["pt", "species"])
def test_no_text_is_cut_off(large, figure, width, order):
    if order == "species" and figure in ("display", "prediction"):
        pytest.skip("shows no order")
    drawing = draw_matplotlib(figure_data(large, View(figure, order=order, query=3)), width)
    with publication_style():
        drawing.draw_without_rendering()
        boxes = {
            text.get_text(): text.get_window_extent()
            for text in drawing.findobj(Text)
            if text.get_visible() and text.get_text().strip()
        }
    assert len(boxes) > 5
    for words, box in boxes.items():
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= drawing.bbox.x1 and box.y1 <= drawing.bbox.y1
        assert inside, (words, box, drawing.bbox)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_figure_gives_the_same_file(jet_view, kind):
    data = figure_data(jet_view, View("class"))
    assert figure_bytes(draw_matplotlib(data), kind, {}) == figure_bytes(draw_matplotlib(data), kind, {})


def test_colours_of_the_cells_are_those_of_the_pixels(jet_view):
    data = figure_data(jet_view, View(layer=1))
    image = draw_matplotlib(data).axes[0].images[0]
    colours = np.round(255 * image.cmap(image.norm(image.get_array()))[..., :3]).astype(int)
    expected = colormap(signed=False)[data.pixels].astype(int)
    assert np.abs(colours - expected).max() <= 4  # at most the neighbouring level


def test_pdf_holds_true_fonts(jet_view):
    content = figure_bytes(draw_matplotlib(figure_data(jet_view, View("display"))), "pdf", {"Title": "x"})
    assert content.startswith(b"%PDF")
    assert b"/FontFile2" in content  # TrueType
    assert b"/Type3" not in content
    assert set(re.findall(rb"/BaseFont /[A-Z]+\+(\w+)", content)) <= {
        b"FiraSans",
        b"DejaVuSans",
        b"STIXGeneral",
    }


def test_svg_is_well_formed_and_has_no_external_links(jet_view):
    content = figure_bytes(draw_matplotlib(figure_data(jet_view, View("mosaic"))), "svg", {})
    root = ElementTree.fromstring(content)
    assert root.tag.endswith("svg")
    links = [value for node in root.iter() for name, value in node.attrib.items() if name.endswith("href")]
    assert links
    assert all(link.startswith(("#", "data:")) for link in links)


def test_png_has_the_requested_size(jet_view):
    drawing = draw_matplotlib(figure_data(jet_view, View()), width=2.5)
    pixels = imread(io.BytesIO(figure_bytes(drawing, "png", {}, dpi=100)), format="png")
    assert pixels.shape[1] == 250


def test_global_settings_stay_unchanged(jet_view):
    before = dict(matplotlib.rcParams)
    data = figure_data(jet_view, View("prediction"))
    reference = figure_bytes(draw_matplotlib(data), "png", {}, dpi=50)
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(figure_bytes(draw_matplotlib(data), "png", {}, dpi=50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [reference] * 4
    assert dict(matplotlib.rcParams) == before


def test_a_figure_needs_some_width(jet_view):
    with pytest.raises(PartError, match=r"is 0\.5 inches; expected 2.4 to 12"):
        draw_matplotlib(figure_data(jet_view, View()), width=0.5)
