"""The opening page is prepared while the server starts."""

import gc

import pytest
import streamlit as st
from helpers.app_driver import ROOT
from streamlit.web.server.app_discovery import discover_asgi_app

from app import warm_up
from app.services.figures import view_jet
from app.services.models import load_tagger, model_names
from app.state.find_file import find_file
from app.state.selection import OPENING, first_jet
from part.inference.tagger import Tagger


def test_the_server_finds_its_own_entry_in_the_script():
    assert discover_asgi_app(ROOT / "streamlit_app.py").import_string == "streamlit_app:server"


@pytest.mark.slow
def test_the_opening_jet_is_traced_before_anybody_asks(monkeypatch):
    st.cache_resource.clear()  # another test of this process may have begun the work with other folders
    st.cache_data.clear()
    try:
        warm_up.start().join()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
    monkeypatch.setattr(Tagger, "trace", None)  # from here on no jet can be traced
    name = model_names()[0]
    file, _, _ = find_file(OPENING.file, (name,))
    assert view_jet(file, first_jet(file.name), load_tagger(name, file), name).trace.has("pattern")
    with pytest.raises(TypeError):
        view_jet(file, first_jet(file.name) + 1, load_tagger(name, file), name)
