"""ParT's forward pass on packed tokens, for a GPU: nothing is spent on padding.

The real particles of all jets are rows of one tensor. What is done to each particle alone is done by the model's own
modules; attention and the interaction bias have kernels of their own (`varlen.py`, `pair_kernel.py`). The logits are
those of the model up to rounding, and so are the gradients, BatchNorm statistics of the batch included.

What is left of the time then is the host's, which starts some 300 small kernels a pass: for inference they are recorded
as CUDA graphs. A graph is made for sizes; jets that need less leave room behind.

Shapes: B jets, N particles, T real particles of all jets, P real pairs (i >= j) of all jets, H heads, D channels,
F features, C classes, S = sum of n squared over the jets.
"""

import copy
import threading

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from part.errors import PartError
from part.models.backends.pair_bias_kernel import WIDTHS, fits, pair_bias
from part.models.kernels.attention import LONGEST
from part.models.kernels.varlen_attention import HEADS, Layout, ask, attend
from part.models.no_bias import ParTNoBias
from part.models.pair import PairEmbed, pair_features
from part.models.transformer import Block, ParticleTransformer

GRAPHS = 64  # kept, at most


def unsupported(model: nn.Module) -> str | None:
    """Why a model cannot run on packed tokens, in a sentence, or None."""
    if type(model) not in (ParticleTransformer, ParTNoBias):
        return f"The packed backend runs ParT and ParTNoBias only, no {type(model).__name__}."
    c = model.config
    if c.qk_norm or c.gate != "none" or c.global_token:
        return "The packed backend knows no qk_norm, no gate and no global_token."
    if c.width // c.heads not in HEADS:
        return f"The packed backend needs heads of {' or '.join(map(str, HEADS))} channels."
    if model.pair_embed is not None and not fits(model.pair_embed):
        return f"The packed backend needs pair layers of one width, {' or '.join(map(str, WIDTHS))}."
    linears = [getattr(block.attn, name) for block in model.blocks for name in ("qkv", "out")]
    if any(type(m) is not nn.Linear or type(m.weight) is not nn.Parameter for m in linears):
        return "The packed backend runs models in floating point, not int8."
    return None


