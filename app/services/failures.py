"""Errors that nobody foresaw: a number for the visitor, and the traceback under it in the server's log."""

import logging
import secrets

from part.errors import PartError

BEGINNING = "Something went wrong here"
_LOG = logging.getLogger("partscope")


def sentence_on(error: Exception) -> str:
    """Return the sentence of a PartError; any other error is logged, and the sentence names its number there."""
    if isinstance(error, PartError):
        return str(error)
    number = secrets.token_hex(4)
    _LOG.error("Error %s", number, exc_info=error)
    return f"{BEGINNING} (error {number}); the server's log says what. The rest works on."
