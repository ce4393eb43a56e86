"""What is measured: a model, and jets for it.

Shapes: B jets, N particles, F features.
"""

import math
from dataclasses import replace

import awkward as ak
import numpy as np
import torch

from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import JetBatch, make_batch


def check_plan(plan) -> None:
    """Raises PartError for what no measurement can be of; plan: one of our dataclasses."""
    if not plan.models or len(set(plan.models)) < len(plan.models):
        raise PartError("Models are measured once each; name one or more.")
    for name, value in vars(plan).items():
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(n, int | float) and n < (0 if name == "warmup" else 1) for n in numbers):
            raise PartError(f"{name} is {value}; expected to count from {0 if name == 'warmup' else 1}.")


def made_up(inputs: int, size: int, n: int, seed: int = 0) -> JetBatch:
    """B = `size` jets of N constituents each, none of them padding: a time does not depend on what the numbers are.

    inputs: F. The momenta are those of a spray about one axis, in GeV, so that every pair feature is finite.
    """
    g = torch.Generator().manual_seed(seed)
    pt = torch.exp(1.4 + 1.2 * torch.randn(size, n, generator=g)).sort(1, descending=True).values
    eta, phi = 0.5 + 0.2 * torch.randn(size, n, generator=g), 0.2 * torch.randn(size, n, generator=g)
    p3 = pt[..., None] * torch.stack((phi.cos(), phi.sin(), eta.sinh()), -1)
    energy = (p3.square().sum(-1, keepdim=True) + 0.1396**2).sqrt()  # charged pions
    return JetBatch(
        x=torch.randn(size, n, inputs, generator=g),
        v=torch.cat((p3, energy), -1),
        mask=torch.ones(size, n, dtype=torch.bool),
        y=None,
        dropped=torch.zeros(size, dtype=torch.int64),
    )


def as_they_are(jets: ak.Array, tagger: Tagger, size: int) -> JetBatch:
    """The first B jets, again from the first where there are fewer, padded to the longest of them."""
    return make_batch(jets[np.resize(np.arange(min(size, len(jets))), size)], tagger.features)


def with_room(tagger: Tagger, n: int) -> Tagger:
    """The model, or where it has no room for N constituents, its architecture with that room and fresh weights."""
    if n <= getattr(tagger.config, "length", math.inf):
        return tagger
    return tagger.untrained(config=replace(tagger.config, length=n))
