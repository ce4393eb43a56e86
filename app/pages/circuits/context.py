"""One run of Circuits, and the controls that its tabs share."""

from app.components.classes import classes_menu
from app.components.study.context import ModelContext
from app.components.study.controls import model_segments, select
from app.pages.circuits.state import CircuitsState
from app.services.circuits import CORRUPTION_TITLES, pair_classes
from app.services.classes import class_titles, without_shared
from app.services.library import PartError
from app.state.context import PageContext
from app.state.selection import StudyState


def make_context(page: PageContext, tab: str) -> ModelContext:
    return ModelContext.create(page, tab)


def controls(context: ModelContext) -> None:
    """Choose the model."""
    model_segments(context.selection.models, context.selection.focus)


def choose_pair(context: ModelContext) -> None:
    """Choose the class of the clean jets, that of the others, and the corruption."""
    dataset, made = context.model.dataset, context.selection.groups
    target, contrast = chosen_classes(context)
    if target:
        titles = class_titles(dataset, made, [target, contrast])
        select("Class", StudyState, "target_class", without_shared(dataset, titles, contrast), target)
        select("Against", StudyState, "contrast_class", without_shared(dataset, titles, target), contrast)
        classes_menu(dataset, made)
    select("Corruption", CircuitsState, "corruption", CORRUPTION_TITLES, chosen_corruption(context))


def chosen_classes(context: ModelContext) -> tuple[str, str]:
    """Return the two classes or groups, those of the library where none is chosen or they cannot be compared.

    Both are "" for a model of fewer than two classes.
    """
    dataset = context.model.dataset
    for chosen in ((context.target_class, context.contrast_class), ("", "")):
        try:
            return pair_classes(dataset, *chosen)
        except PartError:
            continue
    return "", ""


def chosen_corruption(context: ModelContext) -> str:
    """Return the name of the corruption, the first one where a link asks for another."""
    requested = context.state.corruption
    return requested if requested in CORRUPTION_TITLES else next(iter(CORRUPTION_TITLES))


def pair_options(context: ModelContext) -> dict[str, str]:
    """Return the options of a study of pairs that say which pairs; "" for the classes that the study takes itself."""
    chosen = chosen_classes(context)
    is_default = not chosen[0] or chosen == pair_classes(context.model.dataset, "", "")
    target, contrast = ("", "") if is_default else chosen
    return {"target_class": target, "contrast_class": contrast, "corruption": chosen_corruption(context)}
