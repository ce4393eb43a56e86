"""The target, the jets and the small models of the tests of attributions."""

from collections.abc import Callable
from pathlib import Path

import awkward as ak
import torch

import part
from helpers.jets import write_jets
from helpers.models import randomise
from part.analysis.attribution.target import AttributionTarget
from part.inference.tagger import Tagger
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import ParTConfig
from part.models.linpart import LinParTConfig
from part.models.no_bias import ParTNoBiasConfig
from part.models.pair_attention import PairAttnConfig
from part.models.particlenet import ParticleNetConfig
from part.models.pcnn import PCNNConfig
from part.models.pfn import PFNConfig

TARGET = AttributionTarget(8, 0)
SMALL = {"embed": (16,), "pair_embed": (8,), "layers": 2, "heads": 2}
CONFIGS = {
    "part": ParTConfig(**SMALL),
    "nobias": ParTNoBiasConfig(**SMALL),
    "pairattn": PairAttnConfig(**SMALL),
    "global": ParTConfig(global_token=True, class_layers=0, **SMALL),
    "mean": ParTConfig(class_layers=0, **SMALL),
    "linpart": LinParTConfig(slots=4, **SMALL),
    "particlenet": ParticleNetConfig(widths=(8, 8), edge_layers=2, neighbours=4, hidden=8),
    "pfn": PFNConfig(phi=(16,), f=(16,)),
    "pcnn": PCNNConfig(stem=8, stages=(8, 8), units=1, hidden=8),
}


def few_jets(folder: Path) -> ak.Array:
    return part.read_jets(write_jets(folder / "few.root", [9, 1, 11], seed=3))


def tagger_loader(folder: Path) -> Callable[[str], Tagger]:
    """Return a function that loads each model of CONFIGS by its name, and only once."""
    taggers = {}

    def load(name: str) -> Tagger:
        if name not in taggers:
            torch.manual_seed(0)
            path = save_checkpoint(folder / f"{name}.safetensors", randomise(build(CONFIGS[name])), FULL, JETCLASS, {})
            taggers[name] = part.load_model(path)
        return taggers[name]

    return load
