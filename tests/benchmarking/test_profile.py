"""Profiles hold what the architecture of the model demands."""

import gzip
import json

import pytest
from helpers.jets import write_model

import part
from part.benchmarking.inputs import random_batch
from part.benchmarking.profile import MARK, Profile, ProfileEntry, ProfilePlan, by_module, by_operator, profile_passes

LAYERS = 3


@pytest.fixture(scope="module")
def profiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("profile")
    small = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": LAYERS, "class_layers": 1}
    tagger = part.load_model(write_model(folder / "toy.safetensors", **small), device="cpu")
    return profile_passes("toy", tagger, random_batch(17, 2, 9), 2, folder / "trace.json.gz"), folder / "trace.json.gz"


def test_every_product_is_in_its_module(profiled):
    profile, _ = profiled
    products = {entry.module: entry for entry in profile.entries if entry.operator == "addmm"}
    assert {
        f"blocks.{i}.{name}" for i in range(LAYERS) for name in ("attn.qkv", "attn.out", "ffn.up", "ffn.down")
    } < set(products)
    assert all(entry.calls == 1 for module, entry in products.items() if module.startswith("blocks"))
    up = products["blocks.0.ffn.up"]
    assert up.memory == 2 * 9 * 4 * 24 * 4  # the hidden states of two jets of nine


def test_operators_and_modules_sum_to_the_whole(profiled):
    profile, _ = profiled
    assert profile.seconds > 0
    assert profile.unprofiled_seconds > 0
    for merged in (by_operator(profile), by_module(profile)):
        assert sum(entry.seconds for entry in merged) == pytest.approx(profile.seconds)
        assert sum(entry.memory for entry in merged) == pytest.approx(sum(entry.memory for entry in profile.entries))
        assert [entry.seconds for entry in merged] == sorted((entry.seconds for entry in merged), reverse=True)
    blocks = {entry.module: entry for entry in by_module(profile)}
    own = [entry for entry in profile.entries if entry.module in {f"blocks.{i}.attn.qkv" for i in range(LAYERS)}]
    assert blocks["blocks.*.attn.qkv"].calls == pytest.approx(sum(entry.calls for entry in own))


def test_the_trace_holds_the_modules(profiled):
    content = json.loads(gzip.decompress(profiled[1].read_bytes()))
    names = {event.get("name") for event in content["traceEvents"]}
    assert {MARK + "blocks.0.attn", MARK + "head", "aten::addmm"} < names


def test_operators_of_equal_name_are_summed():
    entries = (
        ProfileEntry("a", "mm", 1, 2.0, 8),
        ProfileEntry("b", "mm", 2, 3.0, 0),
        ProfileEntry("b", "add", 1, 1.0, 4),
    )
    merged = [ProfileEntry("", "mm", 3, 5.0, 8), ProfileEntry("", "add", 1, 1.0, 4)]
    assert by_operator(Profile("x", entries, 1.0)) == merged


def test_plans_that_make_no_sense_are_refused():
    with pytest.raises(part.PartError, match="batch is 0"):
        ProfilePlan(("a",), batch=0)
