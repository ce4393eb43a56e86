"""Checkpoints on disk: round trips, and one clear sentence for everything that is not one."""

import hashlib
import json
import pickle
from dataclasses import replace

import pytest
import torch
from helpers.models import PART, random_jets, random_model, weaver_part

from part.errors import PartError
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.checkpoints.catalogue import checkpoints_in
from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint


@pytest.fixture
def saved(tmp_path):
    return save_checkpoint(
        tmp_path / "small.safetensors", random_model(PART), FULL, JETCLASS, {"metrics": {"val_accuracy": 0.5}}
    )


def edit_card(path, **changes):
    card = path.with_suffix(".json")
    card.write_text(json.dumps(json.loads(card.read_text()) | changes))


def test_what_is_saved_comes_back(saved):
    checkpoint = load_checkpoint(saved)
    jets = random_jets()
    # Not bit for bit: with gradients switched off torch takes another attention kernel.
    torch.testing.assert_close(checkpoint.model(*jets), random_model(PART)(*jets), atol=1e-5, rtol=0)
    assert (checkpoint.model.config, checkpoint.features, checkpoint.dataset) == (PART, FULL, JETCLASS)
    assert checkpoint.card["metrics"] == {"val_accuracy": 0.5}
    assert not any(p.requires_grad for p in checkpoint.model.parameters())


def test_saving_leaves_nothing_but_the_checkpoint_and_its_card(saved):
    assert sorted(p.name for p in saved.parent.iterdir()) == ["small.json", "small.safetensors"]


def test_a_changed_file_no_longer_fits_its_card(saved):
    content = bytearray(saved.read_bytes())
    content[-1] ^= 1
    saved.write_bytes(content)
    with pytest.raises(PartError, match=r"not the file that its card describes"):
        load_checkpoint(saved)


@pytest.mark.parametrize("start", [b"PK", b"\x80K"])
def test_a_size_that_looks_like_a_zip_or_a_pickle_is_still_safetensors(saved, start):
    content = saved.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    size = int.from_bytes(start, "little")
    content = size.to_bytes(8, "little") + content[8:end].ljust(size) + content[end:]
    saved.write_bytes(content)
    edit_card(saved, sha256=hashlib.sha256(content).hexdigest())
    assert load_checkpoint(saved).model.config == PART


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"features": "fuller"}, "features is 'fuller'; expected one of kin"),
        ({"dataset": "JetClub"}, "dataset is 'JetClub'; expected one of JetClass"),
        ({"config": PART.to_dict() | {"depth": 3}}, "unknown depth"),
        ({"config": PART.to_dict() | {"model": "GPT"}}, "no model 'GPT'"),
        ({"config": replace(PART, layers=3).to_dict()}, r"lacks the tensor blocks\.2"),
        ({"config": replace(PART, classes=9).to_dict()}, r"head\.weight has shape \(10, 32\), expected \(9, 32\)"),
    ],
)
def test_a_card_that_says_something_else_is_refused(saved, changes, sentence):
    edit_card(saved, **changes)
    with pytest.raises(PartError, match=sentence):
        load_checkpoint(saved)


def test_a_missing_or_broken_card_is_named(saved):
    card = saved.with_suffix(".json")
    card.write_text("{")
    with pytest.raises(PartError, match=r"small\.json is not valid JSON"):
        load_checkpoint(saved)
    card.unlink()
    with pytest.raises(PartError, match=r"has no card: expected small\.json beside it"):
        load_checkpoint(saved)


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(PartError, match="no checkpoint part-fool: give a file or one of"):
        load_checkpoint("part-fool")


class Attack:
    def __reduce__(self):
        return (exec, ("raise SystemExit('this must never run')",))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol:UserWarning")
def test_a_pickle_that_would_run_code_is_not_opened(tmp_path):
    for path, write in (
        (tmp_path / "zip.pt", lambda p: torch.save({"cls_token": Attack()}, p)),
        (tmp_path / "raw.pt", lambda p: p.write_bytes(pickle.dumps({"cls_token": Attack()}))),
    ):
        write(path)
        with pytest.raises(PartError, match=r"could run code, so it was not opened|is damaged or truncated"):
            load_checkpoint(path)


