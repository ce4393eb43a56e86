"""A model in which only a set of edges carries what its sender adds, while all others carry what replaces it.

What a component reads is the sum of what was added before: of a sender that it is joined to by a kept edge what this
sender adds in the very same pass, of all others what replaces their outputs. Heads of a layer are summed before they go
through the norm after the attention, for each reader anew, so that nothing is linearised: with all edges the pass is
that of the model, with none it is that of the replacement. The interaction bias is that of the jet in any case.
Only components from which kept edges lead to the logits are computed.
Shapes: B jets, T tokens, H heads, d channels of a head, D channels, E edges, S senders.
"""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from part.analysis.circuits.edge_search.replacements import MeanOutputs, outputs_in_corrupted
from part.analysis.circuits.edge_search.streams import Stream
from part.analysis.circuits.edges.outputs import NAMES, Outputs, outputs_of
from part.analysis.circuits.edges.wiring import Port, Wiring
from part.analysis.circuits.search.jets_of_classes import Labelled
from part.analysis.circuits.search.kept_heads import logit_difference
from part.inference.forward import CachedForward
from part.inference.tagger import Tagger
from part.jets.class_groups import ClassGroup
from part.models.attention import mask_keys
from part.models.transformer import Block, ParticleTransformer


class EdgeSets:
    """The passes of some jets in which sets of edges are kept.

    Parameters
    ----------
    tagger : Tagger
    wiring : Wiring
    means : MeanOutputs or None
        What replaces outputs; None for what they are in the corrupted jet.
    contrast : tuple of ClassGroup
        The two classes or groups whose difference of logits is returned.
    """

    def __init__(
        self, tagger: Tagger, wiring: Wiring, means: MeanOutputs | None, contrast: tuple[ClassGroup, ClassGroup]
    ):
        self._tagger, self._wiring, self._means, self._contrast = tagger, wiring, means, contrast
        self._model = cast(ParticleTransformer, tagger.model)
        self._first: dict[str, int] = {}  # the number of the first edge of each port
        self._ports = {port.place: port for port in wiring.ports}
        n = 0
        for port in wiring.ports:
            self._first[port.place] = n
            n += len(port.senders) * len(port.receivers)

    def load(self, jets: Labelled) -> None:
        """Take jets (B,), with pairs where the corrupted jet replaces outputs."""
        self.forward = CachedForward(self._tagger, jets.jets, NAMES)
        self.own = outputs_of(self.forward)
        if self._means is None:
            assert jets.pairs is not None
            self.replaced = outputs_in_corrupted(self._tagger, jets.pairs, self.forward)
        else:
            self.replaced = self._means.of(self.own)

    def differences(self, kept: np.ndarray) -> np.ndarray:
        """Return the difference of logits (B,) of the loaded jets with the edges that are `kept` (E,), bool."""
        with torch.inference_mode():
            outputs = _Pass(self._model, self._wiring, self.forward, self.own, self.replaced, self._live(kept)).logits()
            return logit_difference(self._tagger.of_classes(outputs).log_softmax(-1), self._contrast)

    def _live(self, kept: np.ndarray) -> dict[str, np.ndarray]:
        """Return which senders each receiver of a port hears (receivers, senders), by place."""
        live = {}
        for place, port in self._ports.items():
            shape = len(port.senders), len(port.receivers)
            first = self._first[place]
            live[place] = kept[first : first + shape[0] * shape[1]].reshape(shape).T
        return live


def needed_nodes(wiring: Wiring, live: dict[str, np.ndarray]) -> set[int]:
    """Return the nodes from which live edges lead to the logits."""
    needed = {len(wiring.nodes) - 1}
    for port in reversed(wiring.ports):
        if port.channel == "bias":
            continue
        for receiver, row in zip(port.receivers, live[port.place], strict=True):
            if receiver in needed and row.any():
                needed |= {port.senders[i] for i in np.flatnonzero(row)}
    return needed


