"""The recorder of activations: what it keeps, that it changes nothing, and the capabilities of models."""

import numpy as np
import pytest
import torch
from helpers.jets import write_jets, write_model

import part
from part.errors import PartError
from part.inference.activations import head_outputs, normalised_patterns
from part.inference.cache import ActivationCache
from part.inference.capabilities import CAPABILITIES, lacks, require
from part.models.build import MODELS, config_class

COUNTS = [5, 1, 9]


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return part.read_jets(write_jets(tmp_path_factory.mktemp("cache") / "jets.root", COUNTS))


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    return part.load_model(write_model(tmp_path_factory.mktemp("cache") / "toy.safetensors", layers=2), device="cpu")


def test_the_cache_holds_what_was_requested_and_the_logits_are_those_of_the_trace(tagger, jets):
    logits, cache = tagger.run_with_cache(jets, {"pattern"})
    assert [name for name in cache if name.startswith("blocks.")] == ["blocks.0.pattern", "blocks.1.pattern"]
    assert all(name.endswith(".pattern") for name in cache)
    assert cache.mask.sum(1).tolist() == COUNTS
    trace = tagger.trace(jets)
    np.testing.assert_array_equal(logits.numpy(), trace.logits)
    patterns = torch.stack(cache.blocks("pattern"), 1).numpy()[..., :1, :1]
    np.testing.assert_array_equal(patterns, trace.pattern[..., :1, :1])


def test_without_names_everything_is_kept(tagger, jets):
    _, everything = tagger.run_with_cache(jets)
    assert {"residual", "blocks.1.values", "blocks.0.scores_qk", "class_blocks.0.pattern"} <= set(everything)


def test_recorded_tensors_take_part_in_gradients_on_request():
    cache, tensor = ActivationCache({"pattern"}, grad=True), torch.ones(2)
    assert cache.record("blocks.0.pattern", tensor) is tensor
    assert tensor.requires_grad
    other = torch.ones(2)
    assert cache.record("blocks.0.values", other) is other
    assert not other.requires_grad
    assert list(cache) == ["blocks.0.pattern"]


def test_normalised_patterns_and_head_outputs_are_those_of_the_trace(tagger, jets):
    pattern, mask = normalised_patterns(tagger, jets)
    np.testing.assert_allclose(pattern, tagger.trace(jets).pattern, atol=1e-6)
    outputs, _ = head_outputs(tagger, jets)
    assert outputs.shape[:2] == (len(COUNTS), 2)
    assert mask.sum(1).tolist() == COUNTS


@pytest.mark.parametrize("model", MODELS)
def test_a_capability_is_either_there_or_its_lack_has_a_reason(model):
    config = config_class(model)()
    reasons = {capability: lacks(config, capability) for capability in CAPABILITIES}
    assert (reasons["attention"] is None) is bool(config.layers)
    assert (reasons["particles"] is None) is (config.attends_to == "particles")
    assert all(reason is None or model in reason for reason in reasons.values())
    with pytest.raises(ValueError, match="unknown capability"):
        lacks(config, "wings")


def test_require_names_model_subject_and_reason(tmp_path):
    kin = part.load_model(write_model(tmp_path / "toy.safetensors", layers=2), device="cpu")
    require(kin, "anything", *CAPABILITIES)
    pfn = part.load_model("pfn-full", device="cpu")
    with pytest.raises(PartError, match=r"^pfn-full has no sparsity: a PFN has no attention between particles\.$"):
        require(pfn, "sparsity", "particles")


def test_a_full_tap_name_keeps_one_tensor(tagger, jets):
    _, cache = tagger.run_with_cache(jets, {"blocks.1.values"})
    assert list(cache) == ["blocks.1.values"]
    with pytest.raises(PartError, match=r"no 'blocks\.0\.values' in this cache; it holds blocks\.1\.values"):
        cache["blocks.0.values"]


def test_a_name_that_no_tensor_has_is_refused(tagger, jets):
    with pytest.raises(PartError, match=r"toy has no tensor 'wings' to record; it has blocks\.0\."):
        tagger.run_with_cache(jets, {"wings"})
    assert tagger.run_with_cache(jets, {"gate"})[1] == {}  # other transformers have it


@pytest.mark.parametrize("use", ["predict", "trace", "run_with_cache"])
def test_a_single_record_is_refused_with_the_way_out(tagger, jets, use):
    with pytest.raises(PartError, match=r"are a Record, expected an awkward array of jets; write jets\[0:1\]"):
        getattr(tagger, use)(jets[0])


def test_models_and_traces_print_what_they_are(tagger, jets):
    assert repr(tagger) == "Tagger(toy: ParT, inputs full, JetClass)"
    assert "pattern (3, 2, 8, 9, 9)" in repr(tagger.trace(jets))
