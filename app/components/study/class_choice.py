"""The choice of a class, or a group of classes, and of what it is compared with."""

from app.components.classes import classes_menu
from app.components.study.controls import select
from app.services.classes import class_titles, without_shared
from app.services.library import Dataset
from app.state.selection import StudyState


def class_choice(
    dataset: Dataset, made: tuple[str, ...], target: str, contrast: str | None, others: str = "all others"
) -> None:
    """Choose a class or group and, unless `contrast` is None, another one; and make groups.

    Parameters
    ----------
    dataset : Dataset
        The classes.
    made : tuple of str
        The groups that the user made, as texts.
    target, contrast : str
        What is chosen, "" for the predicted class and for what `others` says.
    others : str
        What is compared without a contrast.
    """
    titles = class_titles(dataset, made, [text for text in (target, contrast) if text])
    select("Class", StudyState, "target_class", {"": "as predicted"} | titles, target)
    if contrast is not None:
        apart = without_shared(dataset, titles, target) if target else {}
        titles = {"": others} | apart
        select("Against", StudyState, "contrast_class", titles, contrast, disabled=not target)
    classes_menu(dataset, made)