class _Pass:
    """One pass with a set of live edges."""

    def __init__(
        self,
        model: ParticleTransformer,
        wiring: Wiring,
        forward: CachedForward,
        own: Outputs,
        replaced: Outputs,
        live: dict[str, np.ndarray],
    ):
        self._model, self._wiring, self._forward, self._live = model, wiring, forward, live
        self._needed = needed_nodes(wiring, live)
        self._ports = {port.place: port for port in wiring.ports}
        blocks = cast(Sequence[Block], model.blocks)
        has_embedding = wiring.particles[0] in self._needed
        self._particles = Stream(blocks, wiring.particles, replaced.embedding, own.embedding if has_embedding else None)
        self._replaced = replaced
        self._tokens: Stream | None = None
        if len(model.class_blocks):
            assert model.class_token is not None
            token = model.class_token.expand(len(forward.mask), -1, -1)
            self._tokens = Stream(cast(Sequence[Block], model.class_blocks), wiring.tokens, token, None, False)

    def logits(self) -> Tensor:
        """Return the outputs of the model (B, C)."""
        model, mask = self._model, self._forward.mask
        for i, module in enumerate(model.blocks):
            block, name = cast(Block, module), f"blocks.{i}"
            read = self._reader(self._particles, block.pre_attn_norm)
            heads = self._heads(block, name, read, read, self._bias(block, i), mask, self._replaced.heads[i])
            self._particles.add_heads(i, self._replaced.heads[i], *heads)
            self._particles.add_ffn(i, self._replaced.ffn[i], self._ffn(block, f"{name}.ffn", self._particles))
        if self._tokens is None:
            x = self._particles.read(self._row("logits"), len(model.blocks))
            return model.classify(model._first_token(x, mask)).squeeze(1)
        wide = torch.cat((mask.new_ones(len(mask), 1), mask), 1)
        for i, module in enumerate(model.class_blocks):
            block, name = cast(Block, module), f"class_blocks.{i}"
            own, other = self._replaced.class_heads[i], self._replaced.class_ffn[i]
            token = self._reader(self._tokens, nn.Identity())
            heads = self._heads(block, name, token, self._context(block), None, wide, own)
            self._tokens.add_heads(i, own, *heads)
            self._tokens.add_ffn(i, other, self._ffn(block, f"{name}.ffn", self._tokens))
        return model.classify(self._tokens.read(self._row("logits"), len(model.class_blocks))).squeeze(1)

    def _row(self, place: str) -> np.ndarray:
        return self._live[place][0]

    def _ffn(self, block: Block, place: str, stream: Stream) -> Tensor | None:
        """Return what a feed-forward part adds, None if it is not needed."""
        port = self._ports[place]
        if port.receivers[0] not in self._needed:
            return None
        added = block.ffn(block.pre_ffn_norm(stream.read(self._row(place), port.block)))
        return added if block.ffn_scale is None else block.ffn_scale * added

    def _reader(self, stream: Stream, norm: nn.Module) -> "_Read":
        known: dict[bytes, Tensor] = {}

        def read(row: np.ndarray, port: Port) -> Tensor:
            if row.tobytes() not in known:
                known[row.tobytes()] = norm(stream.read(row, port.block))
            return known[row.tobytes()]

        return read

    def _context(self, block: Block) -> "_Read":
        """Return how the keys and values of a class block read the particles and the token."""
        known: dict[bytes, Tensor] = {}
        particles, tokens, n = self._particles, self._tokens, len(self._wiring.particles)

        def read(row: np.ndarray, port: Port) -> Tensor:
            assert tokens is not None
            if row.tobytes() not in known:
                parts = tokens.read(row[n:], port.block), particles.read(row[:n], len(self._model.blocks))
                known[row.tobytes()] = block.pre_attn_norm(torch.cat(parts, 1))
            return known[row.tobytes()]

        return read

    def _bias(self, block: Block, i: int) -> Tensor | None:
        bias = self._forward.bias
        if bias is None or not self._model.config.is_biased(i):
            return None
        if block.c_bias is None:
            return bias
        own = bias.masked_fill(~self._forward.mask[:, None, None, :], 0)
        return mask_keys(own * block.c_bias, self._forward.mask)

    def _heads(
        self,
        block: Block,
        name: str,
        read: "_Read",
        read_context: "_Read",
        bias: Tensor | None,
        mask: Tensor,
        like: Tensor,
    ) -> tuple[np.ndarray, Tensor]:
        """Return which heads are needed (H,), and the gated outputs of all (B, H, T, d), of others as `like`."""
        any_port = self._ports[f"{name}.v"]
        needed = np.array([receiver in self._needed for receiver in any_port.receivers])
        if not needed.any():
            return needed, like
        heads, attn = np.flatnonzero(needed), block.attn
        parts = {}
        for number, channel in enumerate(("q", "k", "v") if f"{name}.q" in self._ports else ("v",)):
            rows = slice(number * attn.out.in_features, (number + 1) * attn.out.in_features)
            shift = None if attn.qkv.bias is None else attn.qkv.bias[rows]
            reading = read if channel == "q" else read_context
            parts[channel] = self._projected(f"{name}.{channel}", reading, attn.qkv.weight[rows], shift, heads)
        own_bias = None if bias is None else bias[:, heads]
        if "q" in parts:
            output = attn.attend(attn.q_norm(parts["q"]), attn.k_norm(parts["k"]), parts["v"], own_bias, mask, None)
        else:
            assert own_bias is not None
            output = mask_keys(own_bias, mask).softmax(-1) @ parts["v"]
        if attn.gate is not None:
            place = f"{name}.gate"
            output = output * self._projected(place, read, attn.gate.weight, attn.gate.bias, heads).sigmoid()
        found = like.clone()
        found[:, heads] = output
        return needed, found

    def _projected(self, place: str, read: "_Read", weight: Tensor, shift: Tensor | None, heads: np.ndarray) -> Tensor:
        """Return the channels (B, n, T, d) of n heads, by their rows of a weight, of what each of them reads."""
        port, live = self._ports[place], self._live[place]
        by_head = weight.unflatten(0, (len(port.receivers), -1))
        shifts = None if shift is None else shift.unflatten(0, (len(port.receivers), -1))
        columns: list[Tensor | None] = [None] * len(heads)
        patterns, groups = np.unique(live[heads], axis=0, return_inverse=True)
        for g, row in enumerate(patterns):
            places = np.flatnonzero(groups.ravel() == g)
            chosen = heads[places].tolist()
            x = read(row, port) @ by_head[chosen].flatten(0, 1).T
            x = x.unflatten(-1, (len(chosen), -1))
            x = x if shifts is None else x + shifts[chosen]
            for j, at in enumerate(places):
                columns[at] = x[..., j, :]
        return torch.stack(cast(list[Tensor], columns), 1)


_Read = Callable[[np.ndarray, Port], Tensor]  # from which senders are heard, and the port, to what is read there
