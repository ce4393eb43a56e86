"""The flash kernel against attention step by step: on a GPU where there is one, else in Triton's interpreter."""

import pytest
import torch

from part.models.attention import explicit, mask_keys

pytest.importorskip("triton", reason="triton is not installed: pip install -r requirements-test.txt")

from part.models.kernels.attention import flash

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
HALF = torch.bfloat16 if DEVICE == "cuda" else torch.float16  # the interpreter computes without bf16
LENGTHS = (41, 7, 1)


def inputs(queries: int | None = None, bias: bool = True, dtype: torch.dtype = torch.float32):
    g = torch.Generator().manual_seed(0)
    n, keys, heads = queries or max(LENGTHS), max(LENGTHS), 2

    def random(*shape):
        return torch.randn(*shape, generator=g).to(DEVICE, dtype).requires_grad_()

    mask = (torch.arange(keys) < torch.tensor(LENGTHS)[:, None]).to(DEVICE)
    q, k, v = (random(3, heads, count, 16) for count in (n, keys, keys))
    return q, k, v, random(3, heads, n, keys) if bias else None, mask


def outcome(attention, q, k, v, bias, mask, upstream):
    """Output at real queries, and the gradients of all inputs."""
    leaves = [t for t in (q, k, v, bias) if t is not None]
    out = attention(q, k, v, bias, mask) * upstream
    return out, *torch.autograd.grad(out.square().sum(), leaves)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("queries", [None, 1])
def test_output_and_all_gradients_are_those_of_the_explicit_path(bias, queries):
    q, k, v, u, mask = inputs(queries, bias)
    real = mask[:, None, :, None] if queries is None else 1.0
    expected = outcome(lambda *a: explicit(*a, lambda name, tensor: tensor), q, k, v, u, mask, real)
    for ours, theirs in zip(outcome(flash, q, k, v, u, mask, real), expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-5)


def test_a_bias_that_is_masked_already_changes_nothing():
    q, k, v, u, mask = inputs()
    with torch.no_grad():
        assert torch.equal(flash(q, k, v, mask_keys(u, mask), mask), flash(q, k, v, u, mask))


def test_padding_is_skipped_and_its_content_reaches_nothing():
    q, k, v, u, mask = inputs()
    padding = ~mask[:, None, :, None]
    with torch.no_grad():
        out = flash(q, k, v, u, mask)
        noisy = flash(q, *(t.masked_fill(padding, 1e4) for t in (k, v)), u, mask)
    assert torch.equal(out, noisy)
    assert not out[1, :, 32:].any()  # the block of queries behind the last real one


def test_two_runs_agree_to_the_last_bit():
    q, k, v, u, mask = inputs()
    first, second = (outcome(flash, q, k, v, u, mask, 1.0) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_half_precision_is_as_close_as_its_digits_allow():
    q, k, v, u, mask = inputs(dtype=HALF)
    real = mask[:, None, :, None]
    wide = [t.detach().float() for t in (q, k, v, u)]
    with torch.no_grad():
        expected = explicit(*wide, mask, lambda name, tensor: tensor) * real
        torch.testing.assert_close((flash(q, k, v, u, mask) * real).float(), expected, atol=3e-2, rtol=3e-2)


def test_longer_jets_are_refused():
    q = torch.zeros(1, 1, 257, 16, device=DEVICE)
    with pytest.raises(ValueError, match="up to 256 particles, not 257"):
        flash(q, q, q, None, torch.ones(1, 257, dtype=torch.bool, device=DEVICE))
