"""ParT's forward pass on packed tokens, for a GPU: nothing is computed for padding.

The real particles of all jets are the rows of one tensor. Layers that act on each particle alone are the model's own
modules; attention and the interaction bias have Triton kernels (`varlen_attention.py`, `pair_bias_kernel.py`). Logits
and gradients are the model's up to rounding, BatchNorm statistics of the batch included.

What then limits the speed is the host, which launches some 300 small kernels a pass. For inference they are captured as
CUDA graphs. A graph has fixed sizes; smaller batches leave part of its tensors unused.

Shapes: B jets, N particles, T real particles of all jets, H heads, D channels, F features, C classes, S = sum of n
squared over the jets of n particles.
"""

import copy
import threading
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.errors import PartError
from part.models.backends import limits
from part.models.backends.pair_bias_kernel import pair_bias
from part.models.embedding import CollectionsEmbed
from part.models.kernels.attention import MAX_KEYS
from part.models.kernels.packed_layout import PackedLayout
from part.models.kernels.varlen_attention import class_attention, self_attention
from part.models.pair import PairEmbed
from part.models.pair_features import pair_features
from part.models.transformer import Block, ParticleTransformer

MAX_GRAPHS = 64  # kept at a time


def unsupported_reason(model: nn.Module) -> str | None:
    """Return in a sentence why a model cannot run on packed tokens, or None if it can."""
    return limits.unsupported_reason(model, "packed")


