"""Resolution of a requested JetSelection to one that can be shown, given the files, the models and the jets."""

from dataclasses import dataclass, replace

import numpy as np

from app.services import files
from app.services.jets import Sample, left_out, n_shown
from app.services.library import PartError
from app.services.models import load_tagger, model_names, predicted_classes
from app.services.owners import recent
from app.services.uploads import Uploaded
from app.state.filters import ColumnFilter, apply_filters
from app.state.find_file import find_file
from app.state.missing import missing_items, missing_numbers, missing_sentence
from app.state.selection import UNSAID, JetSelection, first_jet
from app.state.visitor import visitor

BATCH = 16  # jets classified at a time when looking for a misclassified one
MAX_SEARCHED = 512


@dataclass(frozen=True, eq=False)
class ResolvedSelection:
    """A selection of which every item exists.

    Attributes
    ----------
    selection : JetSelection
        What was requested, as far as it exists; the rest fell back.
    file, sample
        The jets' file and their jet-level quantities, as the first model reads them that can.
    uploads : tuple of Uploaded
        What the visitor uploaded, the newest first.
    offered : tuple of str
        All models on offer, the visitor's own trainings, and those that are shown with the user's choices.
    candidates : np.ndarray
        (K,) the entries that are jets and pass the filters on class, pT, multiplicity and columns.
    missing_error : str or None
        Which of the requested jets and models are not here.
    filters : tuple of ColumnFilter
        The filters on columns.
    filter_error : str or None
        Why a requested filter is not applied.
    file_error : str or None
        Why this is another file than the requested one, which is here.
    jet_note : str or None
        Why the jet does not pass the filters.
    jet_error : str or None
        Why this is another jet than the requested one.
    """

    selection: JetSelection
    file: files.JetFile
    sample: Sample
    uploads: tuple[Uploaded, ...]
    offered: tuple[str, ...]
    candidates: np.ndarray
    missing_error: str | None = None
    filters: tuple[ColumnFilter, ...] = ()
    filter_error: str | None = None
    file_error: str | None = None
    jet_note: str | None = None
    jet_error: str | None = None

    @property
    def focused_model(self) -> str:
        """The name of the model that a part for a single model shows."""
        return self.selection.models[self.selection.focus]

    @property
    def filter_texts(self) -> tuple[str, ...]:
        """All filters in words, for captions and provenance."""
        own, texts = self.selection, []
        if own.classes:
            texts.append(f"class {' or '.join(own.classes)}")
        for name, ends in (("jet pT [GeV]", own.pt), ("constituents", own.n)):
            texts += [f"{name} {ends[0]:g} to {ends[1]:g}"] if ends else []
        return (*texts, *(chosen.description for chosen in self.filters))


def resolve(requested: JetSelection, is_link: bool = False) -> ResolvedSelection:
    """Return what can be shown of a selection. Raises PartError if nothing can be shown.

    Of a link it is said as well which jet, layer, head and classes do not exist; else they follow the models and jets.
    """
    uploads, offered = recent(visitor()), model_names()
    missing = missing_items(requested, uploads)
    names = tuple(name for name in requested.models if name not in missing) or tuple(offered[:1])
    if not names:
        raise PartError("There is no model: put a checkpoint where PARTSCOPE_CHECKPOINTS points to.")
    file, sample, file_error = find_file("" if requested.file in missing else requested.file, names)
    if requested.jet == UNSAID:
        requested = replace(requested, jet=min(first_jet(file.name), len(sample) - 1))
    selection = replace(
        requested,
        file=file.name,
        models=names,
        classes=_known_classes(requested, sample),
        pt=_clip(requested.pt, bounds(sample.pt)),
        n=_clip(requested.n, bounds(sample.n[sample.kept])),
        misclassified_only=requested.misclassified_only and has_truth(file, sample, names[0]),
        focus=requested.focus if requested.focus < len(names) else 0,
    )
    filters, passing, filter_error = apply_filters(requested.filters, file, sample)
    selection = replace(selection, filters=tuple(f.text for f in filters), **_existing_head(selection, file))
    candidates = np.flatnonzero(passes_filters(selection, sample) & passing)
    jet, jet_note = _find_jet(selection, file, sample, candidates)
    keeps_particle = jet == requested.jet and requested.particle is not None and requested.particle < n_shown(file, jet)
    selection = replace(selection, jet=jet, particle=requested.particle if keeps_particle else None)
    return ResolvedSelection(
        selection,
        file,
        sample,
        tuple(uploads),
        tuple(dict.fromkeys((*offered, *(upload.model for upload in uploads if upload.model), *names))),
        candidates,
        missing_sentence(
            missing,
            requested,
            _replacements(missing, requested, selection),
            missing_numbers(requested, selection, len(sample)) if is_link else (),
        ),
        filters,
        filter_error if file.name == requested.file else None,
        file_error,
        jet_note,
        _missing_jet(requested, file, sample),
    )


def _missing_jet(requested: JetSelection, file: files.JetFile, sample: Sample) -> str | None:
    """Return a sentence on a requested entry that is no jet, or None."""
    is_other = requested.file not in ("", file.name) or requested.jet >= len(sample)
    return None if is_other or sample.kept[requested.jet] else f"{left_out(file, requested.jet)} The next one is shown."


