"""The server's folders, which no page names: what is in them goes by its name below them.

Where the operator does not allow more, trainings take files of these folders alone.
"""

import os
import re
from collections.abc import Mapping
from glob import glob
from pathlib import Path
from typing import Any

from app.services import files
from app.services.settings import settings
from app.services.uploads import folder as uploads_folder
from part.errors import PartError
from part.models.checkpoints.catalogue import BUNDLED, bundled_names


def conceal(text: str) -> str:
    """Return a text in which files of the app's folders have their names below these, not their places."""
    return _pattern(os.environ.get("PARTSCOPE_CHECKPOINTS", "")).sub("", text)


def check_places(options: Mapping[str, Any], root: Path) -> None:
    """Raise PartError if a training names a file outside the app's folders and visitors may not.

    Parameters
    ----------
    options : mapping
        The options of the training, by the names of TrainingConfig's fields.
    root : Path
        Where relative paths start.
    """
    if settings().local_paths:
        return
    jets = [*options.get("train", ()), *options.get("val", ())]
    others = [options[name] for name in ("config", "start_from", "finetune", "distill") if options.get(name)]
    for text in [*jets, *(name for name in others if name not in bundled_names())]:
        if "://" in text or not _is_inside(root / text):
            raise PartError(f"{text} is not in the folders of this server's jets, models and runs.")


def _is_inside(path: Path) -> bool:
    """Return whether a path, or every file that a glob stands for, is in a folder of the app."""
    try:
        places = [path.resolve(), *(Path(found).resolve() for found in glob(str(path)))]
    except (OSError, RuntimeError, ValueError):
        return False
    return all(any(place.is_relative_to(folder) for folder in _folders()) for place in places)


def _folders() -> list[Path]:
    checkpoints = os.environ.get("PARTSCOPE_CHECKPOINTS")
    return [*files.folders(), files.runs_folder(), BUNDLED, *([Path(checkpoints).resolve()] if checkpoints else [])]


def _pattern(checkpoints: str) -> re.Pattern[str]:
    places = [*files.folders(), files.runs_folder(), files.performance_folder(), uploads_folder(), files.ROOT]
    texts = {str(place) for place in places} | {str(Path(checkpoints)), str(Path(checkpoints).resolve())}
    longest_first = sorted((text for text in texts if len(text) > 1), key=len, reverse=True)
    return re.compile("|".join(rf"{re.escape(text)}(?:/|(?=\W|$))" for text in longest_first))
