"""What an engine cannot run is said before it runs."""

import pytest
import torch

from part.errors import PartError
from part.inference.engines import make_engine
from part.models.build import build
from part.models.config import ParTConfig


def test_flash_refuses_heads_of_other_widths_on_a_gpu_alone():
    odd = build(ParTConfig(embed=(24,), heads=2, pair_embed=(8,), layers=1, class_layers=1))
    with pytest.raises(PartError, match="The flash backend cannot run this ParT: its heads need a power of two"):
        make_engine(odd, "flash", torch.device("cuda"), "fp32")
    assert make_engine(odd, "flash", torch.device("cpu"), "fp32") is None  # torch's kernel, which runs all


def test_flash_replaces_no_forward_pass():
    wide = build(ParTConfig(embed=(32,), heads=2, pair_embed=(8,), layers=1, class_layers=1))
    assert make_engine(wide, "flash", torch.device("cuda"), "fp32") is None
