"""Small models of every architecture, jets of random massive particles, and weaver-core's ParT with random weights."""

import warnings
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor, nn

from helpers.references import weaver_module
from part.models.build import MODELS, build, config_class
from part.models.config import ModelConfig, ParTConfig
from part.models.linpart import LinParTConfig
from part.models.model import Model
from part.models.no_bias import ParTNoBiasConfig
from part.models.pair_attention import PairAttnConfig
from part.models.particlenet import ParticleNetConfig
from part.models.pcnn import PCNNConfig
from part.models.pfn import PFNConfig

M = TypeVar("M", bound=nn.Module)
SMALL = {"embed": (16, 32), "pair_embed": (8,), "heads": 4, "layers": 2, "class_layers": 1}
TOKEN = {"class_layers": 0, "global_token": True}
VERSION_2 = {"ffn": "swiglu", "normformer": False}  # of weaver-core's architecture
VERSION_3 = VERSION_2 | {"norm": "rms", "biases": False}
VERSION_35 = VERSION_3 | {"qk_norm": True, "gate": "channel"}
PART, LINPART = ParTConfig(**SMALL), LinParTConfig(slots=5, **SMALL)
_CONFIGS: dict[str, ModelConfig] = {
    "ParT": PART,
    "ParT of weaver 0.4": replace(PART, transposed_channels=True),
    "ParT with SwiGLU": replace(PART, ffn="swiglu"),
    "ParT of version 2": replace(PART, **VERSION_2),
    "ParT of version 2 with gates": replace(PART, qk_norm=True, gate="channel", **VERSION_2),
    "ParT of version 2 with a global token": replace(PART, **VERSION_2 | TOKEN),
    "ParT of version 3": replace(PART, **VERSION_3),
    "ParT of version 3 with head gates": replace(PART, gate="head", **VERSION_3),
    "ParT of version 3.5": replace(PART, **VERSION_35),
    "ParT of version 3.6": replace(PART, **VERSION_35 | TOKEN),
    "ParT of e+e- without self-pairs": replace(PART, pair_features="ee", pair_inputs=6, self_pairs=False),
    "ParT of ordered pairs": replace(PART, pair_inputs=8, pair_activation_last=False),
    "ParT with a deep head": replace(PART, head=((12, "relu"), (8, "swiglu"), (8, "gelu"))),
    "ParT of positions": replace(PART, pair_features="xyzt:spherical", pair_inputs=7, ffn="relu", activation="relu"),
    "ParT of two collections": replace(PART, collections=(9, 6), biased_blocks=(1,), head=((12, "gelu"),)),
    "ParT with the mean over particles": replace(PART, class_layers=0, bias_scale=True, layer_scale=True),
    "ParT with a convolutional embedding": replace(PART, conv_embed=True, normformer=("attn", "heads")),
    "ParT without embeddings": replace(PART, inputs=32, embed=(), pair_embed=None),
    "ParT with other class blocks": replace(
        PART, in_class_blocks=(("heads", 2), ("gate", "head"), ("norm", "rms")), outside_blocks=(("biases", False),)
    ),
    "ParTNoBias": ParTNoBiasConfig(**SMALL),
    "ParTNoBias with gates and a global token": ParTNoBiasConfig(**SMALL | VERSION_35 | TOKEN),
    "PairAttn": PairAttnConfig(**SMALL),
    "PairAttn with gates and a global token": PairAttnConfig(**SMALL | VERSION_3 | TOKEN, gate="channel"),
    "LinParT without bias": replace(LINPART, pair_bias="none"),
    "LinParT with a projected bias": replace(LINPART, pair_bias="projected"),
    "LinParT with landmarks": LINPART,
    "LinParT of two collections": replace(LINPART, collections=(9, 6), class_layers=0),
    "ParticleNet": ParticleNetConfig(widths=(16, 24), edge_layers=2, hidden=12),
    "ParticleNet of uneven layers with fusion": ParticleNetConfig(
        widths=((8, 16), (24,)), neighbours=(3, 5), hidden=(12, 8), fusion=16, input_norm=False, mean_slots=64
    ),
    "ParticleNet of two collections": ParticleNetConfig(
        widths=(16, 24), edge_layers=2, hidden=12, collections=(8, 5), collection_width=10, points=2
    ),
    "PFN": PFNConfig(phi=(16, 24), f=(12,)),
    "P-CNN": PCNNConfig(stem=8, stages=(16, 24), hidden=12),
}


def small_configs() -> dict[str, ModelConfig]:
    """Return small architectures of all models by a name; a model that has none above has its default one."""
    present = {config.model for config in _CONFIGS.values()}
    return _CONFIGS | {name: config_class(name)() for name in MODELS if name not in present}


def random_model(config: ModelConfig, seed: int = 0) -> Model:
    """Return a model whose weights and statistics are all random, in evaluation mode."""
    torch.manual_seed(seed)
    return randomise(build(config))


def random_jets(jets: int = 5, particles: int = 40, inputs: int = 17, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Return x (B, N, F), v (B, N, 4) and mask (B, N) of jets from 1 to N particles long, padded with zeros."""
    g = torch.Generator().manual_seed(seed)
    lengths = torch.linspace(1, particles, jets).round().long()
    mask = torch.arange(particles) < lengths[:, None]
    p3 = torch.randn(jets, particles, 3, generator=g) * 20 + torch.tensor([50.0, 20.0, 10.0])
    energy = (p3.square().sum(-1) + 0.14**2).sqrt()
    v = torch.cat((p3, energy[..., None]), -1)
    x = torch.randn(jets, particles, inputs, generator=g)
    return x * mask[..., None], v * mask[..., None], mask


def randomise(model: M, seed: int = 1) -> M:
    """Move every parameter and statistic away from its initial value, those of BatchNorm and the scales too."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in [*model.parameters(), *model.buffers()]:
            if tensor.is_floating_point():
                # To both sides: a common shift would grow from block to block until one key has all the attention.
                noise = 0.4 * (torch.rand(tensor.shape, generator=g) - 0.5)
                spread = tensor.std() if tensor.numel() > 1 else torch.tensor(1.0)
                tensor += noise * spread.nan_to_num(1.0).clamp(min=0.5)
    return model.eval()


def record(model: nn.Module, *jets: Tensor) -> dict[str, Tensor]:
    """Return all tensors that the tap of a forward pass receives, by name."""
    cache: dict[str, Tensor] = {}
    with torch.no_grad():
        model(*jets, tap=lambda name, tensor: cache.setdefault(name, tensor))
    return cache


def weaver_part(release: str, inputs: int = 17, classes: int = 10, **options) -> nn.Module:
    """Return a ParT of a release of weaver-core, by default as published; `version` chooses another architecture."""
    published = {"use_pre_activation_pair": False, "trim": False, "activation": "gelu"}
    return randomise(weaver_module(release).ParticleTransformer(inputs, classes, **published | options))


def run_weaver(model: nn.Module, x: Tensor, v: Tensor | None, mask: Tensor) -> Tensor:
    """Return the logits of a weaver-core ParT for tensors in our layout; without v it has no pair features."""
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # weaver-core uses functions of torch that are deprecated by now
        return model(x.transpose(1, 2), None if v is None else v.transpose(1, 2), mask[:, None])
