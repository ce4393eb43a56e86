"""When a training takes the kernels for jets without padding."""

import pytest
import torch

from part.models.linpart import LinParT, LinParTConfig
from part.models.transformer import ParTConfig, ParticleTransformer
from part.training import lightning_module
from part.training.lightning_module import untrainable_packed_reason


@pytest.fixture
def gpu(monkeypatch):
    """Pretend that there is a GPU with Triton."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(lightning_module, "find_spec", lambda name: object())


def test_part_without_dropout_trains_with_the_kernels_on_a_gpu(gpu):
    assert (
        untrainable_packed_reason(ParticleTransformer(ParTConfig(inputs=17, classes=10, dropout=0.0)), "cuda") is None
    )


def test_dropout_needs_torch(gpu):
    model = ParticleTransformer(ParTConfig(inputs=17, classes=10, dropout=0.1))
    assert "--dropout 0 leaves it out" in untrainable_packed_reason(model, "cuda")


def test_other_models_need_torch(gpu):
    model = LinParT(LinParTConfig(inputs=17, classes=10, dropout=0.0))
    assert "it has no code for LinParT" in untrainable_packed_reason(model, "cuda")


def test_other_devices_need_torch(gpu):
    model = ParticleTransformer(ParTConfig(inputs=17, classes=10, dropout=0.0))
    assert "need an NVIDIA GPU" in untrainable_packed_reason(model, "mps")


def test_triton_has_to_be_there(gpu, monkeypatch):
    monkeypatch.setattr(lightning_module, "find_spec", lambda name: None)
    model = ParticleTransformer(ParTConfig(inputs=17, classes=10, dropout=0.0))
    assert "need Triton" in untrainable_packed_reason(model, "cuda")
