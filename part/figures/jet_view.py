"""One jet as one model saw it: everything that any figure needs.

Shapes: L layers, H heads, n constituents, K slots.
"""

from dataclasses import dataclass, field, replace

import awkward as ak
import numpy as np

from part.errors import PartError
from part.figures.jet_summary import JetSummary, summarise
from part.figures.particles import Constituents, constituents
from part.figures.partons import Partons, jet_partons
from part.figures.view import QUANTITIES, QUANTITY_TITLES
from part.inference.tagger import Tagger
from part.inference.trace import Trace
from part.inference.training_range import outside_training
from part.jets.labels import class_of
from part.jets.preprocessing import keep_leading
from part.jets.schema import INPUTS, MOMENTA, N_TRUNCATED, Dataset


@dataclass(frozen=True, eq=False)
class JetView:
    """A jet and what a model computed for it.

    Attributes
    ----------
    model : str
        The model's name.
    trace : Trace
        The forward pass of this jet alone, without padding.
    constituents : Constituents
        The n constituents that the model saw.
    jet : JetSummary
        The jet as a whole.
    dataset : Dataset
        The model's classes.
    truth : int or None
        The index of the jet's class, None if it is unknown.
    n_truncated : int
        Constituents of the jet that the model did not see.
    unlike : str or None
        In which way the jet is unlike those of the model's training; None if it is not, as far as that is known.
    numbers : dict of str to float
        Outputs that are no classes but numbers, by their names.
    backend_logit_gap : float or None
        For a model whose predictions come from the flash kernel, which shows no weights: how far its logits are from
        those of the trace, see `Tagger.backend_logit_gap`.
    partons : Partons or None
        The partons that the jet comes from, None if the file does not say them.
    """

    model: str
    trace: Trace
    constituents: Constituents
    jet: JetSummary
    dataset: Dataset
    truth: int | None = None
    n_truncated: int = 0
    unlike: str | None = None
    backend_logit_gap: float | None = None
    numbers: dict[str, float] = field(default_factory=dict)
    partons: Partons | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Titles of the model's classes."""
        return self.dataset.titles

    @property
    def heading(self) -> str:
        """The jet as people read it, such as "t→bqq′ · pT 812 GeV · η 0.41 · 48 constituents"."""
        words = [self.jet.title] if self.jet.title else []
        words += [f"pT {self.jet.pt:.0f} GeV"] if np.isfinite(self.jet.pt) else []
        words += [f"η {self.jet.eta:.2f}".replace("-", "−")] if np.isfinite(self.jet.eta) else []
        count = f"{self.jet.n} constituent{'s' * (self.jet.n != 1)}"
        return " · ".join([*words, count + (f" ({len(self.constituents)} seen)" if self.n_truncated else "")])

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that this model has, in the order of `view.QUANTITIES`."""
        return tuple(name for name in QUANTITIES if self.trace.has("scores_qk" if name == "logits" else name))

    @property
    def figures(self) -> tuple[str, ...]:
        """The figures that can be drawn of this model."""
        by_head = ("matrix", "mosaic") if self.quantities else ()
        by_class = ("class",) if self.trace.has("class_pattern") else ()
        display = ("display",) if self.constituents.has_momenta else ()
        prediction = ("prediction",) if self.classes else ()
        return (*by_head, *by_class, *display, *prediction)

    @property
    def attends_to_slots(self) -> bool:
        """Return whether particles attend to slots, which are mixtures of particles, instead of to each other."""
        return self.trace.has("mixing")

    def pairs(self, quantity: str) -> np.ndarray:
        """Return a quantity of all heads in file order.

        Parameters
        ----------
        quantity : str
            One of `part.figures.view.QUANTITIES`.

        Returns
        -------
        np.ndarray
            Values (L, H, n, n), or (L, H, n, K) of a model that attends to slots.

        Raises
        ------
        PartError
            If the model does not have it.
        """
        self._check(quantity)
        return self._indexed(quantity, ())

    def head(self, quantity: str, layer: int, head: int) -> np.ndarray:
        """Return a quantity of one head, (n, n) or (n, K). Raise PartError if there is no such head."""
        self._check(quantity)
        for name, index, count in zip(("layer", "head"), (layer, head), self.trace["pattern"].shape, strict=False):
            if not 0 <= index < count:
                raise PartError(f"{self.model} has {count} {name}s; there is no {name} {index + 1}.")
        return self._indexed(quantity, (layer, head))

    def _check(self, quantity: str) -> None:
        if quantity not in self.quantities:
            raise PartError(f"{self.model} has no {QUANTITY_TITLES[quantity].lower()} between particles.")

    def _indexed(self, quantity: str, index: tuple[int, ...]) -> np.ndarray:
        """Return a quantity of all heads or of one, for which no other is computed."""
        if quantity != "logits":
            return self.trace[quantity][index]
        scores = self.trace["scores_qk"][index]
        return scores + self.trace["bias"][index] if self.trace.has("bias") else scores

    def pair_weights(self, quantity: str, layer: int, head: int) -> np.ndarray:
        """Return a head's numbers (n, n) for pairs of particles in file order.

        For a model that attends to slots these are, whatever the quantity, the weights with which each query takes
        each particle's value: attention to a slot times the particle's weight in it, summed over slots. They may have
        either sign.
        """
        if self.attends_to_slots:
            return self.head("pattern", layer, head) @ self.trace["mixing"][layer]
        return self.head(quantity, layer, head)


def view_jet(
    tagger: Tagger,
    jet: ak.Array,
    trace: Trace | None = None,
    particles: Constituents | None = None,
    name: str | None = None,
) -> JetView:
    """Run a model on a jet and keep what figures need.

    Parameters
    ----------
    tagger : Tagger
        The model.
    jet : ak.Array
        One jet as read, an array of length 1.
    trace : Trace, optional
        The jet's trace, if it was computed before.
    particles : Constituents, optional
        The constituents that the model saw, if they were computed before.
    name : str, optional
        The model's name in titles, by default the tagger's.

    Returns
    -------
    JetView

    Raises
    ------
    PartError
        If there is not exactly one jet, or it lacks what the model needs.
    """
    if len(jet) != 1:
        raise PartError(f"Expected an array of one jet, such as jets[0:1]; it holds {len(jet)}.")
    seen, n_truncated = keep_leading(jet)
    kinds = tuple(collection.name for collection in tagger.features.collections)
    particles = constituents(seen, kinds) if particles is None else particles
    trace = tagger.trace(jet).jet(0) if trace is None else trace
    numbers = [] if trace.targets is None else trace.targets.tolist()
    return JetView(
        model=name or tagger.name,
        trace=trace,
        constituents=particles,
        jet=summarise(jet, tagger.dataset),
        dataset=tagger.dataset,
        truth=class_of(jet, tagger.dataset),
        n_truncated=int(n_truncated[0]),
        unlike=outside_training(tagger, jet)[0],
        backend_logit_gap=tagger.backend_logit_gap(jet) if tagger.backend == "flash" else None,
        numbers=dict(zip(tagger.dataset.targets, numbers, strict=False)),
        partons=jet_partons(seen, particles),
    )


def view_from_trace(name: str, trace: Trace, momenta: np.ndarray, dataset: Dataset, truth: int) -> JetView:
    """Return the view of a jet of which only the momenta (n, 4) px, py, pz, E in GeV and the class index are known."""
    columns = {branch: [momenta[:, i].tolist()] for i, branch in enumerate(MOMENTA)}
    if not momenta.any():  # the data config of the training does not say them
        columns = {INPUTS: [[[0.0]] * len(momenta)], N_TRUNCATED: [0]}
    jet, title = ak.Array(columns), dataset.titles[truth] if truth >= 0 else None
    summary = replace(summarise(jet), title=title)
    return JetView(name, trace, constituents(jet), summary, dataset, truth if truth >= 0 else None)
