"""What a link asks for and is not here, in one sentence."""

import re
from collections.abc import Sequence

from app.services import files, owners
from app.services.library import PartError
from app.services.models import is_offered, split_options
from app.services.uploads import UPLOAD, Uploaded, is_training_name
from app.state.selection import JetSelection


def can_open(name: str, uploads: Sequence[Uploaded]) -> bool:
    """Return whether a model is on offer, or an upload of the visitor's."""
    return is_offered(name) or owners.may_open_model(split_options(name)[0], uploads)


def is_shared(selection: JetSelection, uploads: Sequence[Uploaded]) -> bool:
    """Return whether every visitor can open what is shown, none of it being an upload."""
    own_models = any(owners.may_open_model(split_options(name)[0], uploads) for name in selection.models)
    return not own_models and not selection.file.startswith(UPLOAD)


def missing_items(requested: JetSelection, uploads: Sequence[Uploaded]) -> list[str]:
    """Return the names of the requested jets and models that this visitor cannot open."""
    jets = [] if _has_jets(requested.file, uploads) else [requested.file]
    return jets + [name for name in requested.models if not can_open(name, uploads)]


def missing_sentence(
    missing: list[str], requested: JetSelection, shown: list[str], others: Sequence[tuple[str, str]] = ()
) -> str | None:
    """Return a sentence on what is missing and what is shown in its place; None if nothing is missing.

    Parameters
    ----------
    missing : list of str
        Names of jets and models.
    requested : JetSelection
        What was requested.
    shown : list of str
        The jets and models that are shown in their place.
    others : sequence of (str, str)
        What else is missing, such as "layer 12", each with what is shown instead.
    """
    if not missing and not others:
        return None
    named = [_title(name, name == requested.file) for name in missing] + [asked for asked, _ in others]
    shown = [*shown, *(instead for _, instead in others)]
    is_one = len(named) == 1 and missing != [requested.file]
    sentence = f"This view needs {_and(named)}, which {'is' if is_one else 'are'} not here"
    if any(_is_upload(name) for name in missing):
        sentence += " (uploads open only in the browser that uploaded them, while they are kept; upload the files here)"
    return f"{sentence}; {_and(shown)} {'is' if len(shown) == 1 else 'are'} shown instead."


def missing_numbers(requested: JetSelection, shown: JetSelection, n_jets: int) -> list[tuple[str, str]]:
    """Return which jet, constituent, layer and head of a link do not exist, each with what is shown instead.

    Parameters
    ----------
    requested, shown : JetSelection
        What the link names, and what is shown.
    n_jets : int
        The number of entries of the file that is shown.
    """
    pairs = []
    if requested.jet >= n_jets:
        pairs.append((f"jet {requested.jet}", f"jet {shown.jet}"))
    elif requested.jet == shown.jet and requested.particle is not None and shown.particle is None:
        pairs.append((f"constituent {requested.particle + 1}", "no constituent"))
    for name in ("layer", "head"):
        asked, given = getattr(requested, name), getattr(shown, name)
        pairs += [(f"{name} {asked + 1}", f"{name} {given + 1}")] if asked != given else []
    unknown = [name for name in requested.classes if name not in shown.classes]
    return pairs + [(f"class {name[:40]}", "every class" if not shown.classes else "the others") for name in unknown]


def _has_jets(name: str, uploads: Sequence[Uploaded]) -> bool:
    if not owners.may_open_jets(name, uploads):
        return False
    try:
        return not name or bool(files.find(name))
    except PartError:
        return False


def _is_upload(name: str) -> bool:
    return name.startswith(UPLOAD) or is_training_name(split_options(name)[0])


def _title(name: str, is_jets: bool) -> str:
    if is_jets:
        return "uploaded jets" if name.startswith(UPLOAD) else f"the jets {name[:100]}"
    if _is_upload(name):
        return f"the uploaded training {re.sub(r'-[0-9a-f]{12}', '', name)[:100]}"  # without its hash
    return f"the model {name[:100]}"


def _and(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
