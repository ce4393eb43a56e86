"""The HTML that opens a page, which tells the browser where the server is.

Otherwise Streamlit's own HTML asks below the page's address first, such as /train/_stcore/health, and the browser's
console reports that there is nothing.
"""

from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
SCRIPT = '<script>window.__streamlit = { BACKEND_BASE_URL: new URL("./", location.href).href }</script>'


def page_routes(pages: tuple[str, ...]) -> list[Route]:
    """Return the routes of pages, by the last part of their addresses."""
    return [Route(f"/{page}", _open) for page in pages]


async def _open(_: Request) -> HTMLResponse:
    html = INDEX.read_text(encoding="utf-8").replace("<head>", f"<head>{SCRIPT}", 1)
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})
