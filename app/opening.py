"""The HTML that opens a page, with the script of opening.js before Streamlit's own."""

from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit import config

INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
SCRIPT = f"<script>\n{Path(__file__).with_suffix('.js').read_text(encoding='utf-8')}</script>"


def page_routes(pages: tuple[str, ...]) -> list[Route]:
    """Return the routes of the first page and of each page by its name, below the server's base path."""
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    return [Route(f"{f'/{base}' if base else ''}/{page}", _open) for page in ("", *pages)]


async def _open(_: Request) -> HTMLResponse:
    html = INDEX.read_text(encoding="utf-8").replace("<head>", f"<head>{SCRIPT}", 1)
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})
