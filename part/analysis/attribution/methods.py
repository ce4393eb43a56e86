"""The methods: one function each, from a jet to what each of its particles gives to the target.

All but those by attention come from Captum (arXiv:2009.07896). Shapes: N particles, F inputs, S samples.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import FeatureAblation, InputXGradient, IntegratedGradients, NoiseTunnel, ShapleyValueSampling
from torch import Tensor

from part.analysis.attribution.attention import gradient_attention, rollout
from part.analysis.attribution.explained import COORDINATES, Explained
from part.errors import PartError
from part.inference.tagger import Tagger
from part.models.numerics.int8 import int8_form

STEPS = 32  # of the paths of integrated gradients, by Gauss and Legendre
SQUEEZE = 0.1  # the baseline's deviations of ln pT, y and φ over the jet's
SAMPLES = 16  # of SmoothGrad, and permutations of Shapley values
NOISE = 0.1  # of SmoothGrad, in units of the standardised inputs, of ln pT, or of y and φ over the jet's spread
SEED = 20


@dataclass(frozen=True, eq=False)
class Attribution:
    """values (N,): what each particle gives to the target. error (N,): standard errors, of sampled methods.

    parts (N, P): the same by input or by coordinate of the momentum, their names in `names`; they sum to values.
    total: what the values should sum to, the target of the jet less that of the baseline, where the method says so.
    """

    method: str
    values: np.ndarray
    error: np.ndarray | None = None
    parts: np.ndarray | None = None
    names: tuple[str, ...] = ()
    total: float | None = None

    @property
    def completeness_error(self) -> float | None:
        """How far the sum of the values is from the total."""
        return None if self.total is None else float(self.values.sum() - self.total)


def integrated(jet: Explained) -> Attribution:
    """Integrated gradients (arXiv:1703.01365) over the inputs, the four-momenta held.

    Baseline: all inputs at the origin of their scaling: particles of about average kinematics, on the jet axis,
    of no species, not displaced. Not the mean of the training, where a norm of channels that are all zero hides
    everything in a jump at its end of the path.
    """
    return _integrated(jet, "integrated", jet.of_inputs, jet.x, torch.zeros_like(jet.x))


def integrated_momenta(jet: Explained) -> Attribution:
    """Integrated gradients over the four-momenta as ln pT, y, φ, the inputs and the particles' masses held.

    Baseline: the jet with a tenth of its structure: of the angles from its axis, and of what ln pT differs by from
    the mean. With none at all, logarithms of angles and masses would have no end.
    """
    point = jet.deviations
    return _integrated(jet, "integrated_momenta", jet.of_deviations, point, SQUEEZE * point)


def _integrated(jet: Explained, method: str, function: Callable, point: Tensor, baseline: Tensor) -> Attribution:
    parts, gap = IntegratedGradients(function).attribute(
        point, baseline, n_steps=STEPS, internal_batch_size=jet.at_once, return_convergence_delta=True
    )
    total = float(parts.double().sum() - gap.double().sum())
    return _of_parts(jet, method, parts[0], total=total)


def smoothgrad(jet: Explained, samples: int = SAMPLES) -> Attribution:
    """SmoothGrad (arXiv:1706.03825) of input times gradient over the inputs: the mean over noise added to them."""
    return _smoothgrad(jet, "smoothgrad", jet.of_inputs, jet.x, torch.ones(()), samples)


def smoothgrad_momenta(jet: Explained, samples: int = SAMPLES) -> Attribution:
    """SmoothGrad of deviation times gradient over ln pT, y, φ; angles get noise in proportion to the jet's spread."""
    spread = jet.deviations.square().mean(1, keepdim=True).sqrt().clamp(min=1e-6)
    spread[..., 0] = 1.0
    return _smoothgrad(jet, "smoothgrad_momenta", jet.of_deviations, jet.deviations, spread, samples)


def _smoothgrad(
    jet: Explained, method: str, function: Callable, point: Tensor, unit: Tensor, samples: int
) -> Attribution:
    """unit: what noise is in units of; each of the S samples keeps its own attribution, for the error."""
    unit = unit.to(point)
    tunnel = NoiseTunnel(InputXGradient(lambda scaled: function(scaled * unit)))
    with _seeded(jet.x.device):
        scaled = (point / unit).expand(samples, -1, -1)
        parts = tunnel.attribute(scaled, nt_type="smoothgrad", nt_samples=1, stdevs=NOISE)  # (S, N, F)
    by_particle = parts.sum(-1)
    return _of_parts(jet, method, parts.mean(0), error=_numpy(by_particle.std(0)) / samples**0.5)


