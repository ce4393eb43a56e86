"""What a profile tells, where the model says what there must be."""

import gzip
import json

import pytest
from helpers.jets import write_model

import part
from part.benchmarking.inputs import made_up
from part.benchmarking.profile import MARK, Part, Profile, ProfilePlan, by_module, by_operator, profiled

LAYERS = 3


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("profile")
    small = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": LAYERS, "class_layers": 1}
    tagger = part.load_model(write_model(folder / "toy.safetensors", **small), device="cpu")
    return profiled("toy", tagger, made_up(17, 2, 9), 2, folder / "trace.json.gz"), folder / "trace.json.gz"


def test_every_product_is_in_its_module(found):
    profile, _ = found
    products = {part.module: part for part in profile.parts if part.operator == "addmm"}
    assert {
        f"blocks.{i}.{name}" for i in range(LAYERS) for name in ("attn.qkv", "attn.out", "ffn.up", "ffn.down")
    } < set(products)
    assert all(part.calls == 1 for module, part in products.items() if module.startswith("blocks"))
    up = products["blocks.0.ffn.up"]
    assert up.memory == 2 * 9 * 4 * 24 * 4  # the hidden states of two jets of nine


def test_sums_are_the_whole(found):
    profile, _ = found
    assert profile.seconds > 0
    assert profile.plain > 0
    for merged in (by_operator(profile), by_module(profile)):
        assert sum(part.seconds for part in merged) == pytest.approx(profile.seconds)
        assert sum(part.memory for part in merged) == pytest.approx(sum(part.memory for part in profile.parts))
        assert [part.seconds for part in merged] == sorted((part.seconds for part in merged), reverse=True)
    blocks = {part.module: part for part in by_module(profile)}
    own = [part for part in profile.parts if part.module in {f"blocks.{i}.attn.qkv" for i in range(LAYERS)}]
    assert blocks["blocks.*.attn.qkv"].calls == pytest.approx(sum(part.calls for part in own))


def test_the_trace_holds_the_modules(found):
    told = json.loads(gzip.decompress(found[1].read_bytes()))
    names = {event.get("name") for event in told["traceEvents"]}
    assert {MARK + "blocks.0.attn", MARK + "head", "aten::addmm"} < names


def test_operators_of_equal_name_are_taken_together():
    parts = (Part("a", "mm", 1, 2.0, 8), Part("b", "mm", 2, 3.0, 0), Part("b", "add", 1, 1.0, 4))
    assert by_operator(Profile("x", parts, 1.0)) == [Part("", "mm", 3, 5.0, 8), Part("", "add", 1, 1.0, 4)]


def test_plans_that_make_no_sense_are_refused():
    with pytest.raises(part.PartError, match="batch is 0"):
        ProfilePlan(("a",), batch=0)
