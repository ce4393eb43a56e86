"""Words and sums of a roofline; the peaks themselves are whatever this machine has."""

import pytest
import torch
from helpers.jets import write_model

import part
from part.benchmarking.flops import work
from part.benchmarking.inputs import made_up
from part.benchmarking.roofline import WHOLE, Point, peaks, points


def point(flops, moved, seconds):
    return Point("m", "x", flops, moved, seconds, peak_flops=100.0, bandwidth=10.0, cached=40.0)


def test_few_operations_a_byte_are_bound_by_memory():
    found = point(flops=20, moved=10, seconds=2)
    assert (found.intensity, found.ridge, found.roof, found.speed) == (2, 10, 20, 10)
    assert found.words() == "memory-bound: 50% of what memory allows"


def test_many_are_bound_by_arithmetic():
    found = point(flops=400, moved=10, seconds=5)
    assert (found.intensity, found.roof) == (40, 100)
    assert found.words() == "compute-bound: 80% of the peak"


def test_beyond_memory_it_is_the_cache():
    assert point(flops=20, moved=10, seconds=0.5).words().startswith("memory-bound: 2.0 times what memory allows")


def test_peaks_are_numbers():
    flops, memory, cache = peaks(torch.device("cpu"), "fp32")
    assert flops > 1e8
    assert memory > 1e7
    assert cache > 1e7


def test_modules_add_up_to_what_the_model_needs(tmp_path):
    small = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 2, "class_layers": 1}
    tagger = part.load_model(write_model(tmp_path / "toy.safetensors", **small), device="cpu")
    batch = made_up(17, 4, 12)
    whole, *modules = points("toy", tagger, batch, 2)
    needed = work(tagger, batch)
    assert whole.module == WHOLE
    assert whole.flops == sum(one.flops for one in needed.values())
    assert sum(p.flops for p in modules) == whole.flops
    assert sum(p.seconds for p in modules) == pytest.approx(whole.seconds, rel=0.2)  # what moves no data has no point
    both = needed["blocks.0.attn.qkv"].flops + needed["blocks.1.attn.qkv"].flops
    assert next(p for p in modules if p.module == "blocks.*.attn.qkv").flops == both
