"""Descriptions and sums of a roofline; the peaks depend on the machine."""

import pytest
import torch
from helpers.jets import write_model

import part
from part.benchmarking.flops import count_work
from part.benchmarking.inputs import random_batch
from part.benchmarking.roofline import WHOLE_MODEL, RooflinePoint, measure_peaks, measure_roofline


def point(flops, moved, seconds):
    return RooflinePoint("m", "x", flops, moved, seconds, peak_flops=100.0, bandwidth=10.0, cache_bandwidth=40.0)


def test_few_operations_per_byte_are_memory_bound():
    p = point(flops=20, moved=10, seconds=2)
    assert (p.intensity, p.ridge, p.roof, p.speed) == (2, 10, 20, 10)
    assert p.describe() == "memory-bound: 50% of what memory allows"


def test_many_operations_per_byte_are_compute_bound():
    p = point(flops=400, moved=10, seconds=5)
    assert (p.intensity, p.roof) == (40, 100)
    assert p.describe() == "compute-bound: 80% of the peak"


def test_faster_than_memory_means_the_cache():
    assert point(flops=20, moved=10, seconds=0.5).describe().startswith("memory-bound: 2.0 times what memory allows")


@pytest.mark.slow
def test_peaks_are_plausible():
    flops, memory, cache = measure_peaks(torch.device("cpu"), "fp32")
    assert flops > 1e8
    assert memory > 1e7
    assert cache > 1e7


@pytest.mark.slow
def test_modules_add_up_to_what_the_model_needs(tmp_path):
    small = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 2, "class_layers": 1}
    tagger = part.load_model(write_model(tmp_path / "toy.safetensors", **small), device="cpu")
    batch = random_batch(17, 4, 12)
    fused = tagger.run_by_modules()
    model_point, *modules = measure_roofline("toy", fused, batch, 2)
    if tagger is not fused:  # compiled code is measured beside torch, and the modules by torch alone
        points = measure_roofline("toy", tagger, batch, 2)
        assert [point.module for point in points[:2]] == [WHOLE_MODEL, f"{WHOLE_MODEL}, in torch"]
        assert [point.flops for point in points[:2]] == [model_point.flops] * 2
        assert len(points) == len(modules) + 2
    work = count_work(fused, batch)
    assert model_point.module == WHOLE_MODEL
    assert model_point.flops == sum(w.flops for w in work.values())
    assert sum(p.flops for p in modules) == model_point.flops
    # A module that moves no data has no point, so some of the time may be missing, and none is counted twice.
    assert 0 < sum(p.seconds for p in modules) <= model_point.seconds * (1 + 1e-6)
    both = work["blocks.0.attn.qkv"].flops + work["blocks.1.attn.qkv"].flops
    assert next(p for p in modules if p.module == "blocks.*.attn.qkv").flops == both
