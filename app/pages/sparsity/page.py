"""Sparsity: how many particles a head's queries attend to, where those are, and whether fewer would do."""

from app.components.messages import refuse
from app.components.resolved import resolved
from app.components.sidebar import sidebar
from app.components.study.header import head
from app.pages.sparsity.context import ONE_MODEL, Look, controls
from app.pages.sparsity.sample import components, groups, heads, places, weights
from app.pages.sparsity.topk import topk
from app.services import models as backend
from app.services import studies as studying
from app.services.sparsity import Components, Sparsity, TopK
from app.state import selection as session
from app.state.resolve import Choice

TITLES = {
    "heads": "Heads",
    "weights": "Weights",
    "groups": "Class, multiplicity, pT",
    "places": "Subjets, species",
    "components": "Components",
    "topk": "Top-k",
}
TABS = {
    "heads": heads,
    "weights": weights,
    "groups": groups,
    "places": places,
    "components": components,
    "topk": topk,
}
STUDIES = {"components": Components(), "topk": TopK()}


def render() -> None:
    choice = resolved()
    if not choice:
        return
    sidebar(choice)
    tab = choice.selection.tab if choice.selection.tab in TABS else "heads"
    look, refused = _look(choice, tab)
    head("Sparsity", choice, look.tasks)
    controls(look, tab, TITLES)
    for sentence in filter(None, (session.complaint(), *refused)):
        refuse(sentence)
    TABS[tab](look)


def _look(choice: Choice, tab: str) -> tuple[Look, list[str]]:
    """What is studied on this tab, and why some models cannot be."""
    selection, tasks, refused = choice.selection, [], []
    names = selection.models[selection.focus : selection.focus + 1] if tab in ONE_MODEL else selection.models
    for name in names:
        try:
            study = STUDIES.get(tab, Sparsity())
            tasks.append(studying.task(name, study, choice.file, choice.candidates[: selection.studied]))
        except backend.BadInput as error:
            refused.append(str(error))
    return Look(choice, tasks), refused


render()
