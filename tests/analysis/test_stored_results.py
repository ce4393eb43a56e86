"""Results as JSON, and back."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from helpers.jets import write_jets, write_model

import part
from part.analysis.registry import study_class
from part.analysis.stored_results import BITS, dumps, encode, loads
from part.analysis.study import Result, study_jets

STUDIES = ("sparsity", "bias", "bias_switch", "importance", "components", "topk", "lens", "irc", "physics")


def stored(value: object, bits: int = BITS) -> object:
    return loads(json.loads(dumps(value, bits)))


@pytest.fixture(scope="module")
def measure(tmp_path_factory) -> Callable[[str], Result]:
    folder = tmp_path_factory.mktemp("stored")
    jets = part.read_jets(write_jets(folder / "jets.root", [4 + 7 * i % 9 for i in range(24)], 1))
    tagger = part.load_model(write_model(folder / "model.safetensors"))
    return lambda name: study_jets(study_class(name)(), tagger, jets)


@pytest.mark.parametrize("study", STUDIES)
def test_a_result_keeps_three_digits_of_all_its_numbers(measure, study):
    result = measure(study)
    again = stored(result)
    assert type(again) is type(result)
    for name, values in result.arrays().items():
        if values.dtype.kind in "fiu":
            np.testing.assert_allclose(again.arrays()[name], values, rtol=1.1e-3, atol=1e-30, err_msg=name)
        else:
            np.testing.assert_array_equal(again.arrays()[name], values)
    assert len(again.rows()) == len(result.rows())
    assert again.rows()[0].keys() == result.rows()[0].keys()


def test_more_bits_keep_more_digits():
    values = np.random.default_rng(0).normal(size=1000)
    few, many = (np.abs(stored(values, bits) / values - 1).max() for bits in (10, 16))
    assert many < 2**-15 < few < 2**-9


def test_whole_numbers_stay_as_they_are():
    values = np.array([0, 1, 1025, -70001, 2**24 - 1], float)
    np.testing.assert_array_equal(stored(values), values)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0])
def test_numbers_that_are_not_finite_stay(value):
    np.testing.assert_array_equal(stored(np.array([1.5, value])), [1.5, value])
    np.testing.assert_array_equal(stored(value), value)


def test_what_fields_hold_comes_back():
    value = {"a": (1, None, "x", True), ("b", 2): [slice(1, 5), slice(None, 3, 2)], 3: np.array(["x", "yz"])}
    again = stored(value)
    assert again.keys() == value.keys()
    assert again["a"] == value["a"]
    assert again["b", 2] == value["b", 2]
    np.testing.assert_array_equal(again[3], value[3])


def test_a_long_result_is_compressed():
    text = dumps([{"name": "the same again"}] * 1000)
    assert len(text) < 1000
    assert loads(json.loads(text)) == [{"name": "the same again"}] * 1000


def test_other_objects_are_refused():
    with pytest.raises(TypeError, match="a result cannot hold a set"):
        encode({"a": {1, 2}})


@pytest.mark.parametrize(
    "content",
    [
        {"class": "errors:PartError", "fields": {}},
        {"class": "jets.schema:MOMENTA", "fields": {}},
        {"class": "jets.schema:Nothing", "fields": {}},
        {"other": 1},
    ],
)
def test_what_is_no_stored_result_is_refused(content):
    with pytest.raises(part.PartError, match="stored result"):
        loads(content)
