"""Files of weights as they are met in the field: each is called what it is, and its state dict is found."""

import subprocess
import sys
import warnings
import zipfile
from types import SimpleNamespace

import lightning
import numpy as np
import pytest
import torch
from helpers.references import ROOT, shared
from safetensors.torch import save_file
from torch import nn

from part.errors import PartError
from part.models.checkpoints.catalogue import checkpoints_in
from part.models.checkpoints.weaver_file import read_weaver
from part.models.checkpoints.weights_file import KINDS, read_state, weights_kind

STATE = {"first.weight": torch.arange(12.0).reshape(3, 4), "first.bias": torch.zeros(3), "norm.count": torch.tensor(7)}


class Small(nn.Module):
    """A network whose class a pickle of the whole of it would need."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 3)


def saved(folder, content, name="net.pt", **options):
    torch.save(content, folder / name, **options)
    return folder / name


def optimizer_state():
    network = Small()
    optimizer = torch.optim.AdamW(network.parameters())
    network.first(torch.ones(4)).sum().backward()
    optimizer.step()
    return optimizer.state_dict()


def refusal(path):
    with pytest.raises(PartError) as caught:
        read_state(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    return sentence.removeprefix(str(path))


def assert_state(path):
    assert weights_kind(path) == "state dict"
    state = read_state(path)
    assert list(state) == list(STATE)
    assert all(torch.equal(state[key], value) for key, value in STATE.items())


@pytest.mark.parametrize("old", [False, True], ids=["zip", "pickles"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state},
        lambda state: {"epoch": 12, "model": state, "best": 0.7, "arguments": {"lr": 1e-3, "layers": [1, 2]}},
        lambda state: {"model_state_dict": state, "optimizer_state_dict": optimizer_state(), "loss": torch.tensor(0.3)},
        lambda state: {"checkpoint": {"net": {"weights": state}}, "metrics": {"accuracy": torch.tensor(0.7)}},
        lambda state: {"model": state, "accuracy": np.float64(0.7), "epoch": np.int64(3), "done": np.bool_(True)},
        lambda state: {"model": {key: nn.Parameter(value) if value.ndim else value for key, value in state.items()}},
    ],
    ids=["alone", "state_dict", "loop", "optimizer beside", "nested", "NumPy's numbers", "parameters"],
)
def test_the_one_state_dict_of_a_file_is_read(wrap, old, tmp_path):
    assert_state(saved(tmp_path, wrap(STATE), _use_new_zipfile_serialization=not old))


def test_a_safetensors_without_a_card_is_a_state_dict(tmp_path):
    save_file(STATE, tmp_path / "net.safetensors")
    assert weights_kind(tmp_path / "net.safetensors") == "state dict"
    assert torch.equal(read_state(tmp_path / "net.safetensors")["first.weight"], STATE["first.weight"])
    (tmp_path / "net.json").write_text("{}")
    assert weights_kind(tmp_path / "net.safetensors") == "checkpoint of this project"


def test_lightnings_checkpoint_is_read(tmp_path):
    class Module(lightning.LightningModule):
        def __init__(self, width: int = 3):
            super().__init__()
            self.save_hyperparameters()
            self.network = Small()

        def training_step(self, batch, index):
            loss = self.network.first(batch).sum()
            self.log("loss", loss)
            return loss

        def configure_optimizers(self):
            optimizer = torch.optim.AdamW(self.parameters())
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]

    callbacks = [
        lightning.pytorch.callbacks.ModelCheckpoint(dirpath=tmp_path, monitor="loss"),
        lightning.pytorch.callbacks.EarlyStopping("loss"),
    ]
    options = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = lightning.Trainer(max_epochs=1, callbacks=callbacks, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a training so small has few workers and steps
        trainer.fit(Module(), torch.utils.data.DataLoader(torch.rand(4, 4)))
        trainer.save_checkpoint(tmp_path / "run.ckpt")
    assert weights_kind(tmp_path / "run.ckpt") == "state dict"
    assert list(read_state(tmp_path / "run.ckpt")) == ["network.first.weight", "network.first.bias"]


def test_an_optimizers_state_points_to_the_weights(tmp_path):
    path = saved(tmp_path, optimizer_state(), "net_best_epoch_optimizer.pt")
    assert weights_kind(path) == "optimizer"
    assert "state of an optimizer, which holds no network; give" in refusal(path)
    assert "beside it (net_best_epoch_state.pt)" in refusal(path)
    saved(tmp_path, STATE, "net_best_epoch_state.pt")
    assert "weights are in net_best_epoch_state.pt beside it" in refusal(path)
    assert list(checkpoints_in(tmp_path)) == ["net_best_epoch_state.pt"]
    assert "(..._state.pt)" in refusal(saved(tmp_path, optimizer_state(), "last.pt"))


def test_torchscript_is_called_so(tmp_path):
    path = tmp_path / "scripted.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.trace(nn.Linear(3, 2), torch.rand(1, 3)), path)
    assert weights_kind(path) == "TorchScript"
    assert "is TorchScript, a compiled program; save the state dict of the network" in refusal(path)


def field(number: int, content: bytes | int) -> bytes:
    """Return a field of a protobuf message, at most 127 long."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    return bytes([number << 3 | 2, len(content)]) + content


