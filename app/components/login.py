"""The login of a server for a group, by OpenID Connect."""

from fnmatch import fnmatch

import streamlit as st

from app.components.messages import note
from app.services.settings import settings


def require_login() -> None:
    """End the run of the page here, unless no login is needed or the visitor has logged in and is welcome."""
    chosen = settings()
    if not chosen.login:
        return
    if not st.user.get("is_logged_in", False):
        note("This server is for a group.")
        st.button("Log in", key="log_in", type="primary", on_click=st.login)
        st.stop()
    email = str(st.user.get("email") or "")
    if chosen.emails and not (st.user.get("email_verified", True) and _is_welcome(email, chosen.emails)):
        note(f"{email or 'You'} may not use this server.")
        st.button("Log out", key="log_out", on_click=st.logout)
        st.stop()


def _is_welcome(email: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(email.lower(), pattern.lower()) for pattern in patterns)
