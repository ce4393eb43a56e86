"""Our ParT against weaver-core's as published, on the same weights and padded jets."""

from dataclasses import replace

import pytest
import torch
from helpers.models import random_jets, run_weaver, weaver_part
from helpers.weaver_part import load

from part.models.checkpoints.weaver import convert_part, is_weaver_part, weaver_layout

VERSIONS = ("0.4.17", "0.5.3")
pytestmark = pytest.mark.witness


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("inputs", [7, 13, 17])
def test_logits_equal_weavers(version, inputs):
    reference = weaver_part(version, inputs)
    state = {f"mod.{key}": value for key, value in reference.state_dict().items()}
    assert is_weaver_part(state)
    model, (x, v, mask) = load(convert_part(state, "net")), random_jets(inputs=inputs)
    expected = run_weaver(reference, x, v, mask)
    assert expected.std() > 0.05  # the jets are distinguished, so equality means something
    torch.testing.assert_close(model(x, v, mask), expected, atol=1e-4, rtol=0)
    assert model.config.inputs == inputs


@pytest.mark.parametrize("version", VERSIONS)
def test_the_other_layout_would_be_wrong(version):
    """All keys fit, and yet the logits differ."""
    reference, jets = weaver_part(version), random_jets()
    converted = convert_part(reference.state_dict(), "net")
    config = replace(converted.config, transposed_channels=not converted.config.transposed_channels)
    wrong = load(replace(converted, config=config))
    assert (wrong(*jets) - run_weaver(reference, *jets)).abs().max() > 0.05


def test_the_keys_reveal_the_layout():
    for version, layout in zip(VERSIONS, ("0.4", "0.5"), strict=True):
        state = weaver_part(version).state_dict()
        assert weaver_layout(state) == layout
        assert convert_part(state, "net").config.transposed_channels is (layout == "0.4")


def test_other_sizes_are_read_off_the_weights():
    reference = weaver_part("0.5.3", classes=10, num_layers=3, num_heads=4, embed_dims=(32, 64), pair_embed_dims=(16,))
    converted, jets = convert_part(reference.state_dict(), "net"), random_jets()
    config = converted.config
    assert (config.layers, config.heads, config.embed, config.pair_embed) == (3, 4, (32, 64), (16,))
    torch.testing.assert_close(load(converted)(*jets), run_weaver(reference, *jets), atol=1e-4, rtol=0)
