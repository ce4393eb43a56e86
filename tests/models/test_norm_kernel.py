"""LayerNorm's kernel against torch's: on a GPU where there is one, else in Triton's interpreter."""

import pytest
import torch
from torch.nn import functional as F

pytest.importorskip("triton", reason="triton is not installed: pip install -r requirements-test.txt")

from part.models.kernels.layer_norm import layer_norm
from part.models.layers import LayerNorm

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def random(rows: tuple[int, ...], channels: int) -> list[torch.Tensor]:
    """x, weight, bias, and a gradient of the output."""
    g = torch.Generator().manual_seed(channels)
    made = [torch.randn(*shape, generator=g).to(DEVICE) for shape in ((*rows, channels), (channels,), (channels,))]
    made[0] = made[0] * 3 + 2
    return [*(t.requires_grad_() for t in made), torch.randn(*rows, channels, generator=g).to(DEVICE)]


@pytest.mark.parametrize(
    ("rows", "channels"), [((1,), 128), ((300,), 17), ((3, 41), 128), ((33_000,), 16), ((9,), 512)]
)
def test_output_and_gradients_are_torchs(rows, channels):
    x, weight, bias, g = random(rows, channels)
    ours, theirs = layer_norm(x, weight, bias, 1e-5), F.layer_norm(x, (channels,), weight, bias, 1e-5)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    for a, b in zip(*(torch.autograd.grad(out, (x, weight, bias), g) for out in (ours, theirs)), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4 * max(1.0, float(b.abs().max())), rtol=1e-4)


def test_rows_need_not_lie_in_one_piece():
    x, weight, bias, _ = random((8, 6), 32)
    x = x.transpose(0, 1)
    torch.testing.assert_close(layer_norm(x, weight, bias, 1e-5), F.layer_norm(x, (32,), weight, bias, 1e-5))


def test_half_precision_comes_out_as_autocast_has_it():
    x, weight, bias, g = random((50,), 128)
    x = x.detach().bfloat16().requires_grad_()
    with torch.autocast(DEVICE, torch.bfloat16):
        out = layer_norm(x, weight, bias, 1e-5)
    expected = F.layer_norm(x.float(), (128,), weight, bias, 1e-5)
    assert out.dtype == torch.float32
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-5)
    ours, theirs = (torch.autograd.grad(y, x, g)[0] for y in (out, expected))
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(ours, theirs)


def test_two_runs_agree_to_the_last_bit():
    x, weight, bias, g = random((5000,), 128)
    first, second = (torch.autograd.grad(layer_norm(x, weight, bias, 1e-5), (x, weight, bias), g) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_the_module_is_torchs_where_nothing_is_to_be_gained():
    norm, x = LayerNorm(32), torch.randn(7, 32)
    assert torch.equal(norm(x), F.layer_norm(x, (32,)))
