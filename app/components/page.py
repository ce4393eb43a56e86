"""The opening of each page, which resolves the requested selection to what can be shown."""

from app.components.messages import show_error
from app.services import models
from app.services.library import PartError
from app.state import session
from app.state.context import PageContext
from app.state.resolve import resolve
from app.state.selection import JetSelection


def open_page(state_class: type, from_url: bool = True) -> PageContext | None:
    """Return what can be shown of the session's choices, and store it; None if nothing can, and the page says why.

    Parameters
    ----------
    state_class : type
        The page's own state.
    from_url : bool
        Whether the history may have changed the URL; see `session.load`.
    """
    session.load(from_url)
    session.enter(state_class.__name__)
    models.list_again()
    try:
        ignored = [*session.ignored(JetSelection), *session.ignored(state_class)] if session.is_link() else []
        resolved = resolve(session.read(JetSelection), session.is_link())
    except PartError as error:
        show_error(error)
        return None
    state = session.read(state_class)
    session.store(resolved.selection, state)
    unread = f"The link has {' and '.join(ignored)}, which makes no sense and is left out." if ignored else None
    errors = (resolved.missing_error, unread, resolved.file_error, resolved.jet_error, resolved.filter_error)
    if any(errors):
        session.set_error(" ".join(filter(None, errors)))
    return PageContext(resolved, state)
