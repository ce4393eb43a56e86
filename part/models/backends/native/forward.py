"""The forward pass of ParT and its attention variants in compiled code for the CPU, on packed tokens, without padding.

In fp32 the logits of `forward.cpp` are those of the model up to rounding. In bf16 the processor itself multiplies
bfloat16 values and sums the products in float32; pair features, norms, softmax and the first and last linear layers
stay in float32.

Shapes: B jets, N particles, F features, C classes.
"""

import ctypes
import itertools
from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from part.errors import PartError
from part.models.backends.limits import unsupported_reason
from part.models.backends.native.compile import load_library
from part.models.backends.native.folding import batchnorm_affine, fold_pair_mlp
from part.models.backends.native.packing import (
    Embedding,
    InferenceBlock,
    InferenceNet,
    Linear,
    NormedLayer,
    Packer,
)
from part.models.embedding import Embed, NoEmbed
from part.models.linpart import LandmarkEmbed, LinParT, check_length
from part.models.model import Model
from part.models.numerics.int8 import int8_scheme
from part.models.pair import PairEmbed
from part.models.transformer import ParticleTransformer

OWN_PAIRS = {1: (2,), 3: (0, 1, 2), 4: (0, 1, 2, 3)}  # which of the four features of pair_bias.h a network takes


