"""LayerNorm's kernel equals torch's. It runs on a GPU if there is one, else in Triton's interpreter."""

import pytest
import torch
from torch.nn import functional as F

pytest.importorskip("triton", reason="triton is not installed: pip install -r requirements-test.txt")

from part.models.kernels.layer_norm import layer_norm
from part.models.layers import LayerNorm

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def random(rows: tuple[int, ...], channels: int) -> list[torch.Tensor]:
    """Return random x, weight and bias, and a gradient of the output."""
    g = torch.Generator().manual_seed(channels)
    tensors = [torch.randn(*shape, generator=g).to(DEVICE) for shape in ((*rows, channels), (channels,), (channels,))]
    tensors[0] = tensors[0] * 3 + 2
    return [*(t.requires_grad_() for t in tensors), torch.randn(*rows, channels, generator=g).to(DEVICE)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "channels"), [((1,), 128), ((300,), 17), ((3, 41), 128), ((33_000,), 16), ((9,), 512)]
)
def test_output_and_gradients_are_torchs(rows, channels):
    x, weight, bias, g = random(rows, channels)
    actual, reference = layer_norm(x, weight, bias, 1e-5), F.layer_norm(x, (channels,), weight, bias, 1e-5)
    torch.testing.assert_close(actual, reference, atol=1e-5, rtol=1e-5)
    for a, b in zip(*(torch.autograd.grad(out, (x, weight, bias), g) for out in (actual, reference)), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4 * max(1.0, float(b.abs().max())), rtol=1e-4)


def test_x_need_not_be_contiguous():
    x, weight, bias, _ = random((8, 6), 32)
    x = x.transpose(0, 1)
    torch.testing.assert_close(layer_norm(x, weight, bias, 1e-5), F.layer_norm(x, (32,), weight, bias, 1e-5))


def test_the_output_under_autocast_is_float32_as_torchs():
    x, weight, bias, g = random((50,), 128)
    x = x.detach().bfloat16().requires_grad_()
    with torch.autocast(DEVICE, torch.bfloat16):
        out = layer_norm(x, weight, bias, 1e-5)
    expected = F.layer_norm(x.float(), (128,), weight, bias, 1e-5)
    assert out.dtype == torch.float32
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-5)
    actual, reference = (torch.autograd.grad(y, x, g)[0] for y in (out, expected))
    assert actual.dtype == torch.bfloat16
    torch.testing.assert_close(actual, reference)


@pytest.mark.slow
def test_two_runs_agree_to_the_last_bit():
    x, weight, bias, g = random((5000,), 128)
    first, second = (torch.autograd.grad(layer_norm(x, weight, bias, 1e-5), (x, weight, bias), g) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_on_a_cpu_the_module_is_torchs():
    norm, x = LayerNorm(32), torch.randn(7, 32)
    assert torch.equal(norm(x), F.layer_norm(x, (32,)))
