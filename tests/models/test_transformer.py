"""What must hold for a Particle Transformer whatever its weights are."""

import pytest
import torch
from helpers.models import random_jets, randomise

from part.models.attention import set_backend
from part.models.build import build
from part.models.config import ParTConfig


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return randomise(build(ParTConfig()))


def close(a, b, atol=2e-5):
    torch.testing.assert_close(a, b, atol=atol, rtol=0)


def test_it_has_the_published_number_of_parameters(model):
    assert sum(p.numel() for p in model.parameters()) == 2_143_486


def test_the_order_of_the_particles_does_not_matter(model):
    x, v, mask = random_jets()
    order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(3))
    close(model(x[:, order], v[:, order], mask[:, order]), model(x, v, mask))


def test_what_the_padding_holds_does_not_matter(model):
    x, v, mask = random_jets()
    other = ~mask[..., None] * torch.rand(1) * 100
    close(model(x + other, v + other, mask), model(x, v, mask))


def test_how_much_padding_there_is_does_not_matter(model):
    x, v, mask = random_jets()
    longer = [torch.nn.functional.pad(t, (0, 0, 0, 13)) for t in (x, v)]
    close(model(*longer, torch.nn.functional.pad(mask, (0, 13))), model(x, v, mask))


def test_a_jet_does_not_see_the_others(model):
    x, v, mask = random_jets()
    close(model(x[2:3], v[2:3], mask[2:3]), model(x, v, mask)[2:3])


def test_explicit_and_fused_attention_agree(model):
    jets = random_jets()
    fused = model(*jets)
    set_backend(model, "explicit")
    explicit = model(*jets)
    set_backend(model, "fused")
    close(explicit, fused)


def test_both_backends_have_the_same_gradients():
    gradients = []
    for backend in ("explicit", "fused"):
        torch.manual_seed(0)
        model = randomise(build(ParTConfig(layers=2, dropout=0.0)))
        set_backend(model, backend)
        model(*random_jets()).square().sum().backward()
        gradients.append({name: p.grad for name, p in model.named_parameters()})
    for name, gradient in gradients[0].items():
        scale = gradient.abs().max().clamp(min=1e-3)
        close(gradients[1][name] / scale, gradient / scale, atol=1e-4)


def test_a_tap_that_only_listens_changes_nothing_and_hears_every_step(model):
    heard = []
    jets = random_jets()
    logits = model(*jets, tap=lambda name, tensor: heard.append(name) or tensor)
    close(logits, model(*jets))
    mixing = ("scores_qk", "pattern", "values", "mixed")
    steps = {f"blocks.{i}.{name}" for i in range(8) for name in ("residual", "bias", *mixing)}
    steps |= {f"class_blocks.{i}.{name}" for i in range(2) for name in mixing}
    assert sorted(heard) == sorted(steps | {"residual"})


def test_a_tap_can_replace_what_it_hears(model):
    jets = random_jets()

    def without_bias(name, tensor):
        return torch.zeros_like(tensor) if name.endswith("bias") else tensor

    changed = model(*jets, tap=without_bias)
    assert (changed - model(*jets)).abs().max() > 1e-3

    # Padded keys stay shut even where the bias that masked them is gone.
    x, v, mask = jets
    noise = ~mask[..., None] * 50.0
    close(model(x + noise, v, mask, tap=without_bias), changed)


def test_a_width_that_the_heads_cannot_share_is_refused():
    with pytest.raises(ValueError, match="128 of ParT is no multiple of its 7 heads"):
        ParTConfig(heads=7)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"norm": "batch"}, "norm of ParT is 'batch'; expected one of layer, rms"),
        ({"ffn": "relu"}, "ffn of ParT is 'relu'; expected one of gelu, swiglu"),
        ({"gate": "headwise"}, "gate of ParT is 'headwise'; expected one of none, head, channel"),
        ({"global_token": True}, "not from both: class_layers is 2"),
        ({"class_layers": 0}, "not from neither"),
        ({"normformer": False, "transposed_channels": True}, "without normformer has no place for"),
        ({"qk_norm": True, "model": "PairAttn"}, "PairAttn has no queries and keys"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        ParTConfig(**changes)


def test_an_unknown_model_is_refused_by_name():
    with pytest.raises(ValueError, match="no model 'ParTy'"):
        build(ParTConfig(model="ParTy"))
