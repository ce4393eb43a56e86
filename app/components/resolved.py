"""What a page shows of what its visitor asks for."""

from app.components.messages import refuse
from app.services import models as backend
from app.state import resolve as choices
from app.state import selection as session
from app.state.resolve import Choice


def resolved() -> Choice | None:
    """What can be shown of what the session asks for; the session and the URL then say so. None: a sentence does."""
    try:
        choice = choices.resolve(session.load())
    except backend.BadInput as error:
        refuse(error)
        return None
    session.store(choice.selection)
    if choice.refused:
        session.complain(choice.refused)
    return choice
