"""Whether jets are like those that a model was trained on: their momenta, multiplicities and inputs.

What a training saw is known from the card of a training with this project, as published for the benchmarks, and for
inputs from the statistics of the BatchNorm that sees them first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from part.jets.features import RaggedJets, make_ragged

if TYPE_CHECKING:
    import awkward as ak

    from part.inference.tagger import Tagger

Interval = tuple[float, float]
TOLERANCE = 0.02  # for momenta that are summed again, and for η in the place of a rapidity
# In units of the constituents' standard deviation, for the mean of an input over many constituents; a single one may be
# twice as far away, as inputs have tails. Of jets like those of the training fewer than one in a thousand is, while
# momenta in MeV are.
MAX_DEVIATION = 3.0


@dataclass(frozen=True)
class JetRange:
    """The jets of a training.

    Attributes
    ----------
    pt : tuple of float or None
        The lowest and highest pT in GeV; None where it is not known.
    eta : float or None
        The highest |η|.
    n : tuple of float or None
        The fewest and the most constituents that the model saw.
    """

    pt: Interval | None = None
    eta: float | None = None
    n: Interval | None = None

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Self:
        """Return what `to_card` wrote."""
        pt, n = card.get("pt"), card.get("constituents")
        return cls(pt and (pt[0], pt[1]), card.get("eta"), n and (n[0], n[1]))

    def to_card(self) -> dict[str, Any]:
        """Return the range as the card of a checkpoint holds it."""
        return {"pt": self.pt and list(self.pt), "eta": self.eta, "constituents": self.n and list(self.n)}


# As published: arXiv:2202.03772, arXiv:1902.09914 and arXiv:1810.05165 (which limits |y|, at 1.7).
RANGES = {
    "JetClass": JetRange((500, 1000), 2.0),
    "TopLandscape": JetRange((550, 650), 2.0),
    "QuarkGluon": JetRange((500, 550), 1.7),
}


def outside_training(tagger: "Tagger", jets: "ak.Array") -> list[str | None]:
    """Return in which way jets are unlike those that a model was trained on.

    Parameters
    ----------
    tagger : Tagger
        The model.
    jets : ak.Array
        J jets as `part.read_jets` returns them, for which the model gives an answer.

    Returns
    -------
    list of str or None
        One text for each jet; None for a jet that is like those of the training as far as that is known.
    """
    known = jet_range(tagger)
    ragged = make_ragged(jets, tagger.features)
    pt, eta = momentum(ragged.v, ragged.counts)
    n = ragged.counts
    texts: list[list[str]] = [[] for _ in range(len(n))]
    if known.pt is not None:
        low, high = known.pt
        for i in np.flatnonzero((pt < low * (1 - TOLERANCE)) | (pt > high * (1 + TOLERANCE))):
            texts[i].append(f"pT {pt[i]:.0f} GeV, the training has {low:.0f} to {high:.0f}")
    if known.eta is not None:
        for i in np.flatnonzero(np.abs(eta) > known.eta * (1 + TOLERANCE)):
            texts[i].append(f"|η| {abs(eta[i]):.1f}, the training has up to {known.eta:.1f}")
    if known.n is not None:
        for i in np.flatnonzero((n < known.n[0]) | (n > known.n[1])):
            texts[i].append(f"{n[i]} constituents, the training has {known.n[0]:.0f} to {known.n[1]:.0f}")
    for i, text in _unusual_inputs(tagger, ragged).items():
        texts[i].append(text)
    return ["; ".join(text) or None for text in texts]


def jet_range(tagger: "Tagger") -> JetRange:
    """Return what is known of the jets of a model's training: from its card, else as published for its benchmark."""
    training = tagger.card.get("training")
    saved = training.get("ranges") if isinstance(training, Mapping) else None
    if isinstance(saved, Mapping):
        return JetRange.from_card(saved)
    return RANGES.get(tagger.dataset.name, JetRange())


def range_of(v: np.ndarray, counts: np.ndarray) -> JetRange:
    """Return the range of jets with `counts` (J,) constituents, whose momenta are v (P, 4) in GeV."""
    pt, eta = momentum(v, counts)
    n = float(counts.min()), float(counts.max())
    if np.isnan(pt).all():
        return JetRange(n=n)
    low, high, highest = (round(float(value), 3) for value in (np.nanmin(pt), np.nanmax(pt), np.nanmax(np.abs(eta))))
    return JetRange((low, high), highest, n)


def momentum(v: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pT [GeV] and η (J,) of the summed momenta v (P, 4) of the constituents, `counts` (J,) of each jet.

    They are NaN where a data config does not say the momenta, which are zero then.
    """
    first = np.cumsum(counts) - counts
    px, py, pz, _ = np.add.reduceat(v.astype(np.float64), first, axis=0).T
    pt = np.hypot(px, py)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pt > 0, pt, np.nan), np.where(pt > 0, np.arcsinh(pz / pt), np.nan)


def _unusual_inputs(tagger: "Tagger", ragged: RaggedJets) -> dict[int, str]:
    """Return by jet the input whose mean over the constituents is furthest from the training's, if it is too far."""
    names = [feature.name for feature in tagger.features.features]
    norms, widths = tagger.model.input_norms(), tagger.features.widths
    jet = np.repeat(np.arange(len(ragged.counts)), ragged.counts)
    unusual: dict[int, tuple[float, str]] = {}
    first = 0
    for collection, norm in enumerate(norms):
        columns = slice(first, first + norm.num_features)
        first = columns.stop
        is_own = ragged.x[:, collection - len(widths)] > 0 if widths else np.ones(len(jet), bool)
        own, count = ragged.x[is_own, columns], np.bincount(jet[is_own], minlength=len(ragged.counts))
        assert norm.running_mean is not None
        assert norm.running_var is not None
        mean, variance = (values.cpu().double().numpy() for values in (norm.running_mean, norm.running_var))
        total = np.stack([np.bincount(jet[is_own], column, len(count)) for column in own.T], axis=1)
        deviation = np.abs(total / np.maximum(count, 1)[:, None] - mean) / np.sqrt(variance + norm.eps)
        deviation[count == 0] = 0
        for i in np.flatnonzero(deviation.max(1) > MAX_DEVIATION * (1 + 1 / np.sqrt(np.maximum(count, 1)))):
            column = int(deviation[i].argmax())
            item = deviation[i, column], names[columns.start + column]
            unusual[int(i)] = max(unusual.get(int(i), item), item)
    return {
        i: f"the mean of {name} is {deviation:.1f} standard deviations from the training's"
        for i, (deviation, name) in unusual.items()
    }