def logits(model: ParticleTransformer, x: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """x (B, N, F), v (B, N, 4) in GeV, mask (B, N) -> logits (B, C), as the model that drops nothing out."""
    layout = Layout.of(mask)
    return trunk(model, *(t.flatten(0, 1)[layout.real] for t in (x, v)), layout)


def trunk(model: ParticleTransformer, x: Tensor, v: Tensor, layout: Layout) -> Tensor:
    """x (T, F), v (T, 4) -> logits (B, C). It does not wait for the device."""
    x = model.embed.layers(model.embed.norm(x))
    bias = None if model.pair_embed is None else _bias(model.pair_embed, v, layout)
    for block in model.blocks:
        q, k, value = block.attn.qkv(block.pre_attn_norm(x)).chunk(3, -1)
        mixed, bias = attend(q, k, value, bias, layout, block.heads)
        x = block.finish(x, block.attn.out(mixed))
    token = model.class_token[0].expand(layout.jets, -1)
    for block in model.class_blocks:
        k, value = _part(block, block.pre_attn_norm(torch.cat((token, x))), 1, 3).chunk(2, -1)
        # The reference asks with the token as it is, not normalised.
        mixed = ask(_part(block, token, 0, 1), k, value, layout, block.heads)
        token = block.finish(token, block.attn.out(mixed))
    return model.head(model.norm(token))


def _part(block: Block, x: Tensor, first: int, last: int) -> Tensor:
    """Of queries, keys and values, 0 to 2, those from `first` to before `last`."""
    qkv, rows = block.attn.qkv, slice(first * x.shape[1], last * x.shape[1])
    return F.linear(x, qkv.weight[rows], None if qkv.bias is None else qkv.bias[rows])


def _bias(embed: PairEmbed, v: Tensor, layout: Layout) -> Tensor:
    """v (T, 4) -> bias (H, S): by the kernel where neither gradients nor statistics of the batch are asked for."""
    if not torch.is_grad_enabled() and not any(m.training for m in embed.modules() if isinstance(m, nn.BatchNorm1d)):
        half = torch.is_autocast_enabled(v.device.type)
        return pair_bias(embed, v, layout, torch.get_autocast_dtype(v.device.type) if half else torch.float32)
    i, j, lower, upper = layout.pair_places()
    with torch.autocast(v.device.type, enabled=False):
        features = pair_features(v[i].float(), v[j].float())
    values = embed.embed(features).T
    bias = values.new_empty(len(values), layout.area)
    bias[:, lower] = values
    bias[:, upper] = values
    return bias


class Packed:
    """A ParT ready for inference on packed tokens.

    precision: "fp32" or "bf16", which keeps a copy of the weights. graphs: whether passes are recorded, which needs a
    GPU. Raises PartError.
    """

    def __init__(self, model: ParticleTransformer, precision: str = "fp32", graphs: bool = True):
        if reason := unsupported(model):
            raise PartError(reason)
        self._half = precision == "bf16"
        self._model = _halved(model) if self._half else model
        self._recorded: dict[tuple, _Recorded] | None = {} if graphs else None
        self._pool = torch.cuda.graph_pool_handle() if graphs else None  # all graphs have their tensors in one place
        self._lock = threading.Lock()  # a graph has one set of inputs for all threads

    @torch.inference_mode()
    def __call__(self, x: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        """x (B, N, F), v (B, N, 4) in GeV, mask (B, N) -> logits (B, C), float32."""
        layout = Layout.of(mask)
        x, v = (t.flatten(0, 1)[layout.real] for t in (x, v))
        if self._recorded is None:
            return self._run(x, v, layout)
        with self._lock:
            return self._graph(x, v, layout).replay(x, v, layout)

    def _run(self, x: Tensor, v: Tensor, layout: Layout) -> Tensor:
        # Without its cache, whose tensors a graph would outlive.
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self._half, cache_enabled=False):
            return trunk(self._model, x, v, layout).float()

    def _graph(self, x: Tensor, v: Tensor, layout: Layout) -> "_Recorded":
        longest = min(LONGEST - 1, max(16, 1 << (layout.longest - 1).bit_length()))
        sizes = (layout.jets, _room(len(x)), longest, _room(layout.area))
        if sizes not in self._recorded:
            if len(self._recorded) == GRAPHS:
                self._recorded.pop(next(iter(self._recorded)))
            self._recorded[sizes] = _Recorded(self._run, x, v, sizes, self._pool)
        return self._recorded[sizes]


class _Recorded:
    """A pass of a fixed size as a CUDA graph."""

    def __init__(self, run, x: Tensor, v: Tensor, sizes: tuple[int, int, int, int], pool):
        jets, tokens, longest, area = sizes
        self.x, self.v = (t.new_zeros(tokens, t.shape[1]) for t in (x, v))
        self.starts, self.squares = (torch.zeros(jets + 1, dtype=torch.int64, device=x.device) for _ in range(2))
        layout = Layout.of_any(self.starts, self.squares, longest, area)
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            run(self.x, self.v, layout)  # compiles and loads whatever is not yet
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, pool, capture_error_mode="thread_local"):
            self.logits = run(self.x, self.v, layout)

    def replay(self, x: Tensor, v: Tensor, layout: Layout) -> Tensor:
        self.x[: len(x)] = x
        self.v[: len(v)] = v
        self.starts.copy_(layout.starts)
        self.squares.copy_(layout.squares)
        self.graph.replay()
        return self.logits.clone()


def _room(count: int) -> int:
    """At least `count`, in eight steps an octave, so that few graphs serve all batches."""
    step = max(16, 1 << max(0, count.bit_length() - 4))
    return -(-max(1, count) // step) * step


def _halved(model: ParticleTransformer) -> ParticleTransformer:
    """A copy with its matrices in bfloat16, as autocast would have them, but for those of the pairs, folded first."""
    halved = copy.deepcopy(model)
    for part in (halved.embed, halved.blocks, halved.class_blocks, halved.head):
        for module in part.modules():
            if isinstance(module, nn.Linear):
                module.to(torch.bfloat16)
    return halved
