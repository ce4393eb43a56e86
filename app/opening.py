"""The HTML that opens a page, with the script of opening.js before Streamlit's own.

Pages with charts ask for plotly's code, the largest of all, at once: Streamlit would ask for it with the first chart.
"""

from functools import partial
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit import config

INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
SCRIPT = f"<script>\n{Path(__file__).with_suffix('.js').read_text(encoding='utf-8')}</script>"


CHARTS = "".join(
    f'<link rel="modulepreload" crossorigin href="./static/js/{path.name}">'
    for path in (INDEX.parent / "static" / "js").glob("PlotlyChart.*.js")
)


def page_routes(pages: tuple[str, ...]) -> list[Route]:
    """Return the routes of the first page and of each page by its name, below the server's base path."""
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    has_charts = {page: page != pages[0] for page in pages} | {"": False}
    return [
        Route(f"{f'/{base}' if base else ''}/{page}", partial(_open, CHARTS if has_charts[page] else ""))
        for page in ("", *pages)
    ]


async def _open(links: str, _: Request) -> HTMLResponse:
    html = INDEX.read_text(encoding="utf-8").replace("<head>", f"<head>{SCRIPT}{links}", 1)
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})
