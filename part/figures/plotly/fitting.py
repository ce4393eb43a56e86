"""Texts that fit into figures whose width only the browser knows.

Their sizes are CSS lengths in which 100cqw is the width of the element that the page calls a container; elsewhere it is
that of the window.
"""

from collections.abc import Sequence

from part.figures.plotly.theme import to_html

SMALLEST_NUMBER = 8.0  # px; smaller numbers in cells are left out, and hovers tell them
SMALLEST_TITLE = 10.0  # px; longer titles are broken into two lines
NARROWEST = 260  # px, the least width for which pages make room
LINE_HEIGHT = 1.25  # in font sizes
CELL_PADDING = 4  # px
NARROW, WIDE = "ijlft.,:;'|!()[]· ", "mwMW%@ΣΔ→×±"


def text_width(text: str) -> float:
    """Return about how wide the longest line of a text is, in font sizes."""
    lines = text.split("\n")
    return max(sum(0.28 if c in NARROW else 0.8 if c in WIDE else 0.52 for c in line) for line in lines)


def fit_numbers(texts: Sequence[Sequence[str]], size: float, margin: float, height: float) -> str:
    """Return plotly's template for the texts of cells: smaller in small cells, and none where they would not be read.

    Parameters
    ----------
    texts : sequence of sequence of str
        The rows of texts, lines separated by newlines.
    size : float
        The largest size [px].
    margin : float
        The width of the figure that cells do not have [px].
    height : float
        That of all cells together [px].
    """
    columns = max((len(row) for row in texts), default=0)
    used = [text for row in texts for text in row if text]
    if not used:
        return ""
    lines = max(text.count("\n") + 1 for text in used)
    size = min(size, (height / len(texts) - 2) / (LINE_HEIGHT * lines))
    if size < SMALLEST_NUMBER:
        return ""
    return f'<span style="font-size:{_number_size(size, columns, max(map(text_width, used)), margin)}">%{{text}}</span>'


def _number_size(size: float, columns: int, width: float, margin: float) -> str:
    fitting = f"(100cqw - {margin + CELL_PADDING * columns:.0f}px) / {columns * width:.2f}"
    return f"max(0px,min({size:.1f}px,{fitting},({fitting} - {SMALLEST_NUMBER}px) * 1000))"


def fit_title(text: str, size: float = 14.0, margin: float = 60.0) -> str:
    """Return a title as HTML, smaller where the figure is narrow, and in two lines where it has many words.

    `margin` is the width of the figure that the title does not have [px].
    """
    room = NARROWEST - margin
    if text_width(text) * size <= room:
        return to_html(text)
    if text_width(text) * SMALLEST_TITLE > room:
        text = _in_two_lines(text)
    fitting = f"(100cqw - {margin:.0f}px) / {text_width(text):.2f}"
    html = to_html(text).replace("\n", "<br>")
    return f'<span style="font-size:max({SMALLEST_TITLE}px,min({size}px,{fitting}))">{html}</span>'


def fit_beside(text: str, height: float, size: float = 14.0) -> tuple[str, int]:
    """Return the title of a vertical axis of this length [px], as HTML, and how many lines it has."""
    if text_width(text) * SMALLEST_TITLE > height:
        text = _in_two_lines(text)
    html, lines = to_html(text).replace("\n", "<br>"), text.count("\n") + 1
    fitting = max(SMALLEST_TITLE, height / max(text_width(text), 1))
    return (html if fitting >= size else f'<span style="font-size:{fitting:.1f}px">{html}</span>'), lines


def _in_two_lines(text: str) -> str:
    """Return a text broken where its halves are most alike."""
    breaks = [i for i, character in enumerate(text) if character == " "]
    if not breaks:
        return text
    middle = min(breaks, key=lambda i: abs(2 * i - len(text)))
    return f"{text[:middle]}\n{text[middle + 1 :]}"
