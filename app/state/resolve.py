"""From what was asked for to what there is: a Selection checked against the files, the models and the jet."""

from dataclasses import dataclass, replace

import numpy as np

from app.services import files
from app.services import jets as samples
from app.services import models as backend
from app.state.selection import Selection

BATCH = 16  # jets classified at a time when looking for a misclassified one
MAX_SEARCHED = 512


@dataclass(frozen=True, eq=False)
class Choice:
    """selection: all of it possible. models: all on offer.

    candidates: the entries that pass the filters on class, pT and multiplicity. refused: why it is another
    file than the one asked for. note: why the jet does not pass the filters.
    """

    selection: Selection
    file: files.JetFile
    sample: samples.Sample
    models: tuple[str, ...]
    candidates: np.ndarray
    refused: str | None = None
    note: str | None = None


def resolve(asked: Selection) -> Choice:
    """What can be shown of a selection; the rest falls back. Raises BadInput if nothing can be shown."""
    file, sample, refused = _file(asked.file)
    offered = backend.model_names()
    models = tuple(name for name in asked.models if name in offered) or tuple(offered[:1])
    if not models:
        raise files.FileRefused("There is no model: put a checkpoint where PARTSCOPE_CHECKPOINTS points to.")
    selection = replace(
        asked,
        file=file.name,
        models=models,
        classes=_known_classes(asked, sample),
        pt=_range(asked.pt, bounds(sample.pt)),
        n=_range(asked.n, bounds(sample.n)),
        wrong=asked.wrong and can_be_wrong(file, sample, models[0]),
        focus=asked.focus if asked.focus < len(models) else 0,
    )
    selection = replace(selection, **_head(selection, file))
    candidates = np.flatnonzero(passing(selection, sample))
    jet, note = _jet(selection, file, sample, candidates)
    seen = min(int(sample.n[jet]), backend.MAX_CONSTITUENTS)
    same = jet == asked.jet and asked.particle is not None and asked.particle < seen
    selection = replace(selection, jet=jet, particle=asked.particle if same else None)
    return Choice(selection, file, sample, tuple(offered), candidates, refused, note)


def bounds(values: np.ndarray) -> tuple[int, int]:
    """Whole numbers that hold all values."""
    return int(np.floor(values.min())), int(np.ceil(values.max()))


def passing(selection: Selection, sample: samples.Sample) -> np.ndarray:
    """Which jets (J,) pass the filters on class, pT and multiplicity."""
    passed = np.ones(len(sample), bool)
    if selection.pt:
        passed &= (sample.pt >= selection.pt[0]) & (sample.pt <= selection.pt[1])
    if selection.n:
        passed &= (sample.n >= selection.n[0]) & (sample.n <= selection.n[1])
    if selection.classes:
        wanted = [sample.dataset.classes.index(name) for name in selection.classes]
        passed &= np.isin(sample.truth, wanted)
    return passed


def can_be_wrong(file: files.JetFile, sample: samples.Sample, model: str) -> bool:
    """Whether the jets have labels that the model predicts."""
    try:
        return sample.truth is not None and backend.tagger(model, file).dataset == sample.dataset
    except backend.BadInput:
        return False


def neighbour(choice: Choice, step: int) -> Selection:
    """The selection with the next (step 1) or previous (-1) jet that passes the filters, round and round."""
    jet, candidates = choice.selection.jet, choice.candidates
    if step > 0:
        ahead = np.concatenate((candidates[candidates > jet], candidates[candidates <= jet]))
    else:
        ahead = np.concatenate((candidates[candidates < jet][::-1], candidates[candidates >= jet][::-1]))
    return _to(choice, ahead)


def random(choice: Choice) -> Selection:
    """The selection with a random jet that passes the filters, another one if there is."""
    others = choice.candidates[choice.candidates != choice.selection.jet]
    return _to(choice, np.random.default_rng().permutation(others))


def _to(choice: Choice, entries: np.ndarray) -> Selection:
    found = _first(choice.selection, choice.file, choice.sample, entries)
    return choice.selection if found is None else replace(choice.selection, jet=found, particle=None)


def _first(selection: Selection, file: files.JetFile, sample: samples.Sample, entries: np.ndarray) -> int | None:
    """The first of the entries; the first misclassified one among MAX_SEARCHED if that is asked for."""
    if not selection.wrong:
        return int(entries[0]) if len(entries) else None
    for start in range(0, min(len(entries), MAX_SEARCHED), BATCH):
        batch = entries[start : start + BATCH]
        wrong = backend.predicted(file, batch.tolist(), selection.models[0]) != sample.truth[batch]
        if wrong.any():
            return int(batch[np.argmax(wrong)])
    return None


def _file(name: str) -> tuple[files.JetFile, samples.Sample, str | None]:
    """The file of that name, or the first that can be read, with a sentence that says why."""
    errors = []
    for candidate in ([name] if name else []) + files.listed():
        try:
            file = files.find(candidate)
            return file, samples.sample(file), errors[0] if errors else None
        except backend.BadInput as error:
            errors.append(str(error))
    raise files.FileRefused(errors[0] if errors else "There are no jets: put a file where PARTSCOPE_DATA points to.")


def _known_classes(asked: Selection, sample: samples.Sample) -> tuple[str, ...]:
    if sample.truth is None:
        return ()
    return tuple(name for name in sample.dataset.classes if name in asked.classes)


def _range(asked: tuple | None, limits: tuple[int, int]) -> tuple | None:
    """Within the limits; None if it lets everything pass."""
    if asked is None:
        return None
    low, high = (int(np.clip(value, *limits)) for value in asked)
    return None if (low, high) == limits else (low, high)


def _head(selection: Selection, file: files.JetFile) -> dict[str, int]:
    try:
        config = backend.tagger(selection.models[0], file).config
    except backend.BadInput:
        return {}
    layer = selection.layer if selection.layer < config.layers else 0
    return {"layer": layer, "head": selection.head if selection.head < config.heads else 0}


def _jet(
    selection: Selection, file: files.JetFile, sample: samples.Sample, candidates: np.ndarray
) -> tuple[int, str | None]:
    """The asked jet if it passes the filters, else the next that does, else the asked one and a sentence."""
    jet = selection.jet if selection.jet < len(sample) else 0
    ahead = np.concatenate((candidates[candidates >= jet], candidates[candidates < jet]))
    try:
        found = _first(selection, file, sample, ahead)
    except backend.BadInput as error:
        return jet, str(error)
    if found is not None:
        return found, None
    if len(candidates) > MAX_SEARCHED:
        return jet, f"{selection.models[0]} misclassifies none of the next {MAX_SEARCHED} jets that pass."
    return jet, "No jet passes the filters; this one does not either."
