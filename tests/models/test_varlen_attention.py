"""Attention on packed tokens equals attention computed step by step, jet by jet.

It runs on a GPU if there is one, else in Triton's interpreter.
"""

import pytest
import torch

from part.models.attention import explicit

pytest.importorskip("triton", reason="triton is not installed: pip install -r requirements-test.txt")

from part.models.kernels.packed_layout import PackedLayout
from part.models.kernels.varlen_attention import class_attention, self_attention

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
LENGTHS, HEADS, WIDTH = (41, 1, 7), 2, 32


def layout() -> PackedLayout:
    return PackedLayout.from_mask((torch.arange(64) < torch.tensor(LENGTHS)[:, None]).to(DEVICE))


def random(*shapes, seed: int = 0) -> list[torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=g).to(DEVICE).requires_grad_() for shape in shapes]


def self_attention_inputs():
    tokens, bias_size = sum(LENGTHS), sum(n * n for n in LENGTHS)
    return random((tokens, WIDTH), (tokens, WIDTH), (tokens, WIDTH), (HEADS, bias_size))


def one_jet(q, k, v, bias=None):
    """Compute the attention of one jet step by step, on rows (n, D)."""
    q, k, v = (t.unflatten(-1, (HEADS, -1)).transpose(0, 1)[None] for t in (q, k, v))
    mask = torch.ones(1, k.shape[2], dtype=torch.bool, device=DEVICE)
    return explicit(q, k, v, bias, mask, lambda name, tensor: tensor)[0].transpose(0, 1).flatten(1)


def jet_by_jet(q, k, v, bias):
    areas = [n * n for n in LENGTHS]
    squares = (
        [None] * len(LENGTHS) if bias is None else [b.unflatten(1, (n, n))[None] for b, n in split_bias(bias, areas)]
    )
    jets = zip(*(t.split(LENGTHS) for t in (q, k, v)), squares, strict=True)
    return torch.cat([one_jet(*jet) for jet in jets])


def split_bias(bias, areas):
    return zip(bias.split(areas, 1), LENGTHS, strict=True)


def gradients(out, leaves):
    return torch.autograd.grad(out.square().sum(), leaves)


def test_a_layout_holds_the_positions_of_tokens_and_biases():
    packed = layout()
    assert packed.token_index.tolist() == [64 * jet + i for jet, n in enumerate(LENGTHS) for i in range(n)]
    assert packed.cu_seqlens.tolist() == [0, 41, 42, 49]
    assert packed.bias_offsets.tolist() == [0, 1681, 1682, 1731]
    assert (packed.n_jets, packed.max_seqlen, packed.n_pairs, packed.bias_size) == (3, 41, 861 + 1 + 28, 1731)
    assert packed.launch_order.tolist() == [1, 2, 0]
    assert packed.launches == ((2, 7), (1, 41))


def test_particles_need_not_come_first_in_their_jet():
    mask = torch.tensor([[True, False, True], [False, False, True]], device=DEVICE)
    assert PackedLayout.from_mask(mask).token_index.tolist() == [0, 2, 5]


def test_pairs_are_those_of_the_lower_triangles_and_cover_the_whole_bias():
    packed = layout()
    i, j, lower, upper = (t.tolist() for t in packed.pair_indices())
    expected = [
        (a + r, a + c) for a, n in zip((0, 41, 42), LENGTHS, strict=True) for r in range(n) for c in range(r + 1)
    ]
    assert list(zip(i, j, strict=True)) == expected
    assert set(lower) | set(upper) == set(range(packed.bias_size))
    assert [a for a, b in zip(lower, upper, strict=True) if a == b] == [
        p for p, r, c in zip(lower, i, j, strict=True) if r == c
    ]


@pytest.mark.parametrize("with_bias", [True, False])
def test_output_and_all_gradients_are_those_of_the_explicit_path(with_bias):
    *qkv, bias = self_attention_inputs()
    bias = bias if with_bias else None
    leaves = [*qkv, bias] if with_bias else qkv
    out, _ = self_attention(*qkv, bias, layout(), HEADS)
    expected = jet_by_jet(*qkv, bias)
    torch.testing.assert_close(out, expected, atol=2e-5, rtol=1e-5)
    for actual, reference in zip(gradients(out, leaves), gradients(expected, leaves), strict=True):
        torch.testing.assert_close(actual, reference, atol=2e-4, rtol=1e-4)


def test_rows_may_be_slices_of_wider_ones():
    (wide,) = random((sum(LENGTHS), 3 * WIDTH))
    out, _ = self_attention(*wide.chunk(3, -1), None, layout(), HEADS)
    expected = jet_by_jet(*wide.chunk(3, -1), None)
    torch.testing.assert_close(out, expected, atol=2e-5, rtol=1e-5)
    for actual, reference in zip(gradients(out, [wide]), gradients(expected, [wide]), strict=True):
        torch.testing.assert_close(actual, reference, atol=2e-4, rtol=1e-4)


def test_the_gradient_of_a_shared_bias_is_summed_over_layers():
    *qkv, bias = self_attention_inputs()

    def packed():
        x, shared = qkv[0], bias
        for _ in range(3):
            out, shared = self_attention(x, *qkv[1:], shared, layout(), HEADS)
            x = x + out
        return x

    def reference():
        x = qkv[0]
        for _ in range(3):
            x = x + jet_by_jet(x, *qkv[1:], bias)
        return x

    for a, b in zip(gradients(packed(), [*qkv, bias]), gradients(reference(), [*qkv, bias]), strict=True):
        torch.testing.assert_close(a, b, atol=1e-3, rtol=1e-3)


def test_a_class_token_attends_to_itself_and_its_own_jet():
    jets, tokens = len(LENGTHS), sum(LENGTHS)
    q, k, v = leaves = random((jets, WIDTH), (jets + tokens, WIDTH), (jets + tokens, WIDTH))

    def reference():
        keys, values = ([t[:jets].split(1), t[jets:].split(LENGTHS)] for t in (k, v))
        attended = [[torch.cat(pair) for pair in zip(*split, strict=True)] for split in (keys, values)]
        return torch.cat([one_jet(*jet) for jet in zip(q.split(1), *attended, strict=True)])

    out, expected = class_attention(q, k, v, layout(), HEADS), reference()
    torch.testing.assert_close(out, expected, atol=2e-5, rtol=1e-5)
    for a, b in zip(gradients(out, leaves), gradients(expected, leaves), strict=True):
        torch.testing.assert_close(a, b, atol=2e-4, rtol=1e-4)


def test_two_runs_agree_to_the_last_bit():
    *qkv, bias = leaves = self_attention_inputs()
    first, second = (gradients(self_attention(*qkv, bias, layout(), HEADS)[0], leaves) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_longer_jets_are_refused():
    q = torch.zeros(257, WIDTH, device=DEVICE)
    with pytest.raises(ValueError, match="up to 256 keys, not 257"):
        self_attention(
            q, q, q, None, PackedLayout.from_mask(torch.ones(1, 257, dtype=torch.bool, device=DEVICE)), HEADS
        )
