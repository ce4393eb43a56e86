"""An int8 model in the app, beside the model it was made from."""

import pytest
from helpers.app_driver import sentences, state_of
from helpers.jets import write_model

from part.__main__ import main


@pytest.mark.parametrize("method", ["dynamic", "static"])
def test_an_int8_model_is_explored_like_any_other(visit, jets_folder, tmp_path, monkeypatch, method):
    original = write_model(tmp_path / "net.safetensors", embed=(32,), pair_embed=(8,), layers=2, heads=4)
    options = ["--method", method, "--calibration", str(jets_folder / "toys.root")]
    assert main(["quantize", "--model", str(original), *options, "--out", str(tmp_path / "small.safetensors")]) == 0
    monkeypatch.setenv("PARTSCOPE_CHECKPOINTS", str(tmp_path))
    app = visit(model=["small", "net"])
    assert sentences(app) == []
    assert state_of(app).models == ("small", "net")
