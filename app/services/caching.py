"""The one cache of the services: results are shared by all sessions, never changed, and found again by content."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from app.services.files import JetFile
from part.inference.tagger import Tagger


def digest(values: np.ndarray) -> str:
    """Return a hash of an array's content, shape and type."""
    head = f"{values.dtype.str}{values.shape}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(values).tobytes()).hexdigest()


# A file that is copied or renamed, or weights that are loaded again, need no new computation.
HASH_FUNCS: dict[str | type[Any], Callable[[Any], Any]] = {
    JetFile: lambda file: file.key,
    Tagger: lambda tagger: tagger.cache_key,
    np.ndarray: digest,
}


def cached(max_entries: int, spinner: bool | str = False) -> Callable:
    """Keep the results of a function by the content of its arguments; those named `_...` do not count.

    Parameters
    ----------
    max_entries : int
        The results that are kept; the oldest go first.
    spinner : bool or str
        What the page says while the function works.
    """
    return st.cache_resource(max_entries=max_entries, show_spinner=spinner, hash_funcs=HASH_FUNCS)
