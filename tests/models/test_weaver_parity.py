"""Our ParT against weaver-core's, on the same weights and padded jets."""

import pytest
import torch
from helpers.models import random_jets, run_weaver, weaver_part

from part.models.build import build
from part.models.checkpoints.checkpoint import load_checkpoint
from part.models.checkpoints.weaver import convert_part

VERSIONS = ("0.4.17", "0.5.3")
pytestmark = pytest.mark.witness


@pytest.fixture
def jets():
    return random_jets()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("inputs", [7, 13, 17])
def test_logits_equal_weavers(version, inputs, tmp_path):
    reference = weaver_part(version, inputs)
    path = tmp_path / "net.pt"
    torch.save({f"mod.{key}": value for key, value in reference.state_dict().items()}, path)
    checkpoint = load_checkpoint(path)
    x, v, mask = random_jets(inputs=inputs)
    expected = run_weaver(reference, x, v, mask)
    assert expected.std() > 0.05  # the jets are distinguished, so equality means something
    torch.testing.assert_close(checkpoint.model(x, v, mask), expected, atol=1e-4, rtol=0)
    assert len(checkpoint.features) == inputs


@pytest.mark.parametrize("version", VERSIONS)
def test_the_other_layout_would_be_wrong(version, jets):
    """All keys fit, and yet the logits differ."""
    reference = weaver_part(version)
    config, state = convert_part(reference.state_dict(), "net")
    wrong = build(type(config)(**{**config.to_dict(), "transposed_channels": not config.transposed_channels}))
    wrong.load_state_dict(state, strict=False)
    difference = (wrong.eval()(*jets) - run_weaver(reference, *jets)).abs().max()
    assert difference > 0.05


def test_the_keys_reveal_the_layout():
    for version, transposed in zip(VERSIONS, (True, False), strict=True):
        config, _ = convert_part(weaver_part(version).state_dict(), "net")
        assert config.transposed_channels is transposed


def test_other_sizes_are_read_off_the_weights(jets):
    reference = weaver_part("0.5.3", classes=10, num_layers=3, num_heads=4, embed_dims=(32, 64), pair_embed_dims=(16,))
    config, state = convert_part(reference.state_dict(), "net")
    assert (config.layers, config.heads, config.embed, config.pair_embed) == (3, 4, (32, 64), (16,))
    model = build(config).eval()
    model.load_state_dict(state, strict=False)
    torch.testing.assert_close(model(*jets), run_weaver(reference, *jets), atol=1e-4, rtol=0)
