"""The task of an attribution: one number of one jet, as a function of its inputs, momenta and particles.

The model runs in float32, even one that was chosen in bfloat16, since rounding would look like evidence.
Shapes: B variations of the jet, N particles of it, F inputs, P inputs or coordinates.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.analysis.attribution.target import AttributionTarget
from part.errors import PartError
from part.inference.capabilities import require_classes
from part.inference.forward import tile_batch
from part.inference.subsets import compiled_forward, logits_of_subsets, outputs_of_subsets
from part.inference.tagger import Tagger
from part.jets.features import make_batch
from part.jets.preprocessing import constituent_pt
from part.models.linpart import SharedInputs
from part.models.transformer import ParticleTransformer

COORDINATES = ("ln pT", "y", "φ")  # of four-momenta; a particle's mass does not change
MAX_PAIRS = 2**17  # pairs of particles in the variations of a jet that share a forward pass


@dataclass(frozen=True, eq=False)
class Attribution:
    """The contribution of each particle of a jet to the target.

    Parameters
    ----------
    method : str
        A name in `part.analysis.attribution.methods.METHODS`.
    values : ndarray (N,)
        The contributions, in log odds; for "rollout" shares of the class token.
    error : ndarray (N,), optional
        Standard errors, of methods that sample.
    parts : ndarray (N, P), optional
        The contributions by input or by coordinate of the momentum; they sum to `values`.
    names : tuple of str
        The P inputs or coordinates.
    total : float, optional
        What the values should sum to where the method promises a sum: the target of the jet minus that of the
        baseline.
    """

    method: str
    values: np.ndarray
    error: np.ndarray | None = None
    parts: np.ndarray | None = None
    names: tuple[str, ...] = ()
    total: float | None = None

    @property
    def completeness_error(self) -> float | None:
        """The sum of the values minus the total."""
        return None if self.total is None else float(self.values.sum() - self.total)


@dataclass(frozen=True, eq=False)
class AttributionTask:
    """A jet as a model receives it, and the target that is attributed to its particles.

    Parameters
    ----------
    tagger : Tagger
    x : Tensor (1, N, F)
        The standardised inputs.
    v : Tensor (1, N, 4)
        px, py, pz, E in GeV, as the interaction takes them. All particles are real.
    target : AttributionTarget
    pt : ndarray (N,)
        The particles' pT in GeV, NaN where it is not known.
    """

    tagger: Tagger
    x: Tensor
    v: Tensor
    target: AttributionTarget
    pt: np.ndarray

    def __len__(self) -> int:
        return self.x.shape[1]

    @property
    def batch_size(self) -> int:
        """The number of variations of the whole jet that share a forward pass, which bounds the memory."""
        return max(2, min(64, MAX_PAIRS // len(self) ** 2))

    @cached_property
    def value(self) -> float:
        """The target of the unchanged jet."""
        with torch.no_grad():
            return float(self._evaluate(self.x, self.v))

    @property
    def empty_value(self) -> float:
        """The target of a jet without particles, defined as that of equal logits.

        The output of a model for an empty jet means nothing, and some models have none. This choice shifts all
        Shapley values of a jet by the same amount.
        """
        return float(self.target(torch.zeros(1, len(self.tagger.dataset.labels))))

    def value_of_inputs(self, x: Tensor) -> Tensor:
        """Return the target (B,) of other inputs (B, N, F), with the four-momenta unchanged."""
        if self._shared is None:
            return self._evaluate(x, self.v)
        (model, _, bias), mask = self._shared, self._mask.expand(len(x), -1)
        return self._target_of(model.forward_blocks(model.embed(x, mask), tile_batch(bias, len(x)), mask))

    def value_of_deviations(self, deviations: Tensor) -> Tensor:
        """Return the target (B,) of other four-momenta, with the inputs unchanged.

        Parameters
        ----------
        deviations : Tensor (B, N, 3)
            Deviations of ln pT from its mean over the particles, and of y and φ from the jet axis.
        """
        v = self._momenta(deviations)
        if self._shared is None:
            return self._evaluate(self.x, v)
        (model, states, _), mask = self._shared, self._mask.expand(len(v), -1)
        return self._target_of(model.forward_blocks(tile_batch(states, len(v)), model.bias(v, mask), mask))

    def value_of_subset(self, membership: Tensor) -> Tensor:
        """Return the target (B,) of the jet with only some of its particles.

        The inputs of the particles that remain do not change: their shares of the jet's pT and energy, and their
        angles from its axis, are still those of the whole jet.

        Parameters
        ----------
        membership : Tensor (B, N)
            Above 1/2 for the particles that remain.
        """
        subsets, index = torch.unique(membership > 0.5, dim=0, return_inverse=True)
        keys = [row.tobytes() for row in np.packbits(subsets.cpu().numpy(), axis=1)]
        new = [i for i, key in enumerate(keys) if key not in self._values]
        if new:
            values = self._evaluate_subsets(subsets[new]).tolist()
            self._values.update(zip((keys[i] for i in new), values, strict=True))
        return self.x.new_tensor([self._values[key] for key in keys])[index]

    def _evaluate_subsets(self, subsets: Tensor) -> Tensor:
        """Return the target (S,) of subsets of the particles (S, N), bool."""
        values = subsets.new_full((len(subsets),), self.empty_value, dtype=self.x.dtype)
        filled = subsets.any(1).nonzero()[:, 0]
        with torch.no_grad():
            values[filled] = self._target_of(self._outputs_of_subsets(subsets[filled]))
        return values

    def _outputs_of_subsets(self, subsets: Tensor) -> Tensor:
        compiled, shared = compiled_forward(self.tagger), self._shared
        # Slots depend on the rank of each particle among those that are left.
        if compiled is None and shared is not None and not isinstance(shared[2], SharedInputs):
            return logits_of_subsets(*shared, subsets.new_zeros(len(subsets), dtype=torch.int64), subsets)
        return outputs_of_subsets(compiled or self.tagger.model, self.x, self.v, subsets)

    def with_inputs(self, x: Tensor) -> "AttributionTask":
        """Return the task for other inputs (1, N, F)."""
        return replace(self, x=x)

    @cached_property
    def deviations(self) -> Tensor:
        """The deviations (1, N, 3) of the unchanged jet, see `value_of_deviations`.

        They are float64, so that the way back to momenta is exact in float32.
        """
        axis = _coordinates(self.v.double().sum(1, keepdim=True))
        own = _coordinates(self.v.double())
        deviations = own - torch.cat((own[..., :1].mean(1, keepdim=True), axis[..., 1:]), -1)
        deviations[..., 2] = (deviations[..., 2] + torch.pi) % (2 * torch.pi) - torch.pi
        return deviations

    def _momenta(self, deviations: Tensor) -> Tensor:
        """Return px, py, pz, E (B, N, 4) in GeV of deviations (B, N, 3), with the particles' own masses."""
        v = self.v.double()
        squared_mass = v[..., 3].square() - v[..., :3].square().sum(-1)
        log_pt, y, phi = (deviations + (_coordinates(v) - self.deviations)).unbind(-1)
        pt = log_pt.exp()
        transverse = (pt.square() + squared_mass).clamp(min=1e-24).sqrt()
        p = (pt * phi.cos(), pt * phi.sin(), transverse * y.sinh(), transverse * y.cosh())
        return torch.stack(p, -1).float()

    @cached_property
    def _values(self) -> dict[bytes, float]:
        """The targets of all subsets so far; several measures of a jet ask for the same ones."""
        return {}

    @cached_property
    def _mask(self) -> Tensor:
        return torch.ones(1, len(self), dtype=torch.bool, device=self.x.device)

    @cached_property
    def _shared(self) -> tuple[ParticleTransformer, Tensor, Any] | None:
        """The transformer, and the initial states (1, N, D) and the bias of the unchanged jet, which variations share.

        None of another kind of model.
        """
        model = self.tagger.model
        with torch.no_grad():
            is_transformer = isinstance(model, ParticleTransformer)
            return (model, *model.embed_inputs(self.x, self.v, self._mask)) if is_transformer else None

    def _evaluate(self, x: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        mask, size = self._mask if mask is None else mask, max(len(x), len(v))
        return self._target_of(self.tagger.model(*(t.expand(size, *t.shape[1:]) for t in (x, v, mask))))

    def _target_of(self, outputs: Tensor) -> Tensor:
        return self.target(self.tagger.of_classes(outputs))


def make_task(tagger: Tagger, jet: ak.Array, target: AttributionTarget | None = None) -> AttributionTask:
    """Prepare a jet for attribution.

    Parameters
    ----------
    tagger : Tagger
    jet : ak.Array
        An array of one jet, such as `jets[0:1]`.
    target : AttributionTarget, optional
        By default the evidence for the predicted class.

    Raises
    ------
    PartError
        If there is not exactly one jet, or it lacks what the model needs.
    """
    if len(jet) != 1:
        raise PartError(f"Expected an array of one jet, such as jets[0:1]; it holds {len(jet)}.")
    require_classes(tagger, "class to explain")
    batch = make_batch(jet, tagger.features).to(tagger.device)
    if target is None:
        target = AttributionTarget(int(tagger.logits(batch).argmax()))
    return AttributionTask(tagger, batch.x, batch.v, target, constituent_pt(jet))


def _coordinates(v: Tensor) -> Tensor:
    """Return ln pT, y, φ (..., 3) of px, py, pz, E (..., 4)."""
    px, py, pz, energy = v.unbind(-1)
    rapidity = torch.asinh(pz / (energy.square() - pz.square()).clamp(min=1e-24).sqrt())
    return torch.stack((torch.hypot(px, py).log(), rapidity, torch.atan2(py, px)), -1)
