"""From a configuration to a model."""

from torch import nn

from part.errors import PartError
from part.models.config import MODELS, ModelConfig
from part.models.linpart import LinParT
from part.models.no_bias import ParTNoBias
from part.models.pair_attention import PairAttn
from part.models.particlenet import ParticleNet
from part.models.pcnn import PCNN
from part.models.pfn import PFN
from part.models.transformer import ParticleTransformer


def build(config: ModelConfig) -> nn.Module:
    """The model that `config` names, with fresh weights; every model is called as (x, v, mask, tap=None)."""
    match config.model:
        case "ParT":
            return ParticleTransformer(config)
        case "ParTNoBias":
            return ParTNoBias(config)
        case "PairAttn":
            return PairAttn(config)
        case "LinParT":
            return LinParT(config)
        case "ParticleNet":
            return ParticleNet(config)
        case "PFN":
            return PFN(config)
        case "P-CNN":
            return PCNN(config)
    raise PartError(f"There is no model {config.model!r}; this version knows {', '.join(MODELS)}.")
