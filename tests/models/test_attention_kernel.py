"""The attention kernel equals attention computed step by step.

It runs on a GPU if there is one, else in Triton's interpreter.
"""

import pytest
import torch

from part.models.attention import explicit, mask_keys

pytest.importorskip("triton", reason="triton is not installed: pip install -r requirements-test.txt")

from part.models.kernels.attention import flash_attention

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
HALF = torch.bfloat16 if DEVICE == "cuda" else torch.float16  # the interpreter has no bf16
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
    """Return the output at real queries, and the gradients of all inputs."""
    leaves = [t for t in (q, k, v, bias) if t is not None]
    out = attention(q, k, v, bias, mask) * upstream
    return out, *torch.autograd.grad(out.square().sum(), leaves)


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("queries", [None, 1])
def test_output_and_all_gradients_are_those_of_the_explicit_path(with_bias, queries):
    q, k, v, bias, mask = inputs(queries, with_bias)
    real = mask[:, None, :, None] if queries is None else 1.0
    expected = outcome(lambda *a: explicit(*a, lambda name, tensor: tensor), q, k, v, bias, mask, real)
    for actual, reference in zip(outcome(flash_attention, q, k, v, bias, mask, real), expected, strict=True):
        torch.testing.assert_close(actual, reference, atol=2e-5, rtol=1e-5)


def test_masking_the_keys_of_the_bias_beforehand_changes_nothing():
    q, k, v, bias, mask = inputs()
    with torch.no_grad():
        assert torch.equal(flash_attention(q, k, v, mask_keys(bias, mask), mask), flash_attention(q, k, v, bias, mask))


def test_padding_is_skipped_and_its_content_reaches_nothing():
    q, k, v, bias, mask = inputs()
    padding = ~mask[:, None, :, None]
    with torch.no_grad():
        out = flash_attention(q, k, v, bias, mask)
        noisy = flash_attention(q, *(t.masked_fill(padding, 1e4) for t in (k, v)), bias, mask)
    assert torch.equal(out, noisy)
    assert not out[1, :, 32:].any()  # the block of queries beyond the last real one


def test_two_runs_agree_to_the_last_bit():
    q, k, v, bias, mask = inputs()
    first, second = (outcome(flash_attention, q, k, v, bias, mask, 1.0) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_half_precision_agrees_within_its_rounding():
    q, k, v, bias, mask = inputs(dtype=HALF)
    real = mask[:, None, :, None]
    wide = [t.detach().float() for t in (q, k, v, bias)]
    with torch.no_grad():
        expected = explicit(*wide, mask, lambda name, tensor: tensor) * real
        torch.testing.assert_close(
            (flash_attention(q, k, v, bias, mask) * real).float(), expected, atol=3e-2, rtol=3e-2
        )


def test_longer_jets_are_refused():
    q = torch.zeros(1, 1, 257, 16, device=DEVICE)
    with pytest.raises(ValueError, match="up to 256 particles, not 257"):
        flash_attention(q, q, q, None, torch.ones(1, 257, dtype=torch.bool, device=DEVICE))