ONNX = [field(1, 8), field(2, b"pytorch"), field(3, b"2.13"), field(5, 1), field(7, b"a graph"), field(8, b"\x10\x11")]


def test_onnx_is_called_so(tmp_path):
    path = tmp_path / "model.onnx"
    for fields in (ONNX, [ONNX[0], ONNX[4]], [ONNX[0], field(6, b"w" * 100), *ONNX[4:]]):
        path.write_bytes(b"".join(fields))
        assert weights_kind(path) == "ONNX"
        assert refusal(path) == " is ONNX, which is not read yet; give the state dict that it was exported from."
    others = ([*ONNX[:4]], ONNX[4:], [ONNX[0], field(9, b"x"), ONNX[4]], [field(1, b"8"), ONNX[4]])
    for content in (*(b"".join(fields) for fields in others), b"", b"\x08", b"\x08\xff" * 40, b"\xff" * 40):
        path.write_bytes(content)
        assert weights_kind(path) == "unknown"
        assert "is not a complete checkpoint: expected safetensors or a PyTorch state dict" in refusal(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, ": holds no state dict, it is empty; save one: torch.save(network.state_dict(), FILE)."),
        ({"epoch": 3, 4: None}, ": holds no state dict, its keys are epoch, 4; save one:"),
        ({f"key{i}": i for i in range(20)}, "its keys are key0, key1, key2, key3, key4, key5, key6, key7, ...; save"),
        ({"x" * 999: 1}, f"its keys are {'x' * 40}; save"),
        ({"loss": torch.tensor(0.3)}, ": holds no state dict, its keys are loss; save one:"),
        ([STATE], ": holds a list; expected a state dict: torch.save(network.state_dict(), FILE)."),
        (torch.zeros(3), ": holds a Tensor; expected a state dict"),
        ({"model": STATE, "ema": {"net": STATE}}, ": holds 2 state dicts (model, ema.net); save the one that you want"),
    ],
)
def test_a_file_without_one_state_dict_says_what_it_holds(content, sentence, tmp_path):
    path = saved(tmp_path, content)
    assert weights_kind(path) == "unknown"
    assert sentence in refusal(path)


@pytest.mark.parametrize(
    ("content", "name"),
    [(Small(), "Small"), ({"model": STATE, "options": SimpleNamespace(a=1)}, "types.SimpleNamespace")],
)
def test_what_could_run_code_is_not_opened_and_named(content, name, tmp_path):
    path = saved(tmp_path, content)
    assert weights_kind(path) == "unknown"
    sentence = refusal(path)
    assert "could run code, so it was not opened; save the model's state_dict() alone" in sentence
    assert name in sentence


def test_a_flipped_bit_is_damage(tmp_path):
    content = bytearray(saved(tmp_path, {"weight": torch.zeros(1000)}).read_bytes())
    place = content.index(bytes(2000))
    content[place + 1500] ^= 1
    (tmp_path / "net.pt").write_bytes(content)
    assert "is damaged or truncated" in refusal(tmp_path / "net.pt")


def test_a_zip_that_grows_is_not_unpacked(tmp_path):

    with zipfile.ZipFile(tmp_path / "net.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", bytes(10_000_000))
    assert "is damaged or truncated" in refusal(tmp_path / "net.pt")


def test_a_file_that_is_not_there_or_a_folder_is_said_to_be_so(tmp_path):
    assert "No such file" in refusal(tmp_path / "net.pt")
    assert "cannot be read" in refusal(tmp_path)


@pytest.mark.witness
def test_the_cases_of_the_field(tmp_path):
    script = shared("cases/field/checkpoints.py")
    if not (ROOT / ".venv/witness/0.5.3").is_dir():
        pytest.skip("weaver-core 0.5.3 is not in .venv/witness; `make test` puts it there")
    done = subprocess.run([sys.executable, script, tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    kinds = {path.name: weights_kind(path) for path in tmp_path.glob("*.pt")}
    assert set(kinds.values()) <= set(KINDS)
    others = {name: kind for name, kind in kinds.items() if kind != "state dict"}
    assert others == {"net_best_epoch_optimizer.pt": "optimizer", "scripted.pt": "TorchScript"}
    keywords = {"use_pre_activation_pair": False, "remove_self_pair": False, "activation": "gelu"}
    plain = read_weaver(tmp_path / "net_best_epoch_state.pt", keywords)
    for name in ("compiled", "compiled_in_ddp", "in_a_dict"):
        wrapped = read_weaver(tmp_path / f"{name}.pt", keywords)
        assert wrapped.config == plain.config
        assert wrapped.state.keys() == plain.state.keys()
        assert all(torch.equal(wrapped.state[key], value) for key, value in plain.state.items())
    for classes in (2, 5, 188):
        assert read_weaver(tmp_path / f"classes_{classes}.pt", keywords).config.classes == classes
