"""ParTScope: look into Particle Transformers. Start with `streamlit run streamlit_app.py`.

The server imports this file once, as a module; each run of a page executes it as a script.
"""

from pathlib import Path

import streamlit as st

APP = Path(__file__).parent / "app"
PAGES = (
    "explore",
    "compare",
    "bias",
    "sparsity",
    "atlas",
    "circuits",
    "attribution",
    "intervention",
    "performance",
    "train",
)


def show_page() -> None:
    st.set_page_config("ParTScope", str(APP / "icon.svg"), layout="wide", initial_sidebar_state=250)
    st.logo(str(APP / "logo.svg"), size="medium")
    st.html(APP / "style.css")
    pages = [
        st.Page(
            APP / "pages" / name / "page.py",
            title=name.replace("_", " ").capitalize(),
            url_path=name,
            default=name == PAGES[0],
        )
        for name in PAGES
    ]
    page = st.navigation(pages)

    from app.components.guard import guarded  # after the page's look is there, since it takes a moment
    from app.components.login import require_login

    def run() -> None:
        require_login()
        page.run()
        from app.components.tour.tour import tour  # last, so that the page does not wait for it

        with st.sidebar:
            tour()

    guarded(run)()


if __name__ == "__main__":
    show_page()
else:
    from app import garbage, opening, warm_up

    garbage.collect_seldom()
    warm_up.start()
    server = st.App(__file__, routes=opening.page_routes(PAGES))