def _replacements(missing: list[str], requested: JetSelection, shown: JetSelection) -> list[str]:
    """Return the names of the jets and models that are shown in the place of missing ones."""
    jets = [shown.file] if requested.file in missing else []
    return jets + (list(shown.models) if set(missing) & set(requested.models) else [])


def bounds(values: np.ndarray) -> tuple[int, int]:
    """Return the narrowest whole numbers that hold all values that are known; 0 and 0 if none is."""
    known = values[np.isfinite(values)]
    return (int(np.floor(known.min())), int(np.ceil(known.max()))) if len(known) else (0, 0)


def passes_filters(selection: JetSelection, sample: Sample) -> np.ndarray:
    """Return which jets (J,) pass the filters on class, pT and multiplicity."""
    mask = sample.kept.copy()
    if selection.pt:
        mask &= (sample.pt >= selection.pt[0]) & (sample.pt <= selection.pt[1])
    if selection.n:
        mask &= (sample.n >= selection.n[0]) & (sample.n <= selection.n[1])
    if selection.classes and sample.dataset and sample.truth is not None:
        indices = [sample.dataset.classes.index(name) for name in selection.classes]
        mask &= np.isin(sample.truth, indices)
    return mask


def has_truth(file: files.JetFile, sample: Sample, model: str) -> bool:
    """Return whether the jets have labels that the model predicts, so that it can misclassify them."""
    try:
        return sample.truth_for(load_tagger(model, file).dataset) is not None
    except PartError:
        return False


def neighbour(resolved: ResolvedSelection, step: int) -> JetSelection:
    """Return the selection with the next (step 1) or previous (-1) jet that passes the filters, cyclically."""
    jet, candidates = resolved.selection.jet, resolved.candidates
    if step > 0:
        order = np.concatenate((candidates[candidates > jet], candidates[candidates <= jet]))
    else:
        order = np.concatenate((candidates[candidates < jet][::-1], candidates[candidates >= jet][::-1]))
    return _move_to_first(resolved, order)


def random(resolved: ResolvedSelection) -> JetSelection:
    """Return the selection with a random other jet that passes the filters, if there is one."""
    others = resolved.candidates[resolved.candidates != resolved.selection.jet]
    return _move_to_first(resolved, np.random.default_rng().permutation(others))


def _move_to_first(resolved: ResolvedSelection, entries: np.ndarray) -> JetSelection:
    jet = _first_passing(resolved.selection, resolved.file, resolved.sample, entries)
    return resolved.selection if jet is None else replace(resolved.selection, jet=jet, particle=None)


def _first_passing(selection: JetSelection, file: files.JetFile, sample: Sample, entries: np.ndarray) -> int | None:
    """Return the first of the entries, or the first misclassified one of MAX_SEARCHED if that is requested."""
    if not selection.misclassified_only or sample.truth is None:
        return int(entries[0]) if len(entries) else None
    model = load_tagger(selection.models[0], file)
    for start in range(0, min(len(entries), MAX_SEARCHED), BATCH):
        batch = entries[start : start + BATCH]
        is_wrong = (predicted_classes(file, batch.tolist(), model) != sample.truth[batch]) & (sample.truth[batch] >= 0)
        if is_wrong.any():
            return int(batch[np.argmax(is_wrong)])
    return None


def _known_classes(requested: JetSelection, sample: Sample) -> tuple[str, ...]:
    if sample.truth is None or sample.dataset is None:
        return ()
    return tuple(name for name in sample.dataset.classes if name in requested.classes)


def _clip(requested: tuple | None, limits: tuple[int, int]) -> tuple[int, int] | None:
    """Return the range within the limits, or None if it lets everything pass."""
    if requested is None:
        return None
    low, high = (int(np.clip(value, *limits)) for value in requested)
    return None if (low, high) == limits else (low, high)


def _existing_head(selection: JetSelection, file: files.JetFile) -> dict[str, int]:
    try:
        config = load_tagger(selection.models[0], file).config
    except PartError:
        return {}
    return {
        "layer": selection.layer if selection.layer < config.layers else 0,
        "head": selection.head if selection.head < config.heads else 0,
    }


def _find_jet(
    selection: JetSelection, file: files.JetFile, sample: Sample, candidates: np.ndarray
) -> tuple[int, str | None]:
    """Return the requested jet if it passes the filters, else the next that does, else it and a sentence."""
    jet = selection.jet if selection.jet < len(sample) else 0
    order = np.concatenate((candidates[candidates >= jet], candidates[candidates < jet]))
    jet += int(np.argmax(sample.kept[jet:])) if sample.kept[jet:].any() else int(np.argmax(sample.kept)) - jet
    try:
        passing = _first_passing(selection, file, sample, order)
    except PartError as error:
        return jet, str(error)
    if passing is not None:
        return passing, None
    if len(candidates) > MAX_SEARCHED:
        return jet, f"{selection.models[0]} misclassifies none of the next {MAX_SEARCHED} jets that pass."
    return jet, "No jet passes the filters; this one does not either."
