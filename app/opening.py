"""The HTML that opens a page, with a script before Streamlit's own.

It tells the browser where the server is; otherwise Streamlit asks below the page's address first, such as
/train/_stcore/health, and the browser's console reports that there is nothing. And it lets the address with the
choices of a page replace the one without, to which its link leads, so that Back takes one press.
"""

from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit import config

INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
SCRIPT = """<script>
window.__streamlit = { BACKEND_BASE_URL: new URL("./", location.href).href };
const push = history.pushState.bind(history);
history.pushState = (state, title, url) => {
  const isSamePage = url && new URL(url, location.href).pathname === location.pathname;
  (isSamePage && !location.search ? history.replaceState.bind(history) : push)(state, title, url);
};
</script>"""


def page_routes(pages: tuple[str, ...]) -> list[Route]:
    """Return the routes of the first page and of each page by its name, below the server's base path."""
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    return [Route(f"{f'/{base}' if base else ''}/{page}", _open) for page in ("", *pages)]


async def _open(_: Request) -> HTMLResponse:
    html = INDEX.read_text(encoding="utf-8").replace("<head>", f"<head>{SCRIPT}", 1)
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})
