"""What several files make together: a model, its inputs, and what it says of the first jets."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from part.errors import PartError
from part.inference.loading import load_model
from part.inference.numbers import predict_numbers
from part.inference.tagger import Tagger
from part.inspection.jets import try_jets
from part.inspection.page import Section, listed, rows
from part.inspection.weights import assumed_rows, describe_model
from part.jets.config.config import DataConfig
from part.jets.schema import ENTRY, TRUTH

N_SHOWN = 5


@dataclass(frozen=True)
class Parts:
    """The files of one training that were given.

    Attributes
    ----------
    weights, config, network : str or None
    jets : tuple of str
    """

    weights: str | None = None
    config: str | None = None
    network: str | None = None
    jets: tuple[str, ...] = ()


def inspect_together(parts: Parts, options: Mapping[str, Any]) -> Section:
    """Return the model that files make, and its predictions for the first jets of each file of jets."""
    names = [Path(name).name for name in (parts.weights, parts.config, parts.network, *parts.jets) if name]
    title = f"Together: {', '.join(names)}"
    if parts.weights is None:
        return Section(title, (("missing", "weights: a state dict (.pt) or a checkpoint"),))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what was assumed is on the page
            tagger = load_model(
                parts.weights, "cpu", config=parts.config, network=parts.network, options=options or None
            )
    except PartError as error:
        return Section(title, (("missing", str(error)),))
    known = tagger.dataset
    outputs = (
        ("classes", listed(known.classes, 20)) if known.labels else ("numbers, not classes", listed(known.targets))
    )
    lines = [*describe_model(tagger.model.config), outputs]
    lines.append(("inputs", f"{tagger.features.name}: {listed([item.name for item in tagger.features.features])}"))
    lines += assumed_rows(tagger.assumed)
    for path in parts.jets:
        lines += [("jets", path), *_predictions(tagger, path)]
    if not parts.jets:
        lines.append(("next", "give a file of jets as well to see what it says of them"))
    return Section(title, tuple(lines))


def _predictions(tagger: Tagger, path: str) -> list[tuple[str, str]]:
    config: DataConfig | None = tagger.data_config
    try:
        jets, _ = try_jets(path, config)
        probabilities = tagger.predict(jets)
    except PartError as error:
        return [("but", str(error))]
    classes = tagger.dataset.classes
    if not classes:
        numbers = predict_numbers(tagger, jets[:N_SHOWN])
        named = [", ".join(f"{n} {v:.4g}" for n, v in zip(tagger.dataset.targets, row, strict=True)) for row in numbers]
        return [(f"entry {int(entry)}", text) for entry, text in zip(jets[ENTRY], named, strict=False)]
    truth = ak.to_numpy(jets[TRUTH]) if TRUTH in jets.fields else None
    lines = []
    for i in range(min(N_SHOWN, len(jets))):
        best = int(probabilities[i].argmax())
        said = "" if truth is None or truth[i] < 0 else f"; truth {_name(classes, int(truth[i]))}"
        entry = int(jets[ENTRY][i]) if ENTRY in jets.fields else i
        lines.append((f"entry {entry}", f"{classes[best]} with probability {probabilities[i, best]:.4f}{said}"))
    return [*lines, *rows("accuracy", _accuracy(probabilities, truth))]


def _accuracy(probabilities: np.ndarray, truth: np.ndarray | None) -> list[str]:
    known = None if truth is None else truth >= 0
    if known is None or not known.any():
        return []
    right = (probabilities.argmax(axis=1) == truth)[known].mean()
    return [f"{right:.3f} over the first {known.sum():,} jets with a class"]


def _name(classes: tuple[str, ...], index: int) -> str:
    return classes[index] if index < len(classes) else f"class {index}"
