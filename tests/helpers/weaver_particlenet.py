"""weaver-core's ParticleNet and ParticleNetTagger with random weights, and their inputs in our layout."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.models import randomise
from helpers.references import weaver_module

PUBLISHED = [(16, (64,) * 3), (16, (128,) * 3), (16, (256,) * 3)]
STREAMS = {"pf": 11, "sv": 6}  # the number of features of each collection


def weaver_particlenet(
    version: str, inputs: int = 17, classes: int = 10, convolutions=PUBLISHED, **options
) -> nn.Module:
    """Return weaver-core's ParticleNet, by default as published, with random weights and statistics."""
    settings = {"fc_params": [(256, 0.1)], "use_fusion": False, "use_fts_bn": True, "use_counts": True} | options
    if version != "0.4.17":
        settings["trim"] = False  # trimming may leave fewer padded slots than it needs
    torch.manual_seed(0)
    module = weaver_module(version, "weaver.nn.model.ParticleNet")
    return randomise(module.ParticleNet(inputs, classes, convolutions, **settings))


def weaver_tagger(version: str, classes: int = 5, convolutions=PUBLISHED, **options) -> nn.Module:
    """Return weaver-core's ParticleNetTagger for `STREAMS`, with random weights and statistics."""
    settings = options if version == "0.4.17" else {"trim": False} | options
    torch.manual_seed(0)
    module = weaver_module(version, "weaver.nn.model.ParticleNet")
    return randomise(module.ParticleNetTagger(*STREAMS.values(), classes, convolutions, **settings))


def run_weaver(model: nn.Module, x: Tensor, mask: Tensor, slots: int = 128) -> Tensor:
    """Return the logits of a ParticleNet for jets padded to a number of slots; points are the last two columns."""
    padding = slots - x.shape[1]
    x = F.pad(x, (0, 0, 0, padding)).transpose(1, 2)  # padded anew, because 0.4 writes into its inputs
    mask = F.pad(mask, (0, padding))[:, None].float()
    return model(x[:, -2:].clone(), x.clone(), mask)


def random_streams(counts: list[tuple[int, int]], seed: int = 0) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
    """Return points (J, N, 2), features (J, N, F) and mask (J, N) of the collections of jets with `counts` tokens."""
    g = torch.Generator().manual_seed(seed)
    streams = {}
    for (name, width), lengths in zip(STREAMS.items(), zip(*counts, strict=True), strict=True):
        slots = max(lengths)
        mask = torch.arange(slots) < torch.tensor(lengths)[:, None]
        points, features = (torch.randn(len(lengths), slots, d, generator=g) * mask[..., None] for d in (2, width))
        streams[name] = (points, features, mask)
    return streams


def run_weaver_tagger(
    model: nn.Module,
    streams: dict[str, tuple[Tensor, Tensor, Tensor]],
    slots: int = 40,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Return the logits of a ParticleNetTagger for collections padded to a number of slots each."""
    arguments = []
    for points, features, mask in streams.values():
        padding = (0, slots - mask.shape[1])
        arguments += [F.pad(t.to(dtype), (0, 0, *padding)).transpose(1, 2).clone() for t in (points, features)]
        arguments.append(F.pad(mask, padding)[:, None].float())
    return model(*arguments)


def join(streams: dict[str, tuple[Tensor, Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    """Return x (J, N, F), v and mask (J, N) of collections in our layout, real tokens first."""
    rows = []
    for kind, (points, features, _) in enumerate(streams.values()):
        columns = [
            features if i == kind else points.new_zeros(*points.shape[:2], w) for i, w in enumerate(STREAMS.values())
        ]
        flags = F.one_hot(torch.tensor(kind), len(streams)).float().expand(*points.shape[:2], -1)
        rows.append(torch.cat((*columns, points, flags), -1))
    x, mask = torch.cat(rows, 1), torch.cat([mask for _, _, mask in streams.values()], 1)
    order = (~mask).sort(dim=1, stable=True).indices
    n = int(mask.sum(1).max())
    mask = mask.gather(1, order)[:, :n]
    x = x.gather(1, order[..., None].expand_as(x))[:, :n] * mask[..., None]
    return x, torch.zeros(*mask.shape, 4), mask
