"""The compiled forward pass takes every architecture with attention; `test_native_forward.py` tests ParT itself."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.models import LINPART, PART, random_jets, random_model, run_weaver, small_configs, weaver_part
from helpers.weaver_part import OPEN, load

import part
from part.errors import PartError
from part.jets import make_batch
from part.jets.benchmarks import FULL
from part.models.backends.limits import unsupported
from part.models.backends.native.forward import NativeModel
from part.models.checkpoints.weaver import convert_part
from part.models.config import ParTConfig
from part.models.pair_attention import PairAttnConfig

SAMPLE = Path(__file__).parents[2] / "data_samples" / "jetclass_like.root"
pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ to compile with")
PAIR_ATTN = PairAttnConfig(embed=(32,), pair_embed=(8,), heads=2, layers=2)
CONFIGS = {name: config for name, config in small_configs().items() if config.attends_to} | {
    "uneven widths": replace(PART, embed=(20, 27), heads=3),
    "an uneven width, hidden layers and gates": replace(
        PART, embed=(40,), heads=5, pair_embed=(12,), head=((13, "swiglu"),), ffn_ratio=3, gate="head"
    ),
    "lnΔ alone": replace(PART, pair_inputs=1),
    "three features of pairs without self-pairs": replace(PART, pair_inputs=3, self_pairs=False),
    "ordered pairs without self-pairs": replace(PART, pair_inputs=6, self_pairs=False),
    "a scale of the bias in some blocks": replace(PART, bias_scale=True, biased_blocks=(1,)),
    "PairAttn with a scale of the bias": PairAttnConfig(
        embed=(32,), pair_embed=(8,), heads=2, layers=2, bias_scale=True
    ),
    "slots with normalised keys": replace(LINPART, slots=7, qk_norm=True, gate="head", norm="rms"),
}


@pytest.fixture(scope="module")
def real():
    """Return x, v and mask of 500 real jets of all lengths."""
    batch = make_batch(part.read_jets(SAMPLE, stop=500), FULL)
    return batch.x, batch.v, batch.mask


def close(a, b, atol=1e-4):
    torch.testing.assert_close(a, b, atol=atol, rtol=0)


@pytest.mark.parametrize("name", CONFIGS)
def test_logits_are_the_models_in_any_batch(name):
    """The jets have 1 to 70 particles; the logits of each are the same in a batch of its own."""
    model = random_model(CONFIGS[name])
    jets = random_jets(jets=9, particles=70, inputs=model.config.inputs)
    native = NativeModel(model)
    logits = native(*jets)
    with torch.inference_mode():
        expected = model(*jets)
    assert expected.std(0).min() > 0.03  # the jets are distinguished, so equality means something
    close(logits, expected)
    for jet, n in enumerate(jets[2].sum(1).tolist()):
        assert torch.equal(native(*(t[jet : jet + 1, :n] for t in jets)), logits[jet : jet + 1])


@pytest.mark.parametrize("particles", [1, 2, 15, 16, 17, 128])
@pytest.mark.parametrize("config", [LINPART, PAIR_ATTN], ids=str)
def test_jets_of_any_length_run(config, particles):
    model, jets = random_model(config), random_jets(jets=3, particles=particles)
    with torch.inference_mode():
        close(NativeModel(model)(*jets), model(*jets))


def test_threads_and_empty_jets_change_nothing():
    for name in ("LinParT with landmarks", "ParT of version 3.6", "ParT of ordered pairs"):
        native, (x, v, mask) = NativeModel(random_model(CONFIGS[name])), random_jets(jets=40, particles=30)
        expected, before = native(x, v, mask), torch.get_num_threads()
        try:
            torch.set_num_threads(2)
            assert torch.equal(native(x, v, mask), expected)
        finally:
            torch.set_num_threads(before)
        with_empty = [
            torch.cat((t[:3], other, t[3:])) for t, other in ((x, x[:1]), (v, v[:1]), (mask, mask[:1] & False))
        ]
        close(native(*with_empty)[[0, 1, 2, *range(4, 41)]], expected, atol=2e-6)


def test_slots_take_jets_up_to_their_length():
    with pytest.raises(PartError, match="takes jets of up to 16 constituents, not 17"):
        NativeModel(random_model(replace(LINPART, length=16)))(*random_jets(jets=2, particles=17))


def test_only_extra_features_of_pairs_are_refused():
    assert all(unsupported(config, "native") is None for config in CONFIGS.values())
    assert unsupported(replace(PART, extra_pair_features=2), "native") == "it has no code for extra pair features"
    assert unsupported(ParTConfig(extra_pair_features=2, pair_embed=None), "native") is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["linpart-landmark", "linpart-projected", "pairattn-full", "partnobias-full"])
def test_shipped_models_give_the_same_logits_of_real_jets(name, real):
    """In landmarks, sums of momenta whose masses cancel, the order of operations matters even more than in pairs.

    Torch sums them in an order that depends on the processor, so there most logits are the same, but not all.
    """
    model = part.load_model(name, device="cpu", backend="fused").model
    with torch.inference_mode():
        expected = model(*real)
    assert expected.std() > 1
    logits = NativeModel(model)(*real)
    close(logits, expected, atol=0.02 if name == "linpart-landmark" else 1e-4)
    assert (logits - expected).abs().median() < 1e-4


@pytest.mark.slow
@pytest.mark.witness
@pytest.mark.parametrize(
    "options",
    [
        {"version": 2},
        {"version": 3},
        {"version": 3.5},
        {"version": 3.6},
        {"use_conv_embed": True, "fc_params": [(64, 0.1), (32, 0.1)]},
        {"num_heads": 16, "block_params": {"layer_scale_init_values": 0.1}},
    ],
    ids=str,
)
def test_logits_of_real_jets_are_weavers(options, real):
    reference, jets = weaver_part("0.5.3", num_layers=2, **options), [t[:100] for t in real]
    keywords = OPEN | {"use_pre_activation_pair": False, "num_heads": 8} | options
    model = load(convert_part(reference.state_dict(), "net", keywords))
    expected = run_weaver(reference, *jets)
    assert expected.std() > 0.05
    close(NativeModel(model)(*jets), expected)
