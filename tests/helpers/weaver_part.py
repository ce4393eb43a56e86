"""weaver-core's ParticleTransformer and taggers with any arguments and random weights, and the same in our layout."""

import itertools
import random
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.models import random_jets, randomise
from helpers.references import weaver_module
from part.models.build import build
from part.models.checkpoints.prefix import Converted
from part.models.checkpoints.weaver import convert_part
from part.models.transformer import ParticleTransformer

STREAMS = (11, 6)  # the features of each collection
SMALL = {"embed_dims": [16, 32], "pair_embed_dims": [8], "num_heads": 4, "num_layers": 3, "num_cls_layers": 1}
# What a network file without these keywords means: weaver's defaults of all that its tensors do not tell.
OPEN = {
    "use_pre_activation_pair": True,
    "remove_self_pair": False,
    "activation": "gelu",
    "pair_input_type": "pp",
    "block_ids_with_attn_mask": None,
    "for_segmentation": False,
    "fc_params": (),
}


@dataclass(frozen=True)
class Batch:
    """Jets in our layout (x, v, mask, pairs), and what weaver's forward takes for the same jets."""

    x: Tensor
    v: Tensor
    mask: Tensor
    pairs: Tensor | None
    weaver: tuple[Tensor | None, ...]

    def double(self) -> "Batch":
        return Batch(*(_double(t) for t in (self.x, self.v, self.mask, self.pairs)), tuple(map(_double, self.weaver)))


def _double(tensor: Tensor | None) -> Tensor | None:
    return tensor.double() if tensor is not None and tensor.is_floating_point() else tensor


_module = cache(weaver_module)  # importing it again takes longer than a test


def make_network(
    release: str,
    options: Mapping[str, Any],
    network: str = "ParticleTransformer",
    inputs: tuple[int, ...] = (),
    classes: int = 5,
) -> nn.Module:
    """Return a network of weaver-core with random weights and statistics, its small sizes overridden by options."""
    torch.manual_seed(0)
    if not inputs:
        inputs = STREAMS if "Tagger" in network else (32 if options.get("embed_dims") == [] else 17,)
    model = randomise(getattr(_module(release), network)(*inputs, classes, trim=False, **SMALL | dict(options)))
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and name.removeprefix("part.").startswith("fc."):
            module.weight.data *= 2  # otherwise the logits hardly depend on the jet after some layers of the head
    return model


def convert(network: nn.Module, options: Mapping[str, Any]) -> tuple[Converted, ParticleTransformer]:
    """Return what `convert_part` makes of a network with these options, and our model with its weights."""
    converted = convert_part(network.state_dict(), "net", OPEN | SMALL | dict(options))
    return converted, load(converted)


def load(converted: Converted) -> ParticleTransformer:
    """Return our model with converted weights; none may be missing, unknown or of another shape."""
    model = build(converted.config).eval()
    report = model.load_state_dict(dict(converted.state), strict=False)
    assert report.unexpected_keys == []
    assert all(key.endswith("num_batches_tracked") for key in report.missing_keys)
    return model


def run(network: nn.Module, batch: Batch) -> Tensor:
    """Return the logits of a network of weaver-core."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # weaver-core uses functions of torch that are deprecated by now
        return network(*batch.weaver)


def jets_for(release: str, options: Mapping[str, Any], particles: int = 20, inputs: int = 17) -> Batch:
    """Return jets of 1 to N particles for a ParticleTransformer with these options."""
    x, v, mask = random_jets(6, particles, 32 if options.get("embed_dims") == [] else inputs)
    extra = options.get("pair_extra_dim", 0)
    pairs = torch.randn(6, particles, particles, extra, generator=torch.Generator().manual_seed(5)) if extra else None
    own_x = x.transpose(1, 2)
    if options.get("embed_dims") == []:  # then weaver takes what follows the embedding
        own_x = x.transpose(0, 1) if release == "0.4.17" else x
    own_v = None if options.get("pair_input_dim") == 0 and extra else v.transpose(1, 2)
    own_pairs = None if pairs is None else pairs.permute(0, 3, 1, 2)
    return Batch(x, v, mask, pairs, (own_x, own_v, mask[:, None], own_pairs))


def streams(extra: int = 0, widths: tuple[int, int] = STREAMS) -> Batch:
    """Return jets of particles and vertices with so many features, packed for us and padded apart for weaver."""
    (x, v, mask), (sv_x, sv_v, sv_mask) = random_jets(6, 20, widths[0]), random_jets(6, 4, widths[1], seed=1)
    sv_mask = sv_mask & (torch.arange(6) % 3 != 1)[:, None]  # some jets have no vertex
    sv_x, sv_v = sv_x * sv_mask[..., None], sv_v * sv_mask[..., None]
    g = torch.Generator().manual_seed(7)
    pairs = torch.randn(6, 20, 20, extra, generator=g) * (mask[:, :, None] & mask[:, None])[..., None]
    tokens = torch.cat((F.pad(x, (0, widths[1])), F.pad(sv_x, (widths[0], 0))), 1)
    flags = F.one_hot(torch.tensor([0] * 20 + [1] * 4), 2).float().expand(6, -1, -1)
    real = torch.cat((mask, sv_mask), 1)
    order = (~real).to(torch.uint8).argsort(dim=1, stable=True)  # real tokens first

    def packed(t: Tensor) -> Tensor:
        return t.gather(1, order.reshape(6, 24, *[1] * (t.ndim - 2)).expand_as(t))

    ours = [packed(t) for t in (torch.cat((tokens, flags), -1) * real[..., None], torch.cat((v, sv_v), 1), real)]
    square = packed(packed(F.pad(pairs, (0, 0, 0, 4, 0, 4))).transpose(1, 2)).transpose(1, 2)
    collections = [(x.transpose(1, 2), v.transpose(1, 2), mask[:, None])]
    collections += [(sv_x.transpose(1, 2), sv_v.transpose(1, 2), sv_mask[:, None])]
    weaver = (*itertools.chain(*collections), *([pairs.permute(0, 3, 1, 2)] if extra else []))
    return Batch(*ours, square if extra else None, weaver)


def sampled(axes: Mapping[str, list[dict[str, Any]]], count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield random combinations of one value of each axis, in which each value of every axis occurs."""
    rng = random.Random(seed)
    columns = []
    for values in axes.values():
        column = list(itertools.islice(itertools.cycle(values), count))
        rng.shuffle(column)
        columns.append(column)
    for choice in zip(*columns, strict=True):
        yield {key: value for options in choice for key, value in options.items()}
