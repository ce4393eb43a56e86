"""One jet as one model saw it: everything that any figure needs.

Shapes: L layers, H heads, n constituents, K slots.
"""

from dataclasses import dataclass, replace

import awkward as ak
import numpy as np

from part.errors import PartError
from part.figures.particles import Constituents, constituents
from part.figures.view import QUANTITIES, QUANTITY_TITLES
from part.inference.tagger import Tagger
from part.inference.trace import Trace
from part.jets import kinematics
from part.jets.features import complete, select
from part.jets.readers import detect_dataset, labels
from part.jets.schema import MOMENTA, Dataset


@dataclass(frozen=True)
class JetSummary:
    """A jet in one line: GeV and radians; mass is the invariant mass of all n constituents in the file."""

    pt: float
    eta: float
    phi: float
    energy: float
    mass: float
    n: int
    title: str | None = None


@dataclass(frozen=True, eq=False)
class Scene:
    """trace: of this jet alone. classes: titles of the model's classes; truth: the jet's among them or None.

    dropped: constituents of the jet that the model did not see. parity: see `Tagger.parity`, of a model whose
    predictions come from the flash kernel, which shows no weights.
    """

    model: str
    trace: Trace
    constituents: Constituents
    jet: JetSummary
    classes: tuple[str, ...]
    truth: int | None = None
    dropped: int = 0
    parity: float | None = None

    @property
    def heading(self) -> str:
        """For people: "t→bqq′ · pT 812 GeV · η 0.41 · 48 constituents"."""
        parts = [self.jet.title] if self.jet.title else []
        parts += [f"pT {self.jet.pt:.0f} GeV", f"η {self.jet.eta:.2f}".replace("-", "−")]
        count = f"{self.jet.n} constituent{'s' * (self.jet.n != 1)}"
        return " · ".join([*parts, count + (f" ({len(self.constituents)} seen)" if self.dropped else "")])

    @property
    def quantities(self) -> tuple[str, ...]:
        """Those that this model has, in the order of view.QUANTITIES."""
        return tuple(name for name in QUANTITIES if self.trace.has("scores_qk" if name == "logits" else name))

    @property
    def figures(self) -> tuple[str, ...]:
        """Those that can be drawn of this model."""
        by_head = ("matrix", "mosaic") if self.quantities else ()
        by_class = ("class",) if self.trace.has("class_pattern") else ()
        return (*by_head, *by_class, "display", "prediction")

    @property
    def over_slots(self) -> bool:
        """Whether particles attend to slots, mixtures of particles, instead of to each other."""
        return self.trace.has("mixing")

    def pairs(self, quantity: str) -> np.ndarray:
        """Values (L, H, n, n) of a quantity, query and key in file order, or (L, H, n, K) over slots.

        Raises PartError if the model has none.
        """
        if quantity not in self.quantities:
            raise PartError(f"{self.model} has no {QUANTITY_TITLES[quantity].lower()} between particles.")
        if quantity != "logits":
            return getattr(self.trace, quantity)
        scores = self.trace.scores_qk
        return scores + self.trace.bias if self.trace.has("bias") else scores

    def head(self, quantity: str, layer: int, head: int) -> np.ndarray:
        """Values (n, n) of one head in file order, or (n, K) over slots; PartError if there is no such head."""
        values = self.pairs(quantity)
        for name, index, count in (("layer", layer, values.shape[0]), ("head", head, values.shape[1])):
            if not 0 <= index < count:
                raise PartError(f"{self.model} has {count} {name}s; there is no {name} {index + 1}.")
        return values[layer, head]

    def between(self, quantity: str, layer: int, head: int) -> np.ndarray:
        """What a head says of pairs of particles (n, n) in file order.

        Over slots that is, whatever the quantity, the weight with which each query takes each particle's value:
        attention to a slot times what the slot holds of the particle, summed over slots; of either sign.
        """
        if self.over_slots:
            return self.head("pattern", layer, head) @ self.trace.mixing[layer]
        return self.head(quantity, layer, head)


def scene(
    tagger: Tagger,
    jet: ak.Array,
    trace: Trace | None = None,
    particles: Constituents | None = None,
    name: str | None = None,
) -> Scene:
    """A jet (an awkward array of length 1, as read) seen by a model.

    trace: of this jet, and particles: its constituents that the model saw, if they are known already.
    name: of the model, for people.
    """
    if len(jet) != 1:
        raise PartError(f"Expected an array of one jet, such as jets[0:1]; it holds {len(jet)}.")
    seen, dropped = select(jet)
    truth = labels(jet, tagger.dataset)
    return Scene(
        model=name or tagger.name,
        trace=tagger.trace(jet).jet(0) if trace is None else trace,
        constituents=constituents(seen) if particles is None else particles,
        jet=_summary(complete(jet)),
        classes=tagger.dataset.titles,
        truth=None if truth is None else int(truth[0]),
        dropped=int(dropped[0]),
        parity=tagger.parity(jet) if tagger.backend == "flash" else None,
    )


def scene_of_trace(name: str, trace: Trace, momenta: np.ndarray, dataset: Dataset, truth: int) -> Scene:
    """A jet of which no more is known than its momenta (n, 4) px, py, pz, E in GeV, and its class: an index."""
    jet = complete(ak.Array({branch: [momenta[:, i].tolist()] for i, branch in enumerate(MOMENTA)}))
    title = dataset.titles[truth]
    return Scene(name, trace, constituents(jet), replace(_summary(jet), title=title), dataset.titles, truth)


def _summary(jet: ak.Array) -> JetSummary:
    px, py, pz, energy = (float(ak.sum(ak.values_astype(jet[name][0], np.float64))) for name in MOMENTA)
    dataset = detect_dataset(jet)
    return JetSummary(
        pt=float(jet["jet_pt"][0]),
        eta=float(jet["jet_eta"][0]),
        phi=float(jet["jet_phi"][0]),
        energy=float(jet["jet_energy"][0]),
        mass=float(np.sqrt(max(kinematics.m2(px, py, pz, energy), 0.0))),
        n=len(jet["part_px"][0]),
        title=None if dataset is None else dataset.titles[int(labels(jet, dataset)[0])],
    )
