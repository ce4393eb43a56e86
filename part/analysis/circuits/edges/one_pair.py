"""What one edge carries between the two jets of a pair: exact path patching of this edge alone, on this pair alone.

Shapes: N particles, T tokens of the particle blocks (the particles, preceded by a global token where there is one),
H heads, M keys, D channels, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor

from part.analysis.circuits.edges.changes import Changes, find_changes
from part.analysis.circuits.edges.exact import Addition, Patch, adding, contrast, edge_patch, node_patch, patched
from part.analysis.circuits.edges.outputs import NAMES
from part.analysis.circuits.edges.split_pass import SplitPass
from part.analysis.circuits.edges.wiring import CHANNELS, Port, Wiring
from part.analysis.circuits.pairs import Pairs, match_tokens
from part.errors import PartError
from part.inference.cache import ActivationCache
from part.inference.forward import CachedForward
from part.inference.tagger import Tagger
from part.models.config import ParTConfig

WEIGH = ("q", "k", "bias")  # channels that move the attention of the receiving head


@dataclass(frozen=True, eq=False)
class EdgeOnPair:
    """What one edge carries between a clean and a corrupted jet.

    All numbers but the first two are changes of the difference of logits of the clean jet.

    Attributes
    ----------
    clean, corrupted : float
        The difference of logits of each jet.
    effect : float
        If this edge alone carries what it does in the corrupted jet.
    by_particle : ndarray (N,), optional
        If it does so at one particle alone: what the sender adds to this particle, or for a pair feature the pairs of
        which this particle is the query. They need not add up to `effect`. None for a sender that adds nothing to
        particles, and for the queries of the class token.
    before, after : ndarray (T, T), or (1, 1 + T) of the class token, optional
        The attention of the receiving head, as it is and with this edge alone patched; None if the edge cannot move it.
    sender_effect : float
        If all that the sender adds is that of the corrupted jet: its total effect.
    sender_direct : float
        If only its edge to the logits carries what it does in the corrupted jet; NaN where there is no such edge.
    """

    clean: float
    corrupted: float
    effect: float
    by_particle: np.ndarray | None
    before: np.ndarray | None
    after: np.ndarray | None
    sender_effect: float
    sender_direct: float


def edge_on_pair(tagger: Tagger, pair: Pairs, weights: Tensor, edge: tuple[int, int, str]) -> EdgeOnPair:
    """Return what an edge carries between two jets.

    Parameters
    ----------
    tagger : Tagger
    pair : Pairs
        A single one, see `part.analysis.circuits.pairs.make_pairs`.
    weights : Tensor (C,)
        Weights of the logits, which sum to zero.
    edge : tuple of int, int, str
        Sender and receiver as indices of `Wiring.nodes`, and the channel.

    Raises
    ------
    PartError
        If the model has no such edge, or if there is not one pair.
    """
    if len(pair) != 1:
        raise PartError(f"There are {len(pair)} pairs; expected one.")
    wiring = Wiring(cast(ParTConfig, tagger.config))
    number = find_edge(wiring, edge)
    clean, corrupted = (CachedForward(tagger, jets, NAMES) for jets in (pair.clean, pair.corrupted))
    changes = find_changes(wiring, clean, corrupted, match_tokens(pair, clean, corrupted))
    sender = edge[0]
    patch = edge_patch(wiring, clean, changes, number)
    direct = _numbers(wiring, (sender, len(wiring.nodes) - 1, "input"))
    parts = _by_particle(wiring, clean, changes, sender, patch)
    patches = [patch, node_patch(wiring, changes, sender)]
    patches += [edge_patch(wiring, clean, changes, n) for n in direct] + parts
    values = patched(clean, patches, weights)[0].cpu().numpy()
    before, after = _attention(wiring.ports[wiring.edges[number, 3]], clean, patch)
    return EdgeOnPair(
        clean=float(contrast(clean.probabilities, weights)),
        corrupted=float(contrast(corrupted.probabilities, weights)),
        effect=float(values[0]),
        by_particle=values[2 + len(direct) :] if parts else None,
        before=before,
        after=after,
        sender_effect=float(values[1]),
        sender_direct=float(values[2]) if len(direct) else float("nan"),
    )


def find_edge(wiring: Wiring, edge: tuple[int, int, str]) -> int:
    """Return the number of an edge in `wiring.edges`. Raises PartError if there is none."""
    numbers = _numbers(wiring, edge)
    if not len(numbers):
        raise PartError(f"The model has no edge from component {edge[0]} to {edge[1]} by {edge[2]}.")
    return int(numbers[0])


def _numbers(wiring: Wiring, edge: tuple[int, int, str]) -> np.ndarray:
    row = (edge[0], edge[1], CHANNELS.index(edge[2]) if edge[2] in CHANNELS else -1)
    return np.flatnonzero((wiring.edges[:, :3] == row).all(1))


def _by_particle(
    wiring: Wiring, clean: CachedForward, changes: Changes, sender: int, patch: Patch
) -> list[Sequence[Addition]]:
    """Return the patch of each particle alone, in file order; nothing if the sender adds nothing to particles."""
    addition = patch[0]
    of_bias = sender in wiring.features
    if not of_bias and sender not in wiring.particles:
        return []
    n_particles = clean.batch.mask.shape[1]
    axis = 2 if of_bias else 1
    # What is read may begin with the class token or a global one, which are no particles.
    first = addition.change.shape[axis] - n_particles
    patches: list[Sequence[Addition]] = []
    for i in range(first, first + n_particles):
        alone = addition.change.new_zeros(addition.change.shape)
        alone.select(axis, i).copy_(addition.change.select(axis, i))
        patches.append([replace(addition, change=alone)])
    return patches


def _attention(port: Port, clean: CachedForward, patch: Patch) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the attention of the receiving head without and with the patch."""
    if port.channel not in WEIGH:
        return None, None
    recorded = ActivationCache(("pattern", "mixing"))
    split = SplitPass(clean, 2, tap=recorded.record)
    at = adding([[], patch])
    in_class = port.place.startswith("class_blocks")
    states = clean.states[clean.layers if in_class else port.block]
    with torch.inference_mode():
        if in_class:
            split.finish(states.repeat(2, 1, 1), at)
        else:
            split.run_block(port.block, states.repeat(2, 1, 1), at)
    name = port.place.rpartition(".")[0]
    pattern = recorded[f"{name}.pattern"][:, patch[0].reader]
    if f"{name}.mixing" in recorded:  # of slots, through which it reaches the particles
        pattern = pattern @ recorded[f"{name}.mixing"]
    before, after = pattern.detach().cpu().numpy().astype(np.float64)
    return before, after
