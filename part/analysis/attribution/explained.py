"""What is explained: one number that a model gives to one jet, as a function of inputs, momenta and particles.

The model runs in float32, also one that is chosen in bfloat16: rounding would be taken for evidence.
Shapes: B variations of the jet, N its particles, F inputs, C classes.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import make_batch
from part.jets.schema import Dataset

COORDINATES = ("ln pT", "y", "φ")  # of four-momenta; a particle's mass stays what it is
PAIRS = 2**17  # of particles, in the variations of a jet that go through the model together


@dataclass(frozen=True)
class Target:
    """The evidence for the class of index `of`, against all others or, as a contrast, against one.

    Logits alone mean nothing: a shift of all of them is no change. Their differences do, and unlike probabilities
    they do not saturate where a model is sure. Against all others it is log p/(1 - p); against one, log p/p'.
    """

    of: int
    against: int | None = None

    def __call__(self, logits: Tensor) -> Tensor:
        """(B, C) -> (B,)"""
        if self.against is not None:
            return logits[:, self.of] - logits[:, self.against]
        others = torch.arange(logits.shape[1], device=logits.device) != self.of
        return logits[:, self.of] - logits[:, others].logsumexp(1)

    def title(self, dataset: Dataset) -> str:
        """For people."""
        other = "the rest" if self.against is None else dataset.titles[self.against]
        return f"{dataset.titles[self.of]} against {other}"


def target_of(dataset: Dataset, of: str, against: str = "") -> Target:
    """By the short names of classes; without `against`, against all others. Raises PartError."""
    for name in filter(None, (of, against)):
        if name not in dataset.classes:
            raise PartError(f"There is no class {name!r}; choose one of {', '.join(dataset.classes)}.")
    if of == against:
        raise PartError(f"A contrast needs two classes, not {of} twice.")
    return Target(dataset.classes.index(of), dataset.classes.index(against) if against else None)


def chosen_target(tagger: Tagger, of: str, against: str) -> Target | None:
    """As `target_of`; None, for the class that each jet is taken for, without `of`."""
    if against and not of:
        raise PartError("A contrast needs both its classes; say which class is explained.")
    return target_of(tagger.dataset, of, against) if of else None


@dataclass(frozen=True, eq=False)
class Explained:
    """A jet as a model sees it: x (1, N, F) inputs, v (1, N, 4) px, py, pz, E in GeV, all of them real."""

    tagger: Tagger
    x: Tensor
    v: Tensor
    target: Target

    def __len__(self) -> int:
        return self.x.shape[1]

    @property
    def at_once(self) -> int:
        """How many variations of the whole jet go through the model together, which bounds the memory."""
        return max(2, min(64, PAIRS // len(self) ** 2))

    @cached_property
    def value(self) -> float:
        """The target of the jet as it is."""
        with torch.no_grad():
            return float(self._run(self.x, self.v))

    @property
    def of_nothing(self) -> float:
        """The target of a jet without particles: nothing is known, and all classes are as likely.

        What a model says of an empty jet means nothing, and some can say nothing. This choice moves all Shapley
        values of a jet by the same amount.
        """
        return float(self.target(torch.zeros(1, len(self.tagger.dataset.labels))))

    @property
    def pt(self) -> np.ndarray:
        """(N,) in GeV."""
        return self.v[0, :, :2].norm(dim=-1).cpu().numpy()

    def of_inputs(self, x: Tensor) -> Tensor:
        """Other inputs (B, N, F), the four-momenta held -> target (B,)."""
        return self._run(x, self.v)

    def of_deviations(self, deviations: Tensor) -> Tensor:
        """Other four-momenta, the inputs held -> target (B,).

        deviations (B, N, 3): of ln pT from its mean over the particles, of y and φ from the jet axis.
        """
        return self._run(self.x, self._momenta(deviations))

    def of_kept(self, kept: Tensor) -> Tensor:
        """The jet of those particles for which kept (B, N) is above 1/2 -> target (B,).

        The others are left out. The inputs of those that stay are what they were: their share of the jet's pT and
        energy, and their angles from its axis, are still those of the whole jet.
        """
        subsets, which = torch.unique(kept > 0.5, dim=0, return_inverse=True)
        answers = subsets.new_full((len(subsets),), self.of_nothing, dtype=self.x.dtype)
        counts = subsets.sum(1)
        some = counts.argsort()[int((counts == 0).sum()) :]
        for start in range(0, len(some), self.at_once):  # small ones together: they are cut to the longest of them
            rows = some[start : start + self.at_once]
            mask, order = subsets[rows].byte().sort(dim=1, descending=True, stable=True)
            n = int(mask.sum(1).max())
            answers[rows] = self._run(self.x[0, order[:, :n]], self.v[0, order[:, :n]], mask[:, :n].bool())
        return answers[which]

    def with_inputs(self, x: Tensor) -> "Explained":
        """The jet with other inputs (1, N, F)."""
        return replace(self, x=x)

    @cached_property
    def deviations(self) -> Tensor:
        """(1, N, 3), see `of_deviations`; float64, for the way back to momenta is then exact."""
        axis = _coordinates(self.v.double().sum(1, keepdim=True))
        own = _coordinates(self.v.double())
        deviations = own - torch.cat((own[..., :1].mean(1, keepdim=True), axis[..., 1:]), -1)
        deviations[..., 2] = (deviations[..., 2] + torch.pi) % (2 * torch.pi) - torch.pi
        return deviations

    def _momenta(self, deviations: Tensor) -> Tensor:
        """(B, N, 3) -> (B, N, 4) px, py, pz, E in GeV, with the particles' own masses."""
        v = self.v.double()
        squared_mass = v[..., 3].square() - v[..., :3].square().sum(-1)
        log_pt, y, phi = (deviations + (_coordinates(v) - self.deviations)).unbind(-1)
        pt = log_pt.exp()
        transverse = (pt.square() + squared_mass).clamp(min=1e-24).sqrt()
        p = (pt * phi.cos(), pt * phi.sin(), transverse * y.sinh(), transverse * y.cosh())
        return torch.stack(p, -1).float()

    def _run(self, x: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        size = max(len(x), len(v))
        mask = torch.ones(1, x.shape[1], dtype=torch.bool, device=x.device) if mask is None else mask
        x, v, mask = (t.expand(size, *t.shape[1:]) for t in (x, v, mask))
        return self.target(self.tagger.model(x, v, mask))


def explain(tagger: Tagger, jet: ak.Array, target: Target | None = None) -> Explained:
    """The only jet in `jet`, an array of length 1; target: by default the class that the model takes it for.

    Raises PartError, as `make_batch`.
    """
    if len(jet) != 1:
        raise PartError(f"Expected an array of one jet, such as jets[0:1]; it holds {len(jet)}.")
    batch = make_batch(jet, tagger.features).to(tagger.device)
    if target is None:
        target = Target(int(tagger.logits(batch).argmax()))
    return Explained(tagger, batch.x, batch.v, target)


def _coordinates(v: Tensor) -> Tensor:
    """px, py, pz, E (..., 4) -> ln pT, y, φ (..., 3)."""
    px, py, pz, energy = v.unbind(-1)
    rapidity = torch.asinh(pz / (energy.square() - pz.square()).clamp(min=1e-24).sqrt())
    return torch.stack((torch.hypot(px, py).log(), rapidity, torch.atan2(py, px)), -1)
