"""The inputs of a measurement: a model that is long enough, and a batch of jets.

Shapes: B jets, N particles, F features.
"""

import math
from dataclasses import replace
from typing import Any

import awkward as ak
import numpy as np
import torch

from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import JetBatch, make_batch

NO_JETS = "This measurement needs the jets of a file; name one."


def check_plan(plan: Any) -> None:
    """Raise PartError unless a plan, one of the dataclasses of this package, names models once and counts from one."""
    if not plan.models or len(set(plan.models)) < len(plan.models):
        raise PartError("Models are measured once each; name one or more.")
    for name, value in vars(plan).items():
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(n, int | float) and not n >= (0 if name == "warmup" else 1) for n in numbers):
            raise PartError(f"{name} is {value}; expected to count from {0 if name == 'warmup' else 1}.")


def random_batch(inputs: int, size: int, n: int, seed: int = 0) -> JetBatch:
    """Draw a batch of random jets without padding; the time of a pass does not depend on the numbers.

    Parameters
    ----------
    inputs : int
        F, the features per constituent.
    size : int
        B, the jets.
    n : int
        N, the constituents of each jet.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    JetBatch
        Features (B, N, F) and four-momenta (B, N, 4) in GeV. The momenta scatter about one axis, so that every
        pair feature is finite.
    """
    g = torch.Generator().manual_seed(seed)
    pt = torch.exp(1.4 + 1.2 * torch.randn(size, n, generator=g)).sort(1, descending=True).values
    eta, phi = 0.5 + 0.2 * torch.randn(size, n, generator=g), 0.2 * torch.randn(size, n, generator=g)
    p3 = pt[..., None] * torch.stack((phi.cos(), phi.sin(), eta.sinh()), -1)
    energy = (p3.square().sum(-1, keepdim=True) + 0.1396**2).sqrt()  # the mass of a charged pion
    return JetBatch(
        x=torch.randn(size, n, inputs, generator=g),
        v=torch.cat((p3, energy), -1),
        mask=torch.ones(size, n, dtype=torch.bool),
        y=None,
        n_truncated=torch.zeros(size, dtype=torch.int64),
    )


def first_jets_batch(jets: ak.Array | None, tagger: Tagger, size: int) -> JetBatch:
    """Return the first `size` jets, repeated where there are fewer, padded to the longest of them.

    Raises PartError if there are no jets.
    """
    if jets is None:
        raise PartError(NO_JETS)
    return make_batch(jets[np.resize(np.arange(min(size, len(jets))), size)], tagger.features)


def with_max_length(tagger: Tagger, n: int) -> Tagger:
    """Return the model, or its reinitialised architecture for n constituents if the model takes fewer."""
    if n <= getattr(tagger.config, "length", math.inf):
        return tagger
    return tagger.reinitialised(config=replace(tagger.config, length=n))
