"""A model in which only some of the heads compute, while all others give a constant or what they give in other jets.

What a head gives is projected onto the residual stream by its own columns of a matrix. A constant in its place is
therefore other weights: without these columns, and with a constant in the bias. So a set of heads is a model like any
other, which runs as fast as the whole one, in compiled code where there is any. What heads give in other jets is added
to the projection instead, and torch runs the model.

Shapes: B jets, C classes, S searched heads, A heads that are tried, d channels of a head, D channels.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from part.analysis.circuits.pairs import Pairs
from part.analysis.circuits.search.jets_of_classes import Labelled
from part.analysis.circuits.search.projection import Projection, outputs_of_corrupted
from part.analysis.intervention.ablation import AblationTarget, check_attention
from part.errors import PartError
from part.inference.forward import HEAD_OUTPUT, CachedForward
from part.inference.tagger import Tagger
from part.jets.class_groups import ClassGroup
from part.jets.features import make_batch
from part.models.numerics.int8 import int8_scheme
from part.models.transformer import Block, ParticleTransformer

PARTICLE, CLASS = "head", "class head"  # kinds of `AblationTarget`


def searched_heads(tagger: Tagger, with_class_heads: bool = True) -> tuple[AblationTarget, ...]:
    """Return the heads of the layers, then those of the class blocks. Raises PartError if the model has none."""
    check_attention(tagger)
    config = tagger.config
    heads = [AblationTarget(PARTICLE, layer, head) for layer in range(config.layers) for head in range(config.heads)]
    if with_class_heads:
        n_heads = getattr(config, "class_block", config).heads
        layers = range(getattr(config, "class_layers", 0))
        heads += [AblationTarget(CLASS, layer, head) for layer in layers for head in range(n_heads)]
    return tuple(heads)


def check_replaceable(tagger: Tagger, replacement: str) -> None:
    """Raise PartError for a model whose heads cannot be replaced by other weights."""
    check_attention(tagger)
    if int8_scheme(tagger.model):
        raise PartError(f"The weights of {tagger.name} are rounded; a search for a circuit expects floating point.")
    if replacement != "zero" and getattr(tagger.config, "gate", "none") != "none":
        raise PartError(
            f"{tagger.name} has gates, which no constant passes unchanged; expected the replacement zero for it."
        )


class KeptHeads:
    """A copy of a model in which a set of heads is kept and the others are replaced.

    Parameters
    ----------
    tagger : Tagger
        The model, which stays as it is.
    heads : sequence of AblationTarget (S,)
        The heads that may be replaced, see `searched_heads`.
    constants : mapping of str to Tensor (H, 1, d), optional
        What the heads of a block give when replaced, by the name of their tap; zero where there is none. With None
        they give what they give in the corrupted jet, at the tokens that `match_tokens` pairs.
    contrast : tuple of ClassGroup
        The two classes or groups whose difference of logits is returned.
    """

    def __init__(
        self,
        tagger: Tagger,
        heads: Sequence[AblationTarget],
        constants: Mapping[str, Tensor] | None,
        contrast: tuple[ClassGroup, ClassGroup],
    ):
        self._source = tagger
        self._tagger = tagger.reinitialised()  # a model of its own, which takes over the weights
        if constants is None:  # outputs that differ from jet to jet are no weights, which compiled code could take
            self._tagger = self._tagger.run_by_modules()
        self._tagger.model.load_state_dict(tagger.model.state_dict())
        self._heads, self._contrast, self._is_paired = tuple(heads), contrast, constants is None
        model = cast(ParticleTransformer, self._tagger.model)
        blocks = [(PARTICLE, "blocks", model.blocks), (CLASS, "class_blocks", model.class_blocks)]
        self._projections = {
            (kind, layer): Projection(
                cast(Block, block), f"{name}.{layer}.{HEAD_OUTPUT}", constants or {}, self._is_paired
            )
            for kind, name, own in blocks
            for layer, block in enumerate(own)
        }
        self._members = {
            place: [i for i, head in enumerate(self._heads) if (head.kind, head.layer) == place]
            for place in self._projections
        }

    def load(self, jets: Labelled) -> None:
        """Take jets (B,), with pairs where replaced heads give what they give in the corrupted jet."""
        self._jets = jets.jets
        if self._is_paired:
            outputs = outputs_of_corrupted(self._source, cast(Pairs, jets.pairs))
            for projection in self._projections.values():
                projection.take(outputs)

    def differences(self, kept: np.ndarray) -> np.ndarray:
        """Return the difference of logits (B,) of the loaded jets with the heads that are `kept` (S,), bool."""
        self._keep(kept)
        batch = make_batch(self._jets, self._tagger.features).to(self._tagger.device)
        return logit_difference(self._tagger.logits(batch).log_softmax(-1), self._contrast)

    def flips(self, kept: np.ndarray, tried: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the differences (B,) with the heads that are kept, and (A, B) with each tried head added or removed.

        States before the layer of a tried head are those of the set itself, and the rest runs together for all.
        """
        self._keep(kept)
        forward = CachedForward(self._tagger, self._jets)
        own = _difference_of_probabilities(forward.probabilities, self._contrast)
        flipped = np.empty((len(tried), len(self._jets)))
        entering: dict[int, Tensor] = {}
        in_order: list[int] = []  # places in `tried`
        for layer in range(forward.layers):
            places = self._tried_in((PARTICLE, layer), tried)
            states = [self._state_after(forward, layer, kept, tried[i]) for i in places]
            self._write((PARTICLE, layer), kept)
            if states:
                entering[layer + 1] = torch.cat(states)
                in_order += places
        if in_order:
            flipped[in_order] = _difference_of_probabilities(forward.finish(entering), self._contrast)
        for layer in range(len(cast(ParticleTransformer, self._tagger.model).class_blocks)):
            for i in self._tried_in((CLASS, layer), tried):
                self._write((CLASS, layer), _flipped(kept, tried[i]))
                probabilities = forward.rerun_from(forward.layers, 1, None)[0]
                flipped[i] = _difference_of_probabilities(probabilities, self._contrast)
            self._write((CLASS, layer), kept)
        return own, flipped

    def _tried_in(self, place: tuple[str, int], tried: Sequence[int]) -> list[int]:
        members = set(self._members[place])
        return [i for i, head in enumerate(tried) if head in members]

    def _state_after(self, forward: CachedForward, layer: int, kept: np.ndarray, head: int) -> Tensor:
        """Return the states (1, B, T, D) after a layer with one of its heads flipped."""
        self._write((PARTICLE, layer), _flipped(kept, head))
        return forward.states_after(layer, forward.head_output(layer)[None])

    def _keep(self, kept: np.ndarray) -> None:
        for place in self._projections:
            self._write(place, kept)

    def _write(self, place: tuple[str, int], kept: np.ndarray) -> None:
        replaced = [cast(int, self._heads[i].head) for i in self._members[place] if not kept[i]]
        self._projections[place].write(replaced)


def logit_difference(logs: Tensor, contrast: tuple[ClassGroup, ClassGroup]) -> np.ndarray:
    """Return ln p(first) - ln p(second) (...) of log-probabilities (..., C), float64."""
    first, second = (logs.double()[..., list(group.members)].logsumexp(-1) for group in contrast)
    return (first - second).cpu().numpy()


def _difference_of_probabilities(probabilities: Tensor, contrast: tuple[ClassGroup, ClassGroup]) -> np.ndarray:
    tiny = torch.finfo(torch.float32).tiny  # a probability that underflows has a logarithm, too
    return logit_difference(probabilities.double().clamp_min(tiny).log(), contrast)


def _flipped(kept: np.ndarray, head: int) -> np.ndarray:
    flipped = kept.copy()
    flipped[head] = ~flipped[head]
    return flipped
