"""Whose uploads are whose: only the visitor who uploaded jets or a training can list and open them."""

from collections.abc import Collection
from dataclasses import replace

from app.services.caching import cached
from app.services.uploads import UPLOAD, Uploaded, training_folder, upload_path
from part.models.numerics.precision import parse_model_name


@cached(max_entries=1)
def _uploads() -> dict[str, list[Uploaded]]:
    return {}  # by visitor, the newest first


def add(visitor: str, uploaded: Uploaded) -> None:
    """Note what a visitor uploaded; a training that is uploaded again without jets keeps those of before."""
    before = recent(visitor)
    same = [old for old in before if old.model and old.model == uploaded.model]
    if same and uploaded.jets is None:
        uploaded = replace(uploaded, jets=same[0].jets, jets_title=same[0].jets_title)
    _uploads()[visitor] = [uploaded, *(old for old in before if _names(old) != _names(uploaded))]


def recent(visitor: str) -> list[Uploaded]:
    """Return what a visitor uploaded and is still kept, the newest first."""
    kept = (_kept(uploaded) for uploaded in _uploads().get(visitor, ()))
    return [uploaded for uploaded in kept if uploaded.model or uploaded.jets]


def may_open_jets(name: str, uploads: Collection[Uploaded]) -> bool:
    """Return whether jets are no upload, or one of these; a tree may follow the name."""
    return not name.startswith(UPLOAD) or _jets(name, uploads) is not None


def jets_title(name: str, uploads: Collection[Uploaded]) -> str:
    """Return what the visitor calls jets: for uploads the name that they had, unlike those of all other uploads."""
    upload = _jets(name, uploads)
    return _title(upload, uploads) + name.removeprefix(upload.jets or "") if upload else name


def _title(upload: Uploaded, uploads: Collection[Uploaded]) -> str:
    """Return the name that uploaded jets had, with their training or part of their hash if others had it too."""
    namesakes = {other.jets for other in uploads if other.jets and other.jets_title == upload.jets_title}
    if len(namesakes) < 2:
        return upload.jets_title
    model = upload.model and _model_title(upload, uploads)
    return f"{upload.jets_title} of {model or (upload.jets or '').removeprefix(UPLOAD)[:4]}"


def model_title(name: str, uploads: Collection[Uploaded]) -> str:
    """Return what the visitor calls a model, with its options and precision: an upload has its file's own name.

    Of several uploads of one name, those after the oldest have a number as well.
    """
    for upload in uploads:
        if upload.model and name.startswith(upload.model):
            return _model_title(upload, uploads) + name.removeprefix(upload.model)
    return name


def _model_title(upload: Uploaded, uploads: Collection[Uploaded]) -> str:
    title = upload.model_title or upload.model or ""
    namesakes = [other.model for other in uploads if other.model and other.model_title == upload.model_title]
    number = len(namesakes) - namesakes.index(upload.model)
    return title if number == 1 else f"{title} ({number})"


def with_titles(text: str, uploads: Collection[Uploaded]) -> str:
    """Return a text in which uploaded jets and models have the names that the visitor gave them."""
    for upload in uploads:
        text = text.replace(upload.jets, _title(upload, uploads)) if upload.jets else text
        text = text.replace(upload.model, _model_title(upload, uploads)) if upload.model else text
    return text


def _jets(name: str, uploads: Collection[Uploaded]) -> Uploaded | None:
    own = (upload for upload in uploads if upload.jets)
    return next((upload for upload in own if name == upload.jets or name.startswith(f"{upload.jets}:")), None)


def may_open_model(name: str, uploads: Collection[Uploaded]) -> bool:
    """Return whether a model, without options but perhaps with a precision, is one of these uploads."""
    return parse_model_name(name)[0] in {uploaded.model for uploaded in uploads}


def _kept(uploaded: Uploaded) -> Uploaded:
    """Return an upload without what has been deleted in favour of newer ones."""
    jets = uploaded.jets if uploaded.jets and upload_path(uploaded.jets) else None
    model = uploaded.model if uploaded.model and training_folder(uploaded.model) else None
    return replace(uploaded, jets=jets, model=model)


def _names(uploaded: Uploaded) -> tuple[str | None, str | None]:
    return (uploaded.model, None) if uploaded.model else (None, uploaded.jets)
