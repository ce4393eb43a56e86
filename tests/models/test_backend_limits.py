"""What the compiled code and the packed kernels cannot do is said in one place, and all else is allowed."""

import pytest

from part.models.backends.limits import BACKENDS, unsupported
from part.models.config import ModelConfig, ParTConfig
from part.models.linpart import LinParTConfig
from part.models.no_bias import ParTNoBiasConfig
from part.models.pair_attention import PairAttnConfig
from part.models.particlenet import ParticleNetConfig
from part.models.pfn import PFNConfig

WIDE = {"embed": (64,), "pair_embed": (16,), "heads": 2, "layers": 2}
TRAINED_BY_TORCH = "no code for a bias without self-pairs or last activation, or in some blocks only"


def part_config(**options) -> ParTConfig:
    return ParTConfig(**WIDE | options)


# Why each of the backends refuses an architecture: the compiled code, its training, the packed kernels.
REASONS: list[tuple[ModelConfig, str | None, str | None, str | None]] = [
    (ParTConfig(), None, None, None),
    (ParTNoBiasConfig(), None, None, None),
    (LinParTConfig(), None, None, "no code for LinParT, only for ParT, ParTNoBias"),
    (PairAttnConfig(), None, None, "no code for PairAttn"),
    (ParticleNetConfig(), None, "no code for ParticleNet, only for ParT", "no code for ParticleNet, only for ParT"),
    (PFNConfig(), *("no code for PFN, only for ParT, ParTNoBias",) * 3),
    (part_config(extra_pair_features=1), *("no code for extra pair features",) * 3),
    *((part_config(**options), None, *(f"no code for {name}",) * 2) for options, name in (
        ({"qk_norm": True}, "a qk_norm"),
        ({"gate": "head"}, "gates"),
        ({"in_class_blocks": (("gate", "head"),)}, "gates"),
        ({"global_token": True, "class_layers": 0}, "a global_token"),
        ({"pair_features": "ee", "pair_inputs": 6}, "pair features other than lnkT, lnz, lnΔ, lnm²"),
        ({"pair_inputs": 5}, "pair features other than lnkT, lnz, lnΔ, lnm²"),
        ({"bias_scale": True}, "a scale of the bias in each block"),
    )),
    *((part_config(**options), None, name, None) for options, name in (
        ({"norm": "rms"}, "other norms, scales and feed-forward parts than the published ones"),
        ({"ffn": "swiglu"}, "other norms, scales and feed-forward parts"),
        ({"biases": False}, "other norms, scales and feed-forward parts"),
        ({"normformer": ("heads",)}, "other norms, scales and feed-forward parts"),
        ({"layer_scale": True}, "a layer scale"),
        ({"in_class_blocks": (("ffn_ratio", 2),)}, "class blocks, or a head, of another kind"),
        ({"outside_blocks": (("biases", False),)}, "class blocks, or a head, of another kind"),
        ({"head": ((8, "swiglu"),)}, "hidden layers in the head"),
        ({"conv_embed": True}, "a convolutional embedding, or for none"),
        ({"embed": (), "inputs": 64}, "a convolutional embedding, or for none"),
        ({"embed": (24, 64)}, "embedding and heads in steps of 16"),
    )),
    (part_config(head=((8, "relu"),)), None, "hidden layers in the head", None),
    (part_config(ffn="relu"), None, "a ReLU", None),
    (part_config(activation="relu"), None, "a ReLU", None),
    (part_config(collections=(9, 6)), None, "several collections", None),
    (part_config(pair_activation_last=False), None, TRAINED_BY_TORCH, None),
    (part_config(self_pairs=False), None, TRAINED_BY_TORCH, None),
    (part_config(biased_blocks=(1,)), None, TRAINED_BY_TORCH, None),
    (part_config(class_layers=0), None, "a mean over tokens in place of class blocks", "a mean over tokens"),
    (part_config(pair_embed=(24, 24)), None, "needs pair embeddings in steps of 16", "pair layers of one width"),
    (part_config(pair_embed=(16, 32)), None, None, "pair layers of one width, 16 or 32 or 64 or 128"),
    (part_config(heads=8), None, "heads in steps of 16", "needs heads of 16 or 32 or 64 channels"),
    (part_config(pair_embed=None), None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("config", "native", "training", "packed"), REASONS)
def test_each_backend_says_what_it_cannot_do(config, native, training, packed):
    for backend, expected in zip(BACKENDS[:3], (native, training, packed), strict=True):
        reason = unsupported(config, backend)
        assert (reason is None) == (expected is None), (backend, reason)
        assert expected is None or expected in reason
        assert reason is None or not reason.endswith(".")


def test_torchs_backends_run_every_architecture():
    for config, *_ in REASONS:
        assert [unsupported(config, backend) for backend in ("explicit", "fused")] == [None] * 2


def test_flash_attention_needs_heads_that_its_kernel_has():
    assert unsupported(PFNConfig(), "flash") is None
    assert unsupported(part_config(), "flash") is None
    for options in ({"heads": 8}, {"embed": (48,)}, {"in_class_blocks": (("heads", 16),)}):
        assert unsupported(part_config(**options), "flash") == "its heads need a power of two of channels, 16 or more"
