"""Bias: what the interaction does to the attention, what it has learned, and what is lost without it."""

from app.components.messages import refuse
from app.components.resolved import resolved
from app.components.sidebar import sidebar
from app.components.study.header import head
from app.pages.bias.context import Look, controls
from app.pages.bias.function import function
from app.pages.bias.jet import jet
from app.pages.bias.sample import shapley, shares
from app.pages.bias.switch import switch
from app.services import models as backend
from app.services import studies as studying
from app.services.bias import BiasStudy, SwitchStudy, Tagger, check_bias
from app.services.studies import Task
from app.state import selection as session
from app.state.resolve import Choice

TITLES = {
    "jet": "Jet",
    "shares": "q·k and bias",
    "shapley": "Shapley values",
    "function": "Function",
    "switch": "Off and alone",
}
TABS = {"jet": jet, "shares": shares, "shapley": shapley, "function": function, "switch": switch}


def render() -> None:
    choice = resolved()
    if not choice:
        return
    sidebar(choice)
    tab = choice.selection.tab if choice.selection.tab in TABS else "jet"
    task, refused = _task(choice, tab)
    head("Bias", choice, [task] if task else [])
    model, missing = _model(choice)
    controls(choice, tab, TITLES, model)
    for sentence in filter(None, (session.complaint(), choice.note, missing)):
        refuse(sentence)
    if model:
        TABS[tab](Look(choice, tab, task, refused))


def _task(choice: Choice, tab: str) -> tuple[Task | None, str | None]:
    """What Run does on this tab, or why it cannot."""
    if tab == "jet":
        return None, None
    study = SwitchStudy() if tab == "switch" else BiasStudy()
    name = choice.selection.models[choice.selection.focus]
    try:
        return studying.task(name, study, choice.file, choice.candidates[: choice.selection.studied]), None
    except backend.BadInput as error:
        return None, str(error)


def _model(choice: Choice) -> tuple[Tagger | None, str | None]:
    """The model, or why it has no bias."""
    try:
        model = backend.tagger(choice.selection.models[choice.selection.focus], choice.file)
        check_bias(model)
        return model, None
    except backend.BadInput as error:
        return None, str(error)


render()
