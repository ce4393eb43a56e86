"""Pages of headings, text, tables and figures as one PDF, such as one appends to an analysis note.

Boxes follow each other down a page of A4, and what does not fit begins the next page. A box is not split, and one that
is kept with the next is on the same page.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D

from part.figures.matplotlib.style import drawn_into, publication_style
from part.figures.matplotlib.text import printable, text_width, wrap_text
from part.figures.palette import LIGHT

WIDTH, HEIGHT = 8.27, 11.69  # inches, of A4
LEFT, TOP, BOTTOM = 0.85, 0.8, 0.75  # margins
TEXT_WIDTH = WIDTH - 2 * LEFT
GAP = 0.22  # between figures side by side
HEATMAP_DPI = 300
SIZES = {"title": 17.0, "heading": 12.0, "subheading": 9.0, "text": 8.5, "small": 7.0}  # points
LINE = 1.4  # of a line, in sizes of its letters
PADDING = 0.14  # between columns of a table

DrawFigure = Callable[[], Figure]


@dataclass(frozen=True)
class Box:
    """Something on a page.

    Attributes
    ----------
    height : float
        In inches.
    draw : callable
        Draws it on a page, its upper edge at some inches from the lower end of the page.
    keep : bool
        Whether the next box is on the same page, so that no heading ends a page.
    """

    height: float
    draw: Callable[[Figure, float], None]
    keep: bool = False


class Pages:
    """A PDF that grows box by box.

    Parameters
    ----------
    running_title : str
        What is in small letters at the foot of each page, beside its number.
    """

    def __init__(self, running_title: str):
        self._running_title = running_title
        self._boxes: list[Box] = []

    def text(self, text: str, style: str = "text", indent: float = 0.0, keep: bool = False) -> None:
        """Add a paragraph in a style of `SIZES`; titles and headings are bold.

        They are on the same page as what follows them; so is a text that says `keep`.
        """
        size, weight = SIZES[style], "bold" if "title" in style or "heading" in style else "normal"
        above = {"title": 0.0, "heading": 0.2, "subheading": 0.1}.get(style, 0.0)
        lines = wrap_text(text, TEXT_WIDTH - indent, size, weight)
        colour = LIGHT.faint if style == "small" else LIGHT.text
        for number, line in enumerate(lines):
            height = size * LINE / 72
            space = above if number == 0 else 0.0
            below = 0.07 if number == len(lines) - 1 else 0.0

            def draw(page: Figure, top: float, line: str = line, space: float = space) -> None:
                _write(page, LEFT + indent, top - space, line, size, weight, colour)

            self._boxes.append(Box(space + height + below, draw, keep or weight == "bold"))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], wide: int | None = None) -> None:
        """Add a table; the column `wide` takes the rest of the width and its texts are wrapped."""
        size = SIZES["small"]
        widths = [max(text_width(text, size) for text in column) for column in zip(columns, *rows, strict=True)]
        rest = TEXT_WIDTH - PADDING * (len(widths) - 1)
        if wide is not None:
            widths[wide] = min(widths[wide], rest - sum(widths) + widths[wide])
        scale = min(1.0, rest / sum(widths))  # of letters, of a table that is too wide
        places = [LEFT + sum(widths[:i]) * scale + i * PADDING for i in range(len(widths))]
        end = places[-1] + widths[-1] * scale
        header = self._row(columns, places, widths, size * scale, "bold", rule=(0.7, end))
        self._boxes.append(Box(header.height, header.draw, keep=True))
        self._boxes += [self._row(row, places, widths, size * scale, "normal", rule=(0.15, end)) for row in rows]
        self._boxes.append(Box(0.12, lambda page, top: None))

    def _row(
        self,
        cells: Sequence[str],
        places: Sequence[float],
        widths: Sequence[float],
        size: float,
        weight: str,
        rule: tuple[float, float],
    ) -> Box:
        lines = [wrap_text(text, width + 0.02, size, weight) for text, width in zip(cells, widths, strict=True)]
        height = max(map(len, lines)) * size * LINE / 72 + 0.03

        def draw(page: Figure, top: float) -> None:
            for cell, place in zip(lines, places, strict=True):
                for number, line in enumerate(cell):
                    _write(page, place, top - number * size * LINE / 72, line, size, weight, LIGHT.text)
            thickness, end = rule
            _rule(page, LEFT, end, top - height + 0.015, thickness)

        return Box(height, draw)

    def figures(self, drawings: Sequence[tuple[DrawFigure, str]]) -> None:
        """Add figures with their captions, as many side by side as the page is wide."""
        row: list[tuple[DrawFigure, str, float, float]] = []
        for draw, caption in drawings:
            width, height = draw().get_size_inches()
            if row and sum(item[2] for item in row) + len(row) * GAP + width > TEXT_WIDTH + 0.01:
                self._boxes.append(_row_of_figures(row))
                row = []
            row.append((draw, caption, width, height))
        if row:
            self._boxes.append(_row_of_figures(row))

    def to_bytes(self, metadata: dict[str, str]) -> bytes:
        """Return the PDF; the same boxes give the same file."""
        out = io.BytesIO()
        with publication_style(), PdfPages(out, metadata={"CreationDate": None, **metadata}) as pdf:
            pages = list(self._pages())
            for number, boxes in enumerate(pages, 1):
                page = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
                top = HEIGHT - TOP
                for box in boxes:
                    box.draw(page, top)
                    top -= box.height
                _write(page, LEFT, BOTTOM - 0.25, self._running_title, SIZES["small"], "normal", LIGHT.faint)
                text = f"{number} / {len(pages)}"
                place = WIDTH - LEFT - text_width(text, SIZES["small"])
                _write(page, place, BOTTOM - 0.25, text, SIZES["small"], "normal", LIGHT.faint)
                pdf.savefig(page, dpi=HEATMAP_DPI)
        return out.getvalue()

    def _pages(self) -> list[list[Box]]:
        pages: list[list[Box]] = [[]]
        left = room = HEIGHT - TOP - BOTTOM
        together: list[Box] = []
        for box in self._boxes:
            together.append(box)
            if box.keep and sum(one.height for one in together) < room:
                continue
            height = sum(one.height for one in together)
            if pages[-1] and height > left:
                pages.append([])
                left = room
            pages[-1] += together
            left -= height
            together = []
        pages[-1] += together
        return pages


def _row_of_figures(row: Sequence[tuple[DrawFigure, str, float, float]]) -> Box:
    size = SIZES["small"]
    captions = [wrap_text(caption, width, size) if caption else [] for _, caption, width, _ in row]
    tallest = max(height for _, _, _, height in row)
    below = max(map(len, captions)) * size * LINE / 72

    def draw_row(page: Figure, top: float) -> None:
        left = LEFT
        for (draw, _, width, height), caption in zip(row, captions, strict=True):
            lower = HEIGHT - top + height
            across, down = (left, width, WIDTH - left - width), (lower - height, height, HEIGHT - lower)
            grid = GridSpec(3, 3, figure=page, width_ratios=across, height_ratios=down)
            with drawn_into(page.add_subfigure(grid[1, 1])):
                draw()
            for number, line in enumerate(caption):
                place = top - tallest - 0.04 - number * size * LINE / 72
                _write(page, left, place, line, size, "normal", LIGHT.text)
            left += width + GAP

    return Box(tallest + below + 0.22, draw_row)


def _write(page: Figure, left: float, top: float, text: str, size: float, weight: str, colour: str) -> None:
    page.text(
        left / WIDTH,
        top / HEIGHT,
        " ".join(map(printable, text.split(" "))),
        va="top",
        fontsize=size,
        fontweight=weight,
        color=colour,
    )


def _rule(page: Figure, left: float, right: float, height: float, thickness: float) -> None:
    line = Line2D([left / WIDTH, right / WIDTH], [height / HEIGHT] * 2, linewidth=thickness, color=LIGHT.faint)
    page.add_artist(line)
