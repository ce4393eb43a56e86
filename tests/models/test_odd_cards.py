"""A card from anywhere loads a model or is refused in one short sentence, whatever is in it."""

import json
import shutil
import tracemalloc

import pytest
from helpers.models import PART, random_model
from helpers.references import shared

from part.errors import PartError
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.limits import MAX_CARD_BYTES
from part.models.build import config_from_dict
from part.models.checkpoints.cards import parse_card
from part.models.checkpoints.catalogue import BUNDLED, checkpoints_in, resolve
from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint

CARDS = (
    "config_null",
    "dropout_text",
    "features_list",
    "heads_0",
    "model_100kB",
    "phi_30000",
    "phi_text",
    "sha_number",
)


@pytest.fixture
def saved(tmp_path):
    return save_checkpoint(tmp_path / "small.safetensors", random_model(PART), FULL, JETCLASS, {})


def refusal(path, *words: str) -> str:
    with pytest.raises(PartError) as info:
        load_checkpoint(path)
    message = str(info.value)
    assert str(path.with_suffix("")) in message
    assert "\n" not in message
    assert len(message) < 600 + len(str(path))
    for word in words:
        assert word in message
    return message


def change(path, **entries) -> None:
    card = path.with_suffix(".json")
    content = json.loads(card.read_text())
    config = content["config"] | entries.pop("config", {})
    card.write_text(json.dumps(content | {"config": config} | entries))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("heads", 0),
        ("heads", "8"),
        ("heads", True),
        ("heads", 2.5),
        ("layers", 10**9),
        ("layers", -1),
        ("dropout", "x"),
        ("dropout", float("nan")),
        ("dropout", 5),
        ("classes", 0),
        ("embed", "x"),
        ("embed", [128, None]),
        ("embed", [10**12]),
        ("embed", {"a": 1}),
        ("norm", ["layer"]),
        ("head", [[12]]),
        ("model", "x" * 100_000),
        ("model", ["ParT"]),
        ("x" * 100_000, 1),
    ],
)
def test_a_value_of_the_configuration(saved, key, value):
    change(saved, config={key: value})
    refusal(saved, "config", key[:20])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("features", ["full"]),
        ("features", "x" * 100_000),
        ("dataset", {"a": 1}),
        ("sha256", 5),
        ("classes", "abc"),
        ("classes", [1, 2]),
        ("data_config", [1]),
        ("int8", 1),
        ("backend", []),
    ],
)
def test_an_entry_of_a_wrong_type(saved, key, value):
    change(saved, **{key: value})
    refusal(saved, key, "expected")


def test_a_configuration_that_is_none(saved):
    card = saved.with_suffix(".json")
    card.write_text(json.dumps(json.loads(card.read_text()) | {"config": None}))
    refusal(saved, "config is None")


def test_widths_beyond_the_tensors_take_no_memory(saved):
    change(saved, config={"embed": [30_000, 30_000, 30_000, 32]})
    tracemalloc.start()
    refusal(saved, "has shape", "expected (30000")
    assert tracemalloc.get_traced_memory()[1] < 5e7
    tracemalloc.stop()


def test_more_layers_than_tensors(saved):
    change(saved, config={"layers": 500})
    refusal(saved, "lacks the tensor blocks.2.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[" * 60_000, "nested too deeply"),
        (b"{" * 10, "not valid JSON"),
        (b"[1]", "not a card"),
        (b"\xff\xfe", "not valid JSON"),
        (b'{"config": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b" " * (MAX_CARD_BYTES + 1), "expected a card of at most"),
    ],
)
def test_what_is_no_card(tmp_path, content, words):
    (tmp_path / "odd.json").write_bytes(content)
    with pytest.raises(PartError, match=words):
        parse_card(tmp_path / "odd.json")


def test_a_folder_of_odd_entries_lists_the_others(saved):
    folder = saved.parent
    (folder / "deep.json").write_bytes(b"[" * 60_000)
    (folder / "folder.json").mkdir()
    (folder / "nowhere.json").symlink_to("gone.json")
    (folder / "itself.json").symlink_to("itself.json")
    assert list(checkpoints_in(folder)) == ["small"]


@pytest.mark.parametrize("name", ["x" * 5000, "x" * 300 + ".safetensors"])
def test_names_that_no_file_can_have(tmp_path, name):
    with pytest.raises(PartError, match="There is no checkpoint xxx"):
        resolve(name)
    (tmp_path / "lend.json").write_text(json.dumps({"weights": f"{name}.safetensors", "sha256": "0"}))
    refusal(tmp_path / "lend.json", "refers to the weights", "expected a file beside it")


def test_all_shipped_configurations_are_allowed():
    cards = [json.loads(path.read_text()) for path in BUNDLED.glob("*.json")]
    configs = [card["config"] for card in cards if "config" in card]
    assert len(configs) > 10
    for values in configs:
        config_from_dict(values)


@pytest.mark.parametrize("name", CARDS)
def test_shared_cards(tmp_path, name):
    shutil.copyfile(BUNDLED / "pfn-full.safetensors", tmp_path / "net.safetensors")
    shutil.copyfile(shared(f"cases/reliability/card_{name}.json"), tmp_path / "net.json")
    refusal(tmp_path / "net.safetensors")
