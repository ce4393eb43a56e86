"""The widths of texts on paper, and lines that are not wider than a column."""

import re
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from part.figures.matplotlib.style import FALLBACK, FONT, mathtext_superscripts, register_fonts, tex

INCH = 72.0  # points


def printable(text: str) -> str:
    """Return a word with its physical symbols and superscripts in mathtext; what was plain stays plain."""
    return mathtext_superscripts(tex(text.replace("$", r"\$")))


@lru_cache(maxsize=20_000)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width in inches of a text of some points, as it is printed."""
    register_fonts()
    font = FontProperties(family=[FONT, FALLBACK], size=size, weight=weight)
    shown = printable(text)
    is_math = len(re.findall(r"(?<!\\)\$", shown)) > 1
    width, _, _ = text_to_path.get_text_width_height_descent(shown, font, is_math)
    return width / INCH


def wrap_text(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Return the lines of a text, each at most `width` inches wide; a longer word is broken."""
    space = text_width("a a", size, weight) - text_width("aa", size, weight)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used = "", 0.0
        for word in _pieces(paragraph.split(), width, size, weight):
            own = text_width(word, size, weight)
            if line and used + space + own > width:
                lines.append(line)
                line, used = "", 0.0
            line, used = (f"{line} {word}", used + space + own) if line else (word, own)
        lines.append(line)
    return lines


def _pieces(words: list[str], width: float, size: float, weight: str) -> list[str]:
    """Return words of which none is wider than a line, such as those of a checksum or of a path."""
    pieces = []
    for word in words:
        while text_width(word, size, weight) > width and len(word) > 1:
            n = max(1, int(len(word) * width / text_width(word, size, weight)) - 1)
            pieces.append(word[:n])
            word = word[n:]
        pieces.append(word)
    return pieces