def occlusion(jet: Explained) -> Attribution:
    """By how much the target falls when a particle is left out (arXiv:1311.2901), see `Explained.of_kept`."""
    values = FeatureAblation(jet.of_kept).attribute(_all_kept(jet), 0.0, perturbations_per_eval=jet.at_once)
    return Attribution("occlusion", _numpy(values[0]))


def shapley(jet: Explained, samples: int = SAMPLES) -> Attribution:
    """Shapley values of the particles (Castro et al., doi:10.1016/j.cor.2008.04.004), the mean over random orders."""
    return of_gains(jet, np.stack([gains(jet, number) for number in range(samples)]))


def gains(jet: Explained, number: int) -> np.ndarray:
    """What the target gains as each particle joins those before it in a random order (N,); number: which order.

    They sum to the target of the jet less that of no particles, and so does their mean.
    """
    generator = torch.Generator().manual_seed(SEED + number)
    method = ShapleyValueSampling(jet.of_kept)
    method.permutation_generator = lambda n, count: (torch.randperm(n, generator=generator).tolist(),)
    found = method.attribute(_all_kept(jet), 0.0, n_samples=1, perturbations_per_eval=jet.at_once)
    return _numpy(found[0])


def of_gains(jet: Explained, gained: np.ndarray) -> Attribution:
    """Shapley values from the gains in S orders (S, N)."""
    error = gained.std(0, ddof=1) / len(gained) ** 0.5 if len(gained) > 1 else None
    return Attribution("shapley", gained.mean(0), error, total=jet.value - jet.of_nothing)


METHODS: dict[str, tuple[str, Callable[[Explained], Attribution]]] = {
    "integrated": ("IG, inputs", integrated),
    "integrated_momenta": ("IG, momenta", integrated_momenta),
    "smoothgrad": ("SmoothGrad, inputs", smoothgrad),
    "smoothgrad_momenta": ("SmoothGrad, momenta", smoothgrad_momenta),
    "occlusion": ("Occlusion", occlusion),
    "shapley": ("Shapley", shapley),
    "rollout": ("Rollout", lambda jet: Attribution("rollout", rollout(jet))),
    "gradient_attention": ("Grad × attention", lambda jet: Attribution("gradient_attention", gradient_attention(jet))),
}
GRADIENTS = ("integrated", "integrated_momenta", "smoothgrad", "smoothgrad_momenta", "gradient_attention")
MOMENTUM = ("integrated_momenta", "smoothgrad_momenta")
ATTENTION = ("rollout", "gradient_attention")


def attribute(jet: Explained, method: str) -> Attribution:
    """By the name of a method. Raises PartError for one that there is not, or that the model cannot have."""
    if method not in METHODS:
        raise PartError(f"There is no method {method!r}; choose one of {', '.join(METHODS)}.")
    if reason := unsupported(jet.tagger, method):
        raise PartError(reason)
    return METHODS[method][1](jet)


def unsupported(tagger: Tagger, method: str) -> str | None:
    """Why a model cannot have a method, in one sentence."""
    config = tagger.config
    if method in GRADIENTS and int8_form(tagger.model):
        return f"{tagger.name} computes in int8, which has no gradients."
    if method in MOMENTUM and not _uses_momenta(tagger):
        return f"{tagger.name} sees four-momenta only through its inputs."
    if method in ATTENTION and not config.layers:
        return f"A {config.model} has no attention."
    if method in ATTENTION and config.model == "LinParT":
        return "A LinParT attends to slots, which mix particles with weights of either sign: no shares of attention."
    return None


def supported(tagger: Tagger) -> tuple[str, ...]:
    """The methods that a model can have."""
    return tuple(method for method in METHODS if unsupported(tagger, method) is None)


def _uses_momenta(tagger: Tagger) -> bool:
    return getattr(tagger.model, "pair_embed", None) is not None


def _of_parts(jet: Explained, method: str, parts: Tensor, **known) -> Attribution:
    """parts (N, P) by input or by coordinate -> values, their sums."""
    momenta = method in MOMENTUM
    names = COORDINATES if momenta else tuple(feature.name for feature in jet.tagger.features.features)
    parts = _numpy(parts)
    return Attribution(method, parts.sum(1), parts=parts, names=names, **known)


def _all_kept(jet: Explained) -> Tensor:
    """(1, N): one feature a particle, 1 where it is there."""
    return torch.ones(1, len(jet), device=jet.x.device)


@contextmanager
def _seeded(device: torch.device) -> Iterator[None]:
    """Noise that is the same each time, and leaves no trace in other random numbers."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(SEED)
        yield


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().double().cpu().numpy()
