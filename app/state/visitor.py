"""Who the visitor is, so that uploads are his or hers alone, also after the page is loaded again."""

import hashlib
import secrets

import streamlit as st

COOKIE = "_streamlit_xsrf"


def visitor() -> str:
    """Return what tells this visitor's browser from others.

    It is a hash of the random token that Streamlit keeps in a cookie, or, without cookies, a random text of the
    session.
    """
    token = _token(st.context.cookies.get(COOKIE, ""))
    if token:
        return hashlib.sha256(token).hexdigest()
    return st.session_state.setdefault("visitor", secrets.token_hex(32))


def _token(cookie: str) -> bytes | None:
    """Return the random bytes of a cookie "2|mask|masked token|time", of which the mask changes with each request."""
    try:
        version, mask, masked, _ = cookie.strip("\"'").split("|")
        key, content = bytes.fromhex(mask), bytes.fromhex(masked)
    except ValueError:
        return None
    if version != "2" or len(key) != 4 or len(content) < 16:
        return None
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(content))