def test_a_truncated_pt_is_refused_wherever_it_ends(tmp_path):
    path = tmp_path / "net.pt"
    torch.save({"cls_token": torch.zeros(1, 1, 128)}, path)
    content = path.read_bytes()
    for end in range(1, len(content) - 1, 97):
        path.write_bytes(content[:end])
        with pytest.raises(PartError, match=str(path)):
            load_checkpoint(path)


def test_a_truncated_safetensors_is_refused(saved):
    content = saved.read_bytes()
    for end in (0, 1, 7, 100, len(content) // 2):
        saved.write_bytes(content[:end])
        with pytest.raises(PartError, match=r"not a complete checkpoint"):
            load_checkpoint(saved)


def test_another_architecture_is_refused(tmp_path):
    path = tmp_path / "resnet.pt"
    torch.save({"conv1.weight": torch.zeros(3)}, path)
    with pytest.raises(
        PartError, match="unknown architecture: expected the state dict of weaver's ParticleTransformer"
    ):
        load_checkpoint(path)


def weaver_state(**options):
    return weaver_part("0.5.3", **options).state_dict()


def test_a_weaver_tensor_that_no_part_has_is_named(tmp_path):
    path = tmp_path / "net.pt"
    torch.save(weaver_state() | {"blocks.0.fc3.weight": torch.zeros(512, 128)}, path)
    with pytest.raises(PartError, match=r"blocks\.0\.fc3\.weight belongs to no ParT"):
        load_checkpoint(path)


def test_a_weaver_tensor_of_a_wrong_shape_is_named(tmp_path):
    path = tmp_path / "net.pt"
    torch.save(weaver_state() | {"blocks.3.fc2.bias": torch.zeros(64)}, path)
    with pytest.raises(PartError, match=r"blocks\.3\.ffn\.down\.bias has shape \(64,\), expected \(128,\)"):
        load_checkpoint(path)


def test_a_missing_weaver_tensor_is_named(tmp_path):
    path = tmp_path / "net.pt"
    state = weaver_state()
    del state["norm.bias"]
    torch.save(state, path)
    with pytest.raises(PartError, match=r"lacks the tensor norm\.bias"):
        load_checkpoint(path)


def test_two_classes_with_kin_inputs_need_the_dataset(tmp_path):
    path = tmp_path / "net.pt"
    torch.save(weaver_state(inputs=7, classes=2, num_layers=1), path)
    with pytest.raises(PartError, match="TopLandscape or QuarkGluon; say which with dataset="):
        load_checkpoint(path)
    assert load_checkpoint(path, dataset="QuarkGluon").dataset.name == "QuarkGluon"


def write_alias(saved, **changes):
    card = {"weights": saved.name, "backend": "flash", "sha256": load_checkpoint(saved).sha256} | changes
    path = saved.with_name("alias.json")
    path.write_text(json.dumps(card))
    return path


def test_a_card_can_point_at_the_weights_of_another(saved):
    alias = load_checkpoint(write_alias(saved))
    assert alias.path.stem == "alias"
    assert alias.card["backend"] == "flash"
    assert alias.card["metrics"] == {"val_accuracy": 0.5}
    assert alias.sha256 == load_checkpoint(saved).sha256
    assert checkpoints_in(saved.parent) == {"small": saved, "alias": saved.with_name("alias.json")}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"weights": "../small.safetensors"}, "refers to no weights"),
        ({"weights": "alias.json"}, "refers to no weights"),
        ({"weights": "gone.safetensors"}, r"There is no checkpoint .*gone\.safetensors"),
        ({"sha256": "0" * 64}, "written for other weights"),
    ],
)
def test_a_card_that_points_nowhere_is_refused(saved, changes, sentence):
    with pytest.raises(PartError, match=sentence):
        load_checkpoint(write_alias(saved, **changes))


def test_a_folder_with_other_things_in_it_lists_the_checkpoints_alone(saved):
    (saved.parent / "notes.json").write_text("[1, 2")
    (saved.parent / ".hidden.safetensors").write_bytes(b"")
    (saved.parent / "net.pt").write_bytes(b"")
    assert list(checkpoints_in(saved.parent)) == ["net.pt", "small"]
    assert checkpoints_in(saved.parent / "nowhere") == {}
