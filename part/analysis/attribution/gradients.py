"""Attributions by gradients, over the inputs or over the four-momenta, by Captum (arXiv:2009.07896).

Shapes: N particles, F inputs, P inputs or coordinates, S samples.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager

import numpy as np
import torch
from captum.attr import InputXGradient, IntegratedGradients, NoiseTunnel
from torch import Tensor

from part.analysis.attribution.task import COORDINATES, Attribution, AttributionTask

STEPS = 32  # of the Gauss-Legendre quadrature along the path of integrated gradients
SQUEEZE = 0.1  # deviations of ln pT, y and φ in the baseline, relative to the jet's
SAMPLES = 16  # of SmoothGrad
NOISE = 0.1  # of SmoothGrad, in units of the standardised inputs, of ln pT, or of the spread of y and φ in the jet
SEED = 20


def integrated_gradients(task: AttributionTask) -> Attribution:
    """Compute integrated gradients over the inputs, with the four-momenta unchanged.

    The baseline has all inputs at the origin of their standardisation: particles of about average kinematics, on the
    jet axis, of no species, not displaced. The mean of the training sample is no baseline, since a norm of channels
    that are all zero would put the whole effect in a jump at that end of the path. Each token stays in its collection.

    References
    ----------
    arXiv:1703.01365
    """
    baseline = torch.zeros_like(task.x)
    names = _input_names(task)
    baseline[..., len(names) :] = task.x[..., len(names) :]
    return _integrate(task, "integrated", names, task.value_of_inputs, task.x, baseline)


def integrated_gradients_momenta(task: AttributionTask) -> Attribution:
    """Compute integrated gradients over the four-momenta as ln pT, y, φ, with inputs and particle masses unchanged.

    The baseline is the jet with a tenth of its structure: of the angles from its axis, and of the deviations of ln pT
    from their mean. Without any structure the logarithms of angles and masses would diverge.
    """
    point = task.deviations
    return _integrate(task, "integrated_momenta", COORDINATES, task.value_of_deviations, point, SQUEEZE * point)


def _integrate(
    task: AttributionTask,
    method: str,
    names: tuple[str, ...],
    function: Callable[[Tensor], Tensor],
    point: Tensor,
    baseline: Tensor,
) -> Attribution:
    parts, gap = IntegratedGradients(function).attribute(
        point, baseline, n_steps=STEPS, internal_batch_size=task.batch_size, return_convergence_delta=True
    )
    total = float(parts.double().sum() - gap.double().sum())
    parts = to_numpy(parts[0])[:, : len(names)]
    return Attribution(method, parts.sum(1), parts=parts, names=names, total=total)


def smoothgrad(task: AttributionTask, samples: int = SAMPLES) -> Attribution:
    """Compute SmoothGrad of input times gradient: the mean over inputs with added noise.

    References
    ----------
    arXiv:1706.03825
    """
    names = _input_names(task)
    return _smooth(task, "smoothgrad", names, task.value_of_inputs, task.x, torch.ones(()), samples)


def smoothgrad_momenta(task: AttributionTask, samples: int = SAMPLES) -> Attribution:
    """Compute SmoothGrad of deviation times gradient over ln pT, y, φ; the noise of angles scales with their spread."""
    spread = task.deviations.square().mean(1, keepdim=True).sqrt().clamp(min=1e-6)
    spread[..., 0] = 1.0
    return _smooth(task, "smoothgrad_momenta", COORDINATES, task.value_of_deviations, task.deviations, spread, samples)


def _smooth(
    task: AttributionTask,
    method: str,
    names: tuple[str, ...],
    function: Callable[[Tensor], Tensor],
    point: Tensor,
    unit: Tensor,
    samples: int,
) -> Attribution:
    """Average over noise in the given units; the spread of the samples gives the error."""
    unit = unit.to(point)
    tunnel = NoiseTunnel(InputXGradient(lambda scaled: function(scaled * unit)))
    with _seeded(task.x.device):
        scaled = (point / unit).expand(samples, -1, -1)
        parts = tunnel.attribute(scaled, nt_type="smoothgrad", nt_samples=1, stdevs=NOISE)  # (S, N, P)
    error = to_numpy(parts.sum(-1).std(0)) / samples**0.5
    parts = to_numpy(parts.mean(0))[:, : len(names)]
    return Attribution(method, parts.sum(1), error, parts, names)


def _input_names(task: AttributionTask) -> tuple[str, ...]:
    """Return the names of the inputs; the flags of collections, which are the last columns, are none."""
    features = task.tagger.features
    return tuple(feature.name for feature in features.features[: len(features.features) - len(features.widths)])


@contextmanager
def _seeded(device: torch.device) -> Generator[None]:
    """Make the noise the same at each call, without an effect on other random numbers."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(SEED)
        yield


def to_numpy(tensor: Tensor) -> np.ndarray:
    """Return a tensor as a float64 array."""
    return tensor.detach().double().cpu().numpy()
