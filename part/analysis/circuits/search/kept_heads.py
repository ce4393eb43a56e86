"""A model in which only some of the heads compute, while all others give a constant.

What a head gives is projected onto the residual stream by its own columns of a matrix. A constant in its place is
therefore other weights: without these columns, and with a constant in the bias. So a set of heads is a model like any
other, which runs as fast as the whole one, in compiled code where there is any.

Shapes: B jets, C classes, S searched heads, A heads that are tried, d channels of a head, D channels.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import awkward as ak
import numpy as np
import torch
from torch import Tensor, nn

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
    constants : mapping of str to Tensor (H, 1, d)
        What the heads of a block give when replaced, by the name of their tap; zero where there is none.
    contrast : tuple of ClassGroup
        The two classes or groups whose difference of logits is returned.
    """

    def __init__(
        self,
        tagger: Tagger,
        heads: Sequence[AblationTarget],
        constants: Mapping[str, Tensor],
        contrast: tuple[ClassGroup, ClassGroup],
    ):
        self._tagger = tagger.reinitialised()  # a model of its own, which takes over the weights
        self._tagger.model.load_state_dict(tagger.model.state_dict())
        self._heads, self._contrast = tuple(heads), contrast
        model = cast(ParticleTransformer, self._tagger.model)
        blocks = [(PARTICLE, "blocks", model.blocks), (CLASS, "class_blocks", model.class_blocks)]
        self._projections = {
            (kind, layer): _Projection(cast(Block, block), constants.get(f"{name}.{layer}.{HEAD_OUTPUT}"))
            for kind, name, own in blocks
            for layer, block in enumerate(own)
        }
        self._members = {
            place: [i for i, head in enumerate(self._heads) if (head.kind, head.layer) == place]
            for place in self._projections
        }

    def differences(self, jets: ak.Array, kept: np.ndarray) -> np.ndarray:
        """Return the difference of logits (B,) of jets with the heads that are `kept` (S,), bool."""
        self._keep(kept)
        batch = make_batch(jets, self._tagger.features).to(self._tagger.device)
        return logit_difference(self._tagger.logits(batch).log_softmax(-1), self._contrast)

    def flips(self, jets: ak.Array, kept: np.ndarray, tried: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the differences (B,) with the heads that are kept, and (A, B) with each tried head added or removed.

        States before the layer of a tried head are those of the set itself, and the rest runs together for all.
        """
        self._keep(kept)
        forward = CachedForward(self._tagger, jets)
        own = _difference_of_probabilities(forward.probabilities, self._contrast)
        flipped = np.empty((len(tried), len(jets)))
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


class _Projection:
    """The output projection of a block, of which the columns of some heads give way to a constant."""

    def __init__(self, block: Block, constants: Tensor | None):
        self._linear = block.attn.out
        if self._linear.bias is None and constants is not None:
            self._linear.bias = nn.Parameter(self._linear.weight.new_zeros(len(self._linear.weight)), False)
        bias = self._linear.bias
        self._weight, self._bias = self._linear.weight.clone(), None if bias is None else bias.clone()
        columns = self._weight.shape[1] // block.heads
        self._columns = [slice(i * columns, (i + 1) * columns) for i in range(block.heads)]
        self._constants = None if constants is None else constants.to(self._weight).squeeze(1)
        self._replaced: list[int] = []

    def write(self, replaced: Sequence[int]) -> None:
        """Replace the outputs of some heads and no others."""
        if list(replaced) == self._replaced:
            return
        weight, bias = self._weight.clone(), None if self._bias is None else self._bias.clone()
        for head in replaced:
            weight[:, self._columns[head]] = 0
            if bias is not None and self._constants is not None:
                bias += self._weight[:, self._columns[head]] @ self._constants[head]
        with torch.no_grad():
            self._linear.weight.copy_(weight)
            if bias is not None:
                self._linear.bias.copy_(bias)
        self._replaced = list(replaced)


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
