import io
import re
import threading
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from helpers.scene import made_up_scene
from matplotlib.image import imread
from matplotlib.text import Text

from part.errors import PartError
from part.figures import View, draw_paper, figure_data, palette
from part.figures.matplotlib import save_paper
from part.figures.matplotlib.style import style
from part.figures.view import FIGURES


@pytest.fixture(scope="module")
def large():
    return made_up_scene(60)


@pytest.mark.parametrize("width", [2.4, 3.4, 7.0])
@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("order", ["pt", "species"])
def test_no_words_are_cut_off(large, figure, width, order):
    if order == "species" and figure in ("display", "prediction"):
        pytest.skip("shows no order")
    drawn = draw_paper(figure_data(large, View(figure, order=order, query=3)), width)
    with style():
        drawn.draw_without_rendering()
        boxes = {
            text.get_text(): text.get_window_extent()
            for text in drawn.findobj(Text)
            if text.get_visible() and text.get_text().strip()
        }
    assert len(boxes) > 5
    for words, box in boxes.items():
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= drawn.bbox.x1 and box.y1 <= drawn.bbox.y1
        assert inside, (words, box, drawn.bbox)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_figure_gives_the_same_file(scene, kind):
    data = figure_data(scene, View("class"))
    assert save_paper(draw_paper(data), kind, {}) == save_paper(draw_paper(data), kind, {})


def test_colours_of_the_cells_are_those_of_the_pixels(scene):
    data = figure_data(scene, View(layer=1))
    image = draw_paper(data).axes[0].images[0]
    drawn = np.round(255 * image.cmap(image.norm(image.get_array()))[..., :3]).astype(int)
    expected = palette("pattern")[data.pixels].astype(int)
    assert np.abs(drawn - expected).max() <= 4  # at most the neighbouring level


def test_pdf_holds_true_fonts(scene):
    content = save_paper(draw_paper(figure_data(scene, View("display"))), "pdf", {"Title": "x"})
    assert content.startswith(b"%PDF")
    assert b"/FontFile2" in content  # TrueType
    assert b"/Type3" not in content
    assert set(re.findall(rb"/BaseFont /[A-Z]+\+(\w+)", content)) <= {
        b"FiraSans",
        b"DejaVuSans",
        b"STIXGeneral",
    }


def test_svg_is_well_formed_and_stands_alone(scene):
    content = save_paper(draw_paper(figure_data(scene, View("mosaic"))), "svg", {})
    root = ElementTree.fromstring(content)
    assert root.tag.endswith("svg")
    links = [value for node in root.iter() for name, value in node.attrib.items() if name.endswith("href")]
    assert links
    assert all(link.startswith(("#", "data:")) for link in links)


def test_png_has_the_size_asked_for(scene):
    drawn = draw_paper(figure_data(scene, View()), width=2.5)
    pixels = imread(io.BytesIO(save_paper(drawn, "png", {}, dpi=100)), format="png")
    assert pixels.shape[1] == 250


def test_settings_of_others_are_left_alone(scene):
    before = dict(matplotlib.rcParams)
    data = figure_data(scene, View("prediction"))
    reference = save_paper(draw_paper(data), "png", {}, dpi=50)
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(save_paper(draw_paper(data), "png", {}, dpi=50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [reference] * 4
    assert dict(matplotlib.rcParams) == before


def test_a_figure_needs_some_width(scene):
    with pytest.raises(PartError, match=r"is 0\.5 inches; expected 2.4 to 12"):
        draw_paper(figure_data(scene, View()), width=0.5)