class NativeModel:
    """A ParT, or a variant, that runs in compiled code, with a copy of the weights as they are at its construction.

    Parameters
    ----------
    model : ParticleTransformer
    precision : str
        "fp32" or "bf16".

    Attributes
    ----------
    workspace_bytes : int
        Memory of the copied weights and of what the last call allocated besides its arguments.

    Raises
    ------
    PartError
        If the model cannot run natively, the code cannot be compiled, or the processor does not multiply bfloat16.
    """

    library: ClassVar[str] = "forward"  # of `compile.LIBRARIES`

    def __init__(self, model: Model, precision: str = "fp32"):
        if reason := unsupported_reason(model, "native"):
            raise PartError(reason)
        self._library = load_library(self.library)
        if precision == "bf16" and not self._library.prepare_bf16():
            raise PartError("The native backend cannot run in bf16 here: this processor has no bf16 arithmetic.")
        if int8_scheme(model):
            self._library.prepare_int8()
        self._library.forward.restype = ctypes.c_int64
        self.classes = model.config.classes
        self._length = model.config.length if isinstance(model, LinParT) else None
        self._given_pairs: PairEmbed | None = None  # makes the pair features that the compiled code has no code for
        self._packer = Packer(self._library.lanes(), precision == "bf16")
        with torch.no_grad():
            self._net = self._fold(model.eval())
        self._weight_bytes = sum(owned.nbytes for owned in self._packer.owned if isinstance(owned, Tensor))
        self.workspace_bytes = self._weight_bytes

    def __call__(self, x: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        """Return the logits of a batch.

        Parameters
        ----------
        x : Tensor (B, N, F)
            Features.
        v : Tensor (B, N, 4)
            Four-momenta px, py, pz, E in GeV.
        mask : Tensor (B, N)
            True for real particles, in any position. All three are on the CPU.

        Returns
        -------
        Tensor (B, C)
        """
        if self._length is not None:
            check_length(x.shape[1], self._length)
        logits, v = torch.empty(len(x), self.classes), v.float()
        tensors = [x.float().contiguous(), v.contiguous(), mask.contiguous(), self._pair_features(v, mask), logits]
        pointers = [None if t is None else ctypes.c_void_p(t.data_ptr()) for t in tensors]
        sizes = [ctypes.c_int64(n) for n in (*x.shape, torch.get_num_threads())]
        allocated = self._library.forward(ctypes.byref(self._net), *pointers, *sizes)
        self.workspace_bytes = self._weight_bytes + allocated
        return logits

    def resume(self, states: Tensor, first: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        """Return the logits that other states lead to, in copies of a batch.

        Parameters
        ----------
        states : Tensor (K, B, T, D)
            The residual stream of K copies, with a global token in front of the particles where the model has one.
        first : Tensor (K), int64
            The particle block before which the states of a copy are those; the number of blocks means the class blocks.
        v, mask : Tensor (B, N, 4), Tensor (B, N)
            As for a call.

        Returns
        -------
        Tensor (K, B, C)
        """
        logits, v = torch.empty(*states.shape[:2], self.classes), v.float()
        tensors = [states.float(), first, v, mask, self._pair_features(v, mask), logits]
        tensors = [None if t is None else t.contiguous() for t in tensors]
        pointers = [None if t is None else ctypes.c_void_p(t.data_ptr()) for t in tensors]
        sizes = [ctypes.c_int64(n) for n in (*states.shape[:2], mask.shape[1], torch.get_num_threads())]
        self._library.resume(ctypes.byref(self._net), *pointers, *sizes)
        return logits

    def _pair_features(self, v: Tensor, mask: Tensor) -> Tensor | None:
        """Return the features (P, E) of all pairs of a jet, jet after jet, unless the compiled code makes them."""
        if self._given_pairs is None:
            return None
        pairs = mask[:, :, None] & mask[:, None, :]
        jet, i, j = (pairs.tril() if self._net.symmetric else pairs).nonzero(as_tuple=True)
        return self._given_pairs.features_between(v, jet, i, j).contiguous()

    def _fold(self, model: Any) -> ctypes.Structure:
        config, packer = model.config, self._packer
        embeddings = model.embed.collections if config.collections else [model.embed]
        net = InferenceNet(config.width, packer.padded(config.width), config.layers, config.class_layers)
        net.collections, net.classes = len(embeddings), config.classes
        net.has_qk, net.global_token = config.has_qk, config.global_token
        if config.has_bias and config.layers:
            self._fold_pairs(model, net)
        if isinstance(model, LinParT):
            net.slots, net.ranks = model.config.slots, model.config.length
        if model.class_token is not None:
            net.token = packer.pointer(packer.pad(model.class_token))
        firsts = itertools.accumulate((0, *config.collections))
        pairs = zip(embeddings, firsts, strict=False)
        net.embed = packer.array(
            Embedding, [self._pack_embedding(embed, first, config.width) for embed, first in pairs]
        )
        blocks = [packer.block(block, config.is_biased(i), False) for i, block in enumerate(model.blocks)]
        net.blocks = packer.array(InferenceBlock, blocks)
        net.class_blocks = packer.array(InferenceBlock, [packer.block(b, False, True) for b in model.class_blocks])
        head = list(self._head_layers(model))
        net.head_layers, net.head = len(head), packer.array(NormedLayer, head)
        return net

    def _fold_pairs(self, model: ParticleTransformer, net: InferenceNet) -> None:
        config, pair = model.config, model.pair_embed
        activations = ["gelu"] * len(config.pair_embed) + ["gelu" if config.pair_activation_last else "none"]
        (weight, bias), *others = fold_pair_mlp(pair.norm, pair.layers)
        net.symmetric, net.self_pairs = config.symmetric_pairs, config.self_pairs
        net.landmarks = isinstance(pair, LandmarkEmbed)
        if net.landmarks:
            net.shares = self._packer.pointer(pair.assignment_logits.softmax(0))
        if config.pair_features == "pp" and config.pair_inputs in OWN_PAIRS:
            own = weight.new_zeros(len(weight), 4)
            own[:, OWN_PAIRS[config.pair_inputs]] = weight
            weight = own
        else:
            self._given_pairs, net.given_pairs = pair, 1
        layers = [(weight, bias), *((self._packer.pad(weight), bias) for weight, bias in others)]
        net.pair_layers = len(layers)
        packed = [
            self._packer.linear(map_, kind, i == 0)
            for i, (map_, kind) in enumerate(zip(layers, activations, strict=True))
        ]
        net.pair = self._packer.array(Linear, packed)

    def _pack_embedding(self, embed: Embed | NoEmbed, first: int, width: int) -> Embedding:
        if isinstance(embed, NoEmbed):
            return Embedding(width, first, 0)
        scale, shift = batchnorm_affine(embed.norm)
        no_norm, layers = nn.Identity(), []
        for i, layer in enumerate(embed.layers):
            if isinstance(layer, nn.Sequential):
                norm, linear, kind = layer[0], layer[1], embed.activation
            else:  # a convolutional embedding
                norm, linear, kind = no_norm, layer.folded(), embed.activation if i + 1 < len(embed.layers) else "none"
            layers.append(self._packer.layer(norm, linear, kind, from_inputs=i == 0))
        sizes = len(scale), first, len(layers)
        pointers = self._packer.pointer(scale), self._packer.pointer(shift)
        return Embedding(*sizes, *pointers, self._packer.array(NormedLayer, layers))

    def _head_layers(self, model: ParticleTransformer) -> Iterator[NormedLayer]:
        """Yield the layers of the head, each with the norm that precedes it."""
        norm = model.norm
        for layer in model.head_layers:
            gated = layer.gate is not None
            yield self._packer.layer(norm, layer.up, "none" if gated else layer.activation, layer.gate, exact=True)
            if gated:
                yield self._packer.layer(nn.Identity(), layer.down, exact=True)
            norm = layer.norm
        yield self._packer.layer(norm, model.head, exact=True)
