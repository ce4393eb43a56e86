"""The style of figures on paper, after mplhep: sans serif, ticks inwards on all sides, sizes for a column.

matplotlib's settings are global and the app draws in threads, so all drawing happens within `publication_style()`.
"""

import importlib.util
import textwrap
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib.style
from matplotlib import font_manager
from matplotlib.figure import Figure, SubFigure

from part.figures.data import FigureData
from part.figures.view import lower_first

SYMBOLS = {
    "pT": r"$p_{\mathrm{T}}$",
    "d0": r"$d_0$",
    "log10": r"$\log_{10}$",
    "η": r"$\eta$",
    "φ": r"$\phi$",
    "√d": r"$\sqrt{d}$",
    "ν": r"$\nu$",
    "′": "'",
}
# The first comes with mplhep, the second with matplotlib. mplhep's Helvetica is OpenType, which matplotlib
# embeds in PDF as if it were TrueType; journals reject that.
FONT, FALLBACK = "Fira Sans", "DejaVu Sans"
SETTINGS = {
    "font.family": [FONT, FALLBACK],
    "font.size": 8.0,
    "mathtext.fontset": "custom",
    "mathtext.rm": FONT,
    "mathtext.it": f"{FONT}:italic",
    "mathtext.bf": f"{FONT}:bold",
    "mathtext.cal": FONT,
    "mathtext.fallback": "stixsans",
    "axes.linewidth": 0.6,
    "axes.labelsize": 8.0,
    "axes.titlesize": 8.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.major.size": 3.5,
    "ytick.major.size": 3.5,
    "xtick.minor.size": 2.0,
    "ytick.minor.size": 2.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "part",  # makes the same figure give the same file
}
COLUMN_AND_A_HALF = 5.0  # inches; narrower figures have half as many numbers, and legends in more rows
_lock = threading.RLock()
_panel: ContextVar[SubFigure | None] = ContextVar("panel", default=None)


@contextmanager
def publication_style() -> Generator[None, None, None]:
    """Apply the settings of our figures, in one thread at a time."""
    with _lock:
        register_fonts()
        with matplotlib.style.context(["default", SETTINGS]):
            yield


@cache
def register_fonts() -> None:
    package = importlib.util.find_spec("mplhep_data")
    if package is None or package.origin is None:
        return
    folder = Path(package.origin).parent / "fonts" / "firasans"
    for face in ("Regular", "Italic", "Bold"):
        if (path := folder / f"FiraSans-{face}.ttf").is_file():
            font_manager.fontManager.addfont(path)


def tex(text: str) -> str:
    """Return a plain text with its physical symbols in mathtext."""
    for plain, markup in SYMBOLS.items():
        text = text.replace(plain, markup)
    return text


def mathtext_superscripts(label: str) -> str:
    """Return a label such as "≤10⁻⁴" with its superscripts in mathtext, because the font lacks them."""
    digits = label.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    head = len(label.rstrip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    if head == len(label):
        return label
    return f"{label[:head]}$^{{{digits[head:]}}}$"


@contextmanager
def drawn_into(panel: SubFigure) -> Generator[None, None, None]:
    """Make the next figure of this block a part of a page, which is as large as the figure would be alone."""
    token = _panel.set(panel)
    try:
        yield
    finally:
        _panel.reset(token)


def make_figure(width: float, height: float) -> Figure | SubFigure:
    """Return an empty figure of a size in inches, or the part of a page that `drawn_into` says."""
    return _panel.get() or Figure(figsize=(width, height), layout="constrained")


def new_figure(data: FigureData, width: float, height: float) -> Any:
    """Return an empty figure, `height` inches high below its heading of model, head and jet."""
    return headed_figure([f"{data.jet_view.model}, {lower_first(data.title)}", data.jet_view.heading], width, height)


def headed_figure(lines: Sequence[str], width: float, height: float) -> Any:
    """Return an empty figure, `height` inches high below its heading of lines, which are wrapped."""
    characters = int(23 * width)  # as many as fit into a line at this size
    wrapped = [tex(row) for line in lines for row in textwrap.wrap(line, characters)]
    figure = make_figure(width, height + 0.16 * len(wrapped))
    figure.suptitle("\n".join(wrapped), x=0.02, ha="left", fontsize=7, linespacing=1.4)
    return figure
