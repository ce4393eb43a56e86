"""Operations and bytes agree with counting by hand."""

import pytest
import torch
from helpers.jets import write_model
from torch import nn

import part
from part.benchmarking.flops import _WorkCounter, count_work
from part.benchmarking.inputs import random_batch
from part.benchmarking.module_hooks import generic_path, module_hooks


def counted(function):
    counter = _WorkCounter()
    counter.path = [""]
    with torch.no_grad(), counter:
        function()
    return counter.counts[""]


def test_a_product_of_matrices():
    a, b = torch.ones(5, 7), torch.ones(7, 11)
    assert counted(lambda: a @ b) == [2 * 5 * 7 * 11, 4 * (5 * 7 + 7 * 11 + 5 * 11)]


def test_a_sum_of_arrays_and_what_is_written_in_place():
    a, b = torch.ones(100), torch.ones(100)
    assert counted(lambda: a + b) == [100, 4 * 300]
    assert counted(lambda: a.add_(b)) == [100, 4 * 300]


def test_views_move_nothing():
    a = torch.ones(6, 4)
    assert counted(lambda: a.T[1:].unflatten(1, (2, 3)).transpose(0, 1)) == [0, 0]


def test_an_expanded_tensor_is_read_once():
    a, b = torch.ones(1, 50).expand(20, 50), torch.ones(20, 50)
    assert counted(lambda: a + b) == [1000, 4 * (50 + 1000 + 1000)]


def test_attention_is_two_products():
    q = k = v = torch.ones(2, 3, 16, 8)
    flops, _ = counted(lambda: nn.functional.scaled_dot_product_attention(q, k, v))
    assert flops == 2 * 2 * 2 * 3 * 16 * 16 * 8


def test_hooks_report_each_module_and_are_removed(tmp_path):
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.GELU()))
    events = []
    with module_hooks(model, events.append, lambda: events.append("out")):
        model(torch.ones(1, 2))
    assert events == ["0", "out", "1", "1.0", "out", "out"]
    model(torch.ones(1, 2))
    assert len(events) == 6


@pytest.mark.parametrize(
    ("path", "shared"),
    [("blocks.3.attn.qkv", "blocks.*.attn.qkv"), ("embed.layers.1.2", "embed.layers.*.2"), ("head", "head"), ("", "")],
)
def test_the_same_module_of_all_blocks_has_one_path(path, shared):
    assert generic_path(path) == shared


def test_a_transformer_needs_what_its_layers_do(tmp_path):
    width, n, size, layers = 24, 9, 2, 3
    small = {"embed": (width,), "pair_embed": (8,), "heads": 3, "layers": layers, "class_layers": 1}
    tagger = part.load_model(write_model(tmp_path / "toy.safetensors", **small), device="cpu")
    work = count_work(tagger, random_batch(17, size, n))
    tokens = size * n
    for i in range(layers):
        assert work[f"blocks.{i}.attn.qkv"].flops == 2 * tokens * width * 3 * width
        assert work[f"blocks.{i}.ffn.up"].flops == 2 * tokens * width * 4 * width
        assert work[f"blocks.{i}.attn"].flops == 2 * 2 * size * n * n * width
    pairs = size * n * (n + 1) // 2
    # With fixed statistics a layer and its norm are one product; only the scale and shift are computed besides.
    assert 2 * pairs * 4 * 8 <= work["pair_embed.layers.0"].flops < 2 * pairs * 4 * 8 + 100