def logits(model: ParticleTransformer, x: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """Return the logits of a padded batch, computed on packed tokens, differentiably and without dropout.

    Parameters
    ----------
    model : ParticleTransformer
        A model for which `unsupported_reason` is None.
    x : Tensor (B, N, F)
        Features.
    v : Tensor (B, N, 4)
        Four-momenta px, py, pz, E in GeV.
    mask : Tensor (B, N)
        True for real particles.

    Returns
    -------
    Tensor (B, C)
    """
    layout = PackedLayout.from_mask(mask)
    return forward_packed(model, *(t.flatten(0, 1)[layout.token_index] for t in (x, v)), layout)


def forward_packed(model: ParticleTransformer, x: Tensor, v: Tensor, layout: PackedLayout) -> Tensor:
    """Return logits (B, C) from packed features x (T, F) and four-momenta v (T, 4), without waiting for the device."""
    has_statistics = any(m.training for m in model.embed.modules() if isinstance(m, nn.BatchNorm1d))
    at_fixed_sizes = isinstance(model.embed, CollectionsEmbed) and not has_statistics
    x = model.embed.embed_at_fixed_sizes(x) if at_fixed_sizes else model.embed.embed(x)
    bias = _packed_bias(model.pair_embed, v, layout) if model.config.has_bias else None
    for i, block in enumerate(model.blocks):
        q, k, value = block.attn.qkv(block.pre_attn_norm(x)).chunk(3, -1)
        if model.config.is_biased(i):
            head_output, bias = self_attention(q, k, value, bias, layout, block.heads)
        else:
            head_output, _ = self_attention(q, k, value, None, layout, block.heads)
        x = block.residual_and_ffn(x, block.attn.out(head_output))
    token = model.class_token[0].expand(layout.n_jets, -1)
    for block in model.class_blocks:
        k, value = _project(block, block.pre_attn_norm(torch.cat((token, x))), 1, 3).chunk(2, -1)
        # As in the reference, the token is normalised as a key, but not as the query.
        head_output = class_attention(_project(block, token, 0, 1), k, value, layout, block.heads)
        token = block.residual_and_ffn(token, block.attn.out(head_output))
    return model.classify(token)


def _project(block: Block, x: Tensor, first: int, last: int) -> Tensor:
    """Return queries (0), keys (1) and values (2) of x, from `first` to before `last`, beside each other."""
    qkv, rows = block.attn.qkv, slice(first * x.shape[1], last * x.shape[1])
    return F.linear(x, qkv.weight[rows], None if qkv.bias is None else qkv.bias[rows])


def _packed_bias(embed: PairEmbed, v: Tensor, layout: PackedLayout) -> Tensor:
    """Return the bias (H, S) of v (T, 4), by the kernel unless gradients or statistics of the batch are needed."""
    if not torch.is_grad_enabled() and not any(m.training for m in embed.modules() if isinstance(m, nn.BatchNorm1d)):
        in_autocast = torch.is_autocast_enabled(v.device.type)
        return pair_bias(embed, v, layout, torch.get_autocast_dtype(v.device.type) if in_autocast else torch.float32)
    indices = layout.pair_indices()
    if not embed.self_pairs:
        different = indices[0] != indices[1]
        indices = tuple(index[different] for index in indices)
    i, j, lower, upper = indices
    with torch.autocast(v.device.type, enabled=False):
        features = pair_features(v[i].float(), v[j].float())
    values = embed.embed(features).T
    bias = values.new_zeros(len(values), layout.bias_size)  # without self-pairs the diagonal stays 0
    bias[:, lower] = values
    bias[:, upper] = values
    return bias


class PackedModel:
    """A ParT that runs inference on packed tokens.

    Parameters
    ----------
    model : ParticleTransformer
    precision : str
        "fp32", or "bf16", for which a copy of the weights is kept.
    graphs : bool
        Whether passes are captured as CUDA graphs, which needs a GPU.

    Raises
    ------
    PartError
        If the model cannot run on packed tokens.
    """

    def __init__(self, model: ParticleTransformer, precision: str = "fp32", graphs: bool = True):
        if reason := unsupported_reason(model):
            raise PartError(reason)
        self._bf16 = precision == "bf16"
        self._model = _to_bf16(model) if self._bf16 else model
        self._graphs: dict[tuple[int, ...], _CapturedGraph] | None = {} if graphs else None
        self._pool = torch.cuda.graph_pool_handle() if graphs else None  # all graphs share one memory pool
        self._lock = threading.Lock()  # a graph has one set of inputs for all threads

    @torch.inference_mode()
    def __call__(self, x: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        """Return logits (B, C), float32, from x (B, N, F), v (B, N, 4) in GeV and mask (B, N)."""
        layout = PackedLayout.from_mask(mask)
        x, v = (t.flatten(0, 1)[layout.token_index] for t in (x, v))
        if self._graphs is None:
            return self._run(x, v, layout)
        with self._lock:
            return self._graph(x, v, layout).replay(x, v, layout)

    def _run(self, x: Tensor, v: Tensor, layout: PackedLayout) -> Tensor:
        # Without autocast's cache of weights, which would not live as long as a graph that uses them.
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self._bf16, cache_enabled=False):
            return forward_packed(self._model, x, v, layout).float()

    def _graph(self, x: Tensor, v: Tensor, layout: PackedLayout) -> "_CapturedGraph":
        max_seqlen = min(MAX_KEYS - 1, max(16, 1 << (layout.max_seqlen - 1).bit_length()))
        sizes = (layout.n_jets, _bucket_size(len(x)), max_seqlen, _bucket_size(layout.bias_size))
        if sizes not in self._graphs:
            if len(self._graphs) == MAX_GRAPHS:
                self._graphs.pop(next(iter(self._graphs)))
            self._graphs[sizes] = _CapturedGraph(self._run, x, v, sizes, self._pool)
        return self._graphs[sizes]


class _CapturedGraph:
    """A pass of fixed sizes as a CUDA graph."""

    def __init__(
        self,
        run: Callable[[Tensor, Tensor, PackedLayout], Tensor],
        x: Tensor,
        v: Tensor,
        sizes: tuple[int, int, int, int],
        pool: tuple[int, int] | None,
    ):
        jets, tokens, max_seqlen, bias_size = sizes
        self.x, self.v = (t.new_zeros(tokens, t.shape[1]) for t in (x, v))
        self.cu_seqlens, self.bias_offsets = (
            torch.zeros(jets + 1, dtype=torch.int64, device=x.device) for _ in range(2)
        )
        layout = PackedLayout.placeholder(self.cu_seqlens, self.bias_offsets, max_seqlen, bias_size)
        warmup = torch.cuda.Stream()
        warmup.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(warmup):
            run(self.x, self.v, layout)  # compiles and loads kernels, which cannot be done during the capture
        torch.cuda.current_stream().wait_stream(warmup)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, pool, capture_error_mode="thread_local"):
            self.logits = run(self.x, self.v, layout)

    def replay(self, x: Tensor, v: Tensor, layout: PackedLayout) -> Tensor:
        self.x[: len(x)] = x
        self.v[: len(v)] = v
        self.cu_seqlens.copy_(layout.cu_seqlens)
        self.bias_offsets.copy_(layout.bias_offsets)
        self.graph.replay()
        return self.logits.clone()


def _bucket_size(count: int) -> int:
    """Round up to one of eight sizes an octave, so that few graphs serve all batches."""
    step = max(16, 1 << max(0, count.bit_length() - 4))
    return -(-max(1, count) // step) * step


def _to_bf16(model: ParticleTransformer) -> ParticleTransformer:
    """Return a copy with the weights that autocast would cast in bfloat16; the pair MLP is folded in float32 first."""
    copied = copy.deepcopy(model)
    for child in (copied.embed, copied.blocks, copied.class_blocks, copied.head_layers, copied.head):
        for module in child.modules():
            if isinstance(module, nn.Linear):
                module.to(torch.bfloat16)
    return copied
