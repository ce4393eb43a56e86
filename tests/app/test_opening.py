"""The HTML that opens each page is Streamlit's own, with our script before all of its scripts."""

import asyncio

from streamlit import config

from app import opening
from streamlit_app import PAGES


def html_of(path: str) -> str:
    [route] = [route for route in opening.page_routes(PAGES) if route.path == path]
    return bytes(asyncio.run(route.endpoint(None)).body).decode()


def test_routes_are_below_the_base_path_of_the_server():
    config.set_option("server.baseUrlPath", "/tools/partscope/")
    try:
        paths = [route.path for route in opening.page_routes(("compare",))]
    finally:
        config.set_option("server.baseUrlPath", "")
    assert paths == ["/tools/partscope/", "/tools/partscope/compare"]


def test_every_page_opens_with_the_script_first():
    assert [route.path for route in opening.page_routes(PAGES)] == ["/", *(f"/{page}" for page in PAGES)]
    html = html_of("/train")
    assert html == html_of("/")
    assert html.index("BACKEND_BASE_URL") < html.index('type="module"')
    assert html.replace(opening.SCRIPT, "") == opening.INDEX.read_text(encoding="utf-8")
