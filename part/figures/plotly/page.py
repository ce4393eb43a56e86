"""A figure as an HTML page of its own that needs no network."""

import html

from part.figures.data import FigureData
from part.figures.plotly.draw import draw_screen

SIZES = {"matrix": (640, 560), "mosaic": (820, 780), "class": (820, 420), "display": (640, 720)}
# plotly.js is inside, and may ask nobody for anything; its WebGL traces compile code of their own.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'unsafe-inline' 'unsafe-eval'",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
    )
)
STYLE = """
body { font: 15px "Source Sans Pro", "Helvetica Neue", Arial, sans-serif; color: #31333f; background: #fff;
  margin: 24px auto; padding: 0 8px; }
h1 { font-size: 18px; margin: 0; }
p { margin: 2px 0 12px; color: #6b6f7b; overflow-wrap: anywhere; }
"""


def standalone(data: FigureData, title: str, told: str) -> str:
    """The page: title, jet, figure, and what is told of its origin."""
    width, height = SIZES.get(data.view.figure, (640, 420))
    figure = draw_screen(data, height=height, background="#ffffff")
    drawing = figure.to_html(full_html=False, include_plotlyjs=True, div_id="figure", config={"displayModeBar": False})
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{html.escape(title)}</title>
<style>{STYLE}</style>
</head>
<body style="max-width: {width}px">
<h1>{html.escape(title)}</h1>
<p>{html.escape(data.scene.heading)}</p>
{drawing}
<p>{html.escape(told)}</p>
</body>
</html>
"""
