"""The output projection of a block, in which some heads give way to a constant or to what they give in other jets.

Shapes: B jets, T tokens, H heads, d channels of a head, D channels, K copies of the jets.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from part.analysis.circuits.pairs import Pairs, match_tokens, take_matched
from part.inference.forward import HEAD_OUTPUT, CachedForward
from part.inference.tagger import Tagger
from part.models.transformer import Block


class Projection:
    """The output projection of a block, of which the columns of some heads give way to what replaces their outputs.

    Parameters
    ----------
    block : Block
        Its weights are written.
    tap : str
        The name of its heads' outputs.
    constants : mapping of str to Tensor (H, 1, d)
        What replaced heads give, by tap; zero where there is none.
    by_jet : bool
        Whether replaced heads add what `take` was given.
    """

    def __init__(self, block: Block, tap: str, constants: Mapping[str, Tensor], by_jet: bool):
        self._linear, self._tap = block.attn.out, tap
        own = constants.get(tap)
        if self._linear.bias is None and own is not None:
            self._linear.bias = nn.Parameter(self._linear.weight.new_zeros(len(self._linear.weight)), False)
        bias = self._linear.bias
        self._weight, self._bias = self._linear.weight.clone(), None if bias is None else bias.clone()
        columns = self._weight.shape[1] // block.heads
        self._columns = [slice(i * columns, (i + 1) * columns) for i in range(block.heads)]
        self._constants = None if own is None else own.to(self._weight).squeeze(1)
        self._replaced: list[int] = []
        self._outputs: Tensor | None = None  # (B, T, H d)
        self._added: Tensor | None = None  # (B, T, D)
        if by_jet:
            self._linear.register_forward_hook(self._add)

    def take(self, outputs: Mapping[str, Tensor]) -> None:
        """Take what heads give where they are replaced, (B, H, T, d) by tap."""
        self._outputs = outputs[self._tap].transpose(1, 2).flatten(2)
        self._added = self._projected()

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
        self._added = self._projected()

    def _projected(self) -> Tensor | None:
        """Return what replaced heads add, None if there are none."""
        if self._outputs is None or not self._replaced:
            return None
        with torch.inference_mode():
            columns = [self._columns[head] for head in self._replaced]
            return torch.stack([self._outputs[..., c] @ self._weight[:, c].T for c in columns]).sum(0)

    def _add(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if self._added is None:
            return output
        return (output.unflatten(0, (-1, len(self._added))) + self._added).flatten(0, 1)


def outputs_of_corrupted(tagger: Tagger, pairs: Pairs) -> dict[str, Tensor]:
    """Return the outputs of all heads (B, H, T, d), by tap, in the corrupted jets at the tokens of the clean ones.

    Where a token has no match it is the output in the clean jet.
    """
    clean, corrupted = (CachedForward(tagger, jets, {HEAD_OUTPUT}) for jets in (pairs.clean, pairs.corrupted))
    match = match_tokens(pairs, clean, corrupted)
    outputs = {}
    for tap, own in clean.cache.items():
        other = corrupted.cache[tap]
        if tap.startswith("class_blocks"):
            outputs[tap] = other
        else:
            outputs[tap] = take_matched(own.transpose(1, 2), other.transpose(1, 2), match).transpose(1, 2)
    return outputs
