"""Choices survive runs that the browser asks for with what it had before."""

from helpers.app_driver import in_url, state_of
from streamlit.testing.v1 import AppTest


def script_with_late_rerun():
    """Run like a page whose fragment, asked for with an older URL, wants the whole page to run again."""
    import streamlit as st

    from app.state import session
    from app.state.selection import JetSelection

    session.load(from_url=not st.session_state.get("late"))
    st.button("choose", key="choose", on_click=session.update, args=(JetSelection,), kwargs={"jet": 4})
    session.store(session.read(JetSelection))
    if st.button("late", key="late"):
        session.rerun()


def test_a_fragment_of_an_older_url_does_not_take_the_choice_back():
    app = AppTest.from_function(script_with_late_rerun)
    app.query_params["jet"] = "2"
    app.run()
    assert state_of(app).jet == 2
    app.button("choose").click().run()
    assert in_url(app, "jet") == ["4"]
    app.query_params["jet"] = "2"  # what the browser still had when it asked for the fragment
    app.button("late").click().run()
    assert state_of(app).jet == 4
    assert in_url(app, "jet") == ["4"]
    app.query_params["jet"] = "2"  # a step back in history
    app.run()
    assert state_of(app).jet == 2


def script_with_a_widget_that_shows_another_value():
    import streamlit as st

    from app.state import session
    from app.state.selection import JetSelection

    session.load()
    widget = session.bind_widget(JetSelection, "jet", 5)  # the stored jet cannot be shown
    st.number_input("Jet", 0, 10, **widget)
    st.button("again", key="again", on_click=widget["on_change"], args=widget["args"])
    session.store(session.read(JetSelection))


def test_a_callback_for_what_a_widget_shows_anyway_changes_nothing():
    app = AppTest.from_function(script_with_a_widget_that_shows_another_value)
    app.query_params["jet"] = "2"
    app.run()
    app.button("again").click().run()
    assert in_url(app, "jet") == ["2"]
    app.number_input(key="choose_jet").set_value(7).run()
    assert in_url(app, "jet") == ["7"]
