"""The kernel of the interaction bias equals the model's own computation.

It runs on a GPU if there is one, else in Triton's interpreter.
"""

import copy
import math

import pytest
import torch
from helpers.models import random_jets, randomise

pytest.importorskip("triton", reason="triton is not installed: pip install -r requirements-test.txt")

from part.models.backends.limits import unsupported
from part.models.backends.pair_bias_kernel import pair_bias
from part.models.config import ParTConfig
from part.models.kernels.packed_layout import PackedLayout
from part.models.pair import PairEmbed

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def both(embed: PairEmbed, v: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the kernel's bias and the model's on the CPU, both as the jets' squares one after another (H, S)."""
    layout = PackedLayout.from_mask(mask.to(DEVICE))
    actual = pair_bias(copy.deepcopy(embed).to(DEVICE), v.to(DEVICE).flatten(0, 1)[layout.token_index], layout).cpu()
    with torch.no_grad():
        squares = [b[:, : m.sum(), : m.sum()].flatten(1) for b, m in zip(embed(v, mask), mask, strict=True)]
    return actual, torch.cat(squares, 1)


@pytest.mark.parametrize(
    ("widths", "heads", "biases"),
    [((16, 16), 2, True), ((64, 64, 64), 8, True), ((32,), 16, True), ((16, 16), 4, False)],
)
@pytest.mark.parametrize("options", [{}, {"pair_activation_last": False}, {"self_pairs": False}], ids=str)
def test_the_bias_is_the_models(widths, heads, biases, options):
    torch.manual_seed(0)  # with some weights the bias hardly varies
    embed = randomise(PairEmbed(ParTConfig(pair_embed=widths, heads=heads, biases=biases, **options)))
    _, v, mask = random_jets(jets=4, particles=20)
    actual, reference = both(embed, v, mask)
    assert reference.std() > 0.05
    torch.testing.assert_close(actual, reference, atol=2e-5, rtol=1e-5)


def identity_embedding() -> PairEmbed:
    """Return a pair embedding whose outputs are the features, shifted to where GELU is the identity."""
    embed = PairEmbed(ParTConfig(pair_embed=(16,), heads=4)).eval()
    with torch.no_grad():
        for layer, scale in zip(embed.layers, (1.0, 1.0), strict=True):
            layer.linear.weight.zero_()[:4, :4] = torch.eye(4) * scale
            layer.linear.bias.fill_(0.0)
            layer.norm.eps = 0.0
        embed.layers[0].linear.bias.fill_(32.0)  # ln of 1e-8 is -18
        embed.norm.eps = 0.0
    return embed


def test_features_round_as_the_models():
    """Collinear massless pairs: their E² - p² is only rounding, so another order of operations would show."""
    g = torch.Generator().manual_seed(3)
    direction = torch.tensor([0.6, -0.7, 0.4]) + 0.003 * torch.randn(1, 24, 3, generator=g)
    p3 = direction * torch.rand(1, 24, 1, generator=g) * 300
    v = torch.cat((p3, p3.norm(dim=-1, keepdim=True)), -1)
    actual, reference = both(identity_embedding(), v, torch.ones(1, 24, dtype=torch.bool))
    total = (v[:, :, None] + v[:, None]).flatten(0, 2).double()
    exact = (total[:, 3] ** 2 - total[:, :3].square().sum(-1)).clamp(min=1e-8).log().float()
    assert (reference[3] - 32 - exact).abs().max() > 1e-3  # float32 cancels here
    torch.testing.assert_close(actual[3], reference[3], atol=1e-5, rtol=0)
    torch.testing.assert_close(actual[:3], reference[:3], atol=1e-3 if DEVICE == "cuda" else 1e-5, rtol=0)


def test_differences_in_azimuth_wrap_around():
    angles = torch.tensor([3.1, -3.1, 0.0, 3.14159, -3.14159, 1.6])
    v = torch.stack((angles.cos() * 50, angles.sin() * 50, torch.zeros(6), torch.full((6,), 50.1)), -1)[None]
    actual, reference = both(identity_embedding(), v, torch.ones(1, 6, dtype=torch.bool))
    torch.testing.assert_close(actual, reference, atol=1e-5, rtol=0)
    assert actual.unflatten(1, (6, 6))[2, 0, 1].item() - 32 == pytest.approx(math.log(2 * math.pi - 6.2), abs=1e-4)


def test_the_square_is_filled_symmetrically():
    torch.manual_seed(0)
    embed = randomise(PairEmbed(ParTConfig(pair_embed=(16,), heads=2)))
    _, v, _ = random_jets(jets=1, particles=70)
    actual, reference = both(embed, v, torch.ones(1, 70, dtype=torch.bool))
    square = actual.unflatten(1, (70, 70))
    assert torch.equal(square, square.transpose(1, 2))
    torch.testing.assert_close(actual, reference, atol=2e-5, rtol=1e-5)


def test_sizes_that_the_kernel_lacks_are_reported():
    for widths, expected in (((64, 64, 64), True), ((16,), True), ((8, 8), False), ((16, 32), False), ((256,), False)):
        assert (unsupported(ParTConfig(pair_embed=widths), "packed") is None) is expected
