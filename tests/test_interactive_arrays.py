"""The arrays and entries of the interactive page."""

import numpy as np
import pytest
from helpers.jet_view import random_jet_view, random_trace, with_slots

from part.errors import PartError
from part.export.interactive import PageModel, interactive_page, parse_entries
from part.export.interactive.arrays import STEP, Packed, in_steps, pack_trace

MODEL = PageModel("toy", 1234, "ab" * 32)


def test_scores_are_exact_to_half_a_step_whatever_their_size():
    for size in (1.0, 100.0, 5000.0):
        values = np.random.default_rng(0).normal(0, size, (2, 3, 4, 4)).astype(np.float32)
        packed = in_steps(values)
        assert np.abs(packed.decoded - values).max() <= packed.step / 2
        assert packed.step == STEP or np.abs(values).max() > 32767 * packed.step / 2


def test_bytes_come_with_all_first_ones_before_all_second_ones():
    assert Packed("int16", np.array([0x0201, 0x0403], np.int16)).bytes == b"\x01\x03\x02\x04"


def test_attention_is_kept_only_where_it_is_no_softmax_of_the_scores():
    view = random_jet_view()
    assert set(pack_trace(view)) == {"scores_qk", "bias", "norms", "class_pattern"}
    with_global_token = random_trace()
    with_global_token.pattern[:] *= 0.5
    with_global_token.value_norms[:] = np.random.default_rng(1).random(with_global_token.value_norms.shape)
    kept = pack_trace(random_jet_view(trace=with_global_token))
    assert {"pattern", "value_norms"} <= set(kept)
    np.testing.assert_allclose(
        kept["pattern"].values.astype(np.float16), with_global_token.pattern, rtol=1e-3, atol=1e-7
    )


def test_a_bias_that_all_layers_share_is_kept_once():
    trace = random_trace()
    trace.bias[:] = trace.bias[:1]
    assert pack_trace(random_jet_view(trace=trace))["bias"].values.shape[0] == 1


def test_slots_have_their_weights():
    kept = pack_trace(random_jet_view(trace=with_slots(random_trace())))
    assert kept["mixing"].values.shape == (3, 5, 12)


def test_ranges_of_entries_have_both_ends_and_no_doubles():
    assert parse_entries("0, 4, 10-12 4", 20) == (0, 4, 10, 11, 12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names 0 jets"),
        ("3-1", "'3-1' is no entry"),
        ("a", "'a' is no entry"),
        ("-3", "'-3' is no entry"),
        ("0-999999999999", "are 1000000000000 jets; expected at most 20"),
        ("0-10 20-30", "names 22 jets; expected 1 to 20"),
    ],
)
def test_what_is_no_list_of_entries_is_refused(text, message):
    with pytest.raises(PartError, match=message):
        parse_entries(text, 20)


def test_too_many_jets_and_models_are_refused_and_so_is_a_page_of_errors_alone():
    view = random_jet_view()
    with pytest.raises(PartError, match="1 to 4 models; got 5"):
        interactive_page([MODEL] * 5, [[view] * 5], [0], "toys")
    with pytest.raises(PartError, match="1 to 20 jets; got 21"):
        interactive_page([MODEL], [[view]] * 21, list(range(21)), "toys")
    with pytest.raises(PartError, match="needs identity"):
        interactive_page([MODEL], [[PartError("It needs identity.")]], [0], "toys")


def test_texts_of_files_and_models_cannot_become_code():
    name = "</script><script>alert(1)</script>%blocks%"
    page = interactive_page([PageModel(name, 1, "")], [[random_jet_view(model=name)]], [0], name)
    assert "<script>alert" not in page
    assert page.count("<script") == page.count("</script>") == 3


def test_the_same_jets_give_the_same_page():
    assert interactive_page([MODEL], [[random_jet_view()]], [0], "x") == interactive_page(
        [MODEL], [[random_jet_view()]], [0], "x"
    )
