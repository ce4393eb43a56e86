"""The JavaScript, style sheets and HTML of the canvases, as text."""

from pathlib import Path

_HERE = Path(__file__).parent
FILES = {  # the elements and the style sheets of each kind of canvas
    "mosaic": ("mosaic.html", ("mosaic.css",)),
    "matrix": ("matrix.html", ("matrix.css", "tip.css")),
    "slots": ("matrix.html", ("matrix.css", "tip.css")),
    "display": ("display.html", ("display.css", "tip.css")),
    "table": ("table.html", ("table.css",)),
}


def canvas_html(kind: str) -> str:
    """Return the elements that a kind of canvas draws into."""
    return _text(FILES[kind][0])


def canvas_css(kind: str) -> str:
    """Return the style sheet of a kind of canvas, which lives in a shadow tree of its own."""
    return "".join(map(_text, FILES[kind][1]))


def canvas_script(kind: str) -> str:
    """Return the JavaScript of a kind of canvas, preceded by the helpers that all of them share."""
    return shared_script() + _text(f"{kind}.js")


def shared_script() -> str:
    """Return the helpers alone."""
    return _text("shared.js")


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
