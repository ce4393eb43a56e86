"""What the heads of a model's particle blocks do on some jets, in numpy: only what is asked for, unlike a whole trace.

Shapes: J jets, N particles (the longest jet), L layers, H heads, d channels of a head.
"""

from collections.abc import Sequence

import awkward as ak
import numpy as np

from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets import make_batch


def check_pairs(tagger: Tagger, what: str) -> None:
    """Refuses models whose particles do not attend to each other. what: is missing there, for instance "sparsity"."""
    if not tagger.config.layers:
        raise PartError(f"{tagger.name} has no {what}: a {tagger.config.model} has no attention between particles.")
    if tagger.config.model == "LinParT":
        raise PartError(f"{tagger.name} has no {what}: a LinParT's particles attend to slots, not to each other.")


def hear(tagger: Tagger, jets: ak.Array, names: Sequence[str]) -> tuple[dict[str, list[np.ndarray]], np.ndarray]:
    """Named tensors of the particle blocks, a list over the layers (J, ...) each, and the mask (J, N), True = real.

    names: of `attention.explicit`'s tap; one that the model does not have is an empty list. With a global token, it is
    the first of the particles in these tensors.
    """
    batch = make_batch(jets, tagger.features).to(tagger.device)
    found = {name: [] for name in names}

    def listen(name: str, tensor):
        scope, _, short = name.rpartition(".")
        if scope.startswith("blocks.") and short in found:
            found[short].append(tensor.float().cpu().numpy())
        return tensor

    tagger.logits(batch, listen)
    return found, batch.mask.cpu().numpy()


def patterns(tagger: Tagger, jets: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """Attention between real particles (J, L, H, N, N), each real row scaled to a sum of 1, and the mask (J, N).

    The scaling changes rows only where a global token takes part of the attention, which is left out here. Rows and
    columns of padding are 0.
    """
    found, mask = hear(tagger, jets, ("pattern",))
    length = mask.shape[1]
    pattern = np.stack([layer[..., -length:, -length:] for layer in found["pattern"]], 1)
    pattern *= (mask[:, :, None] & mask[:, None, :])[:, None, None]
    total = pattern.sum(-1, keepdims=True)
    return np.divide(pattern, total, out=pattern, where=total > 0), mask


def outputs(tagger: Tagger, jets: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """What each head gives each particle, Σ_j pattern_ij v_j, gated if that is there: (J, L, H, N, d), and the mask."""
    found, mask = hear(tagger, jets, ("pattern", "values", "gate"))
    given = [pattern @ values for pattern, values in zip(found["pattern"], found["values"], strict=True)]
    gates = found["gate"] or [1.0] * len(given)
    mixed = [layer * gate for layer, gate in zip(given, gates, strict=True)]
    return np.stack([layer[..., -mask.shape[1] :, :] for layer in mixed], 1), mask
