"""Sparse dictionaries: what they find, how they are written, and where in a model they stand in."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.attribution import few_jets, tagger_loader
from helpers.dictionaries import dictionary_of, identity_dictionary, random_dictionary_of, write_dictionary
from safetensors.torch import load_file, save_file

from part.analysis.dictionary.autoencoder import SparseDictionary, keep_largest, losses
from part.analysis.dictionary.files import find_dictionary, load_dictionary, save_dictionary
from part.analysis.dictionary.place import Place
from part.errors import PartError
from part.inference.forward import CachedForward
from part.inspection.weights import inspect_card
from part.models.checkpoints.checkpoint import load_checkpoint

NONE_DEAD = torch.zeros(24, dtype=torch.bool)


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


def test_features_of_sparse_data_are_found():
    """Sums of 2 of 24 directions in 16 dimensions come from these directions."""
    generator = torch.Generator().manual_seed(0)
    truth = torch.nn.functional.normalize(torch.randn(24, 16, generator=generator), dim=-1)
    torch.manual_seed(1)
    learnt = SparseDictionary(16, 24, 2)
    optimizer = torch.optim.Adam(learnt.parameters(), lr=1e-2)
    for step in range(1500):
        chosen = torch.rand(256, 24, generator=generator).argsort(-1) < 2
        x = (chosen * (0.5 + torch.rand(256, 24, generator=generator))) @ truth
        if not step:
            learnt.calibrate(x)
        optimizer.zero_grad()
        losses(learnt, x, NONE_DEAD, 4)[0].backward()
        optimizer.step()
    similarity = (truth @ learnt.directions.T).max(-1).values
    assert (similarity > 0.95).float().mean() > 0.8


def test_only_the_largest_positive_scores_are_kept():
    kept = keep_largest(torch.tensor([[3.0, -1.0, 2.0, 1.0], [-1.0, -2.0, -3.0, 4.0]]), 2)
    assert kept.tolist() == [[3, 0, 2, 0], [0, 0, 0, 4]]


def test_the_loss_is_what_is_left_over_the_variance_and_dead_features_learn_from_it():
    made = dictionary_of(torch.eye(3), torch.eye(3), active=1)
    x = torch.tensor([[2.0, 0.5, 0.0], [0.0, 3.0, 1.0]])
    unexplained, auxiliary, active = losses(made, x, torch.zeros(3, dtype=torch.bool), 1)
    assert float(unexplained) == pytest.approx((0.25 + 1) / 6)
    assert float(auxiliary) == 0
    assert active.tolist() == [True, True, False]
    _, auxiliary, _ = losses(made, x, torch.tensor([False, False, True]), 1)
    assert float(auxiliary) == pytest.approx(0.25 / 1.25)  # the third feature writes what is left of the second row


def test_activations_are_centred_and_scaled():
    made, x = random_dictionary_of(4, 6, 6), torch.randn(500, 4) * 3 + 5
    made.calibrate(x)
    z = made.standardise(x)
    torch.testing.assert_close(z.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    assert float(z.square().mean()) == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(made.decode(torch.zeros(6)), x.mean(0))


@pytest.mark.parametrize("name", ["part", "global", "linpart", "mean"])
@pytest.mark.parametrize("place", [Place(0), Place(1), Place(2), Place(2, 2)], ids=str)
def test_a_place_has_the_same_activations_in_training_and_in_studies(load, tmp_path, name, place):
    tagger, jets = load(name), few_jets(tmp_path)
    forward = CachedForward(tagger, jets)
    batch = forward.batch
    values, own = place.of_forward(forward), place.of_batch(tagger.model, batch.x, batch.v, batch.mask)
    torch.testing.assert_close(values[batch.mask], own[batch.mask], atol=1e-5, rtol=1e-4)
    assert values.shape[-1] == place.width(tagger.config, name)
    unchanged = place.rerun(forward, values[None])
    torch.testing.assert_close(unchanged[0], forward.probabilities, atol=1e-5, rtol=1e-4)
    changed = place.rerun(forward, torch.stack((values, 0 * values)))
    torch.testing.assert_close(changed[0], forward.probabilities, atol=1e-5, rtol=1e-4)
    nothing_reads = name == "global" and place.layer == 2  # the token itself is classified
    assert torch.allclose(changed[1], forward.probabilities, atol=1e-4) == nothing_reads


@pytest.mark.parametrize("name", ["part", "global", "linpart"])
@pytest.mark.parametrize("place", [Place(0), Place(1), Place(1, 2)], ids=str)
def test_slopes_are_those_of_small_changes(load, tmp_path, name, place):
    tagger, jets = load(name), few_jets(tmp_path)
    forward = CachedForward(tagger, jets)
    batch, weights = forward.batch, torch.zeros(3, 10)
    weights[:, 4], weights[:, 1] = 1.0, -1.0  # the difference of two logits is that of log probabilities
    slopes = place.gradient(tagger.model, batch.x, batch.v, batch.mask, weights)
    values = place.of_forward(forward)
    step = 1e-2 * torch.randn(values.shape, generator=torch.Generator().manual_seed(0)) * batch.mask[..., None]
    p = place.rerun(forward, torch.stack((values + step, values - step))).double()
    change = (p[..., 4] / p[..., 1]).log()
    expected = (slopes * step).sum((1, 2))
    torch.testing.assert_close(((change[0] - change[1]) / 2).float(), expected, rtol=0.02, atol=2e-4)


def test_there_is_no_dictionary_where_there_is_no_place(load, tmp_path):
    tagger = load("part")
    for place in (Place(3), Place(-1), Place(0, 1), Place(1, 3)):
        with pytest.raises(PartError, match="expected layers"):
            place.width(tagger.config, tagger.name)
    with pytest.raises(PartError, match="no layers of particles"):
        find_dictionary(load("pfn"))
    with pytest.raises(PartError, match="No dictionary of part is shipped"):
        find_dictionary(tagger)
    path = write_dictionary(tmp_path, tagger, identity_dictionary(16), Place(1, 1))
    with pytest.raises(PartError, match="expected 8 of the output of L1H1"):
        find_dictionary(tagger, path)


def test_a_dictionary_belongs_to_its_weights(load, tmp_path):
    path = write_dictionary(tmp_path, load("part"), identity_dictionary(16), Place(1))
    assert find_dictionary(load("part"), path).place == Place(1)
    with pytest.raises(PartError, match="was trained on the weights of part"):
        find_dictionary(load("nobias"), path)


def test_it_says_that_it_is_no_model(load, tmp_path):
    path = write_dictionary(tmp_path, load("part"), identity_dictionary(16), Place(1, 2))
    with pytest.raises(PartError, match="is a dictionary of features of part; expected the weights"):
        load_checkpoint(path)
    lines = dict(inspect_card(Path(path), Path(path).with_suffix(".json")).rows)
    assert lines["is"] == "a dictionary of 32 features of part, layer 1, head 2"


def test_a_file_comes_back_with_three_digits(load, tmp_path):
    made = random_dictionary_of(16, 40, 4)
    made.calibrate(torch.randn(50, 16) * 2 + 1)
    found = load_dictionary(write_dictionary(tmp_path, load("part"), made, Place(2)))
    x = torch.randn(30, 16) * 2 + 1
    torch.testing.assert_close(found.dictionary.directions, made.directions, atol=1e-3, rtol=0)
    torch.testing.assert_close(found.dictionary.scale, made.scale)
    assert ((found.dictionary.encode(x) > 0) == (made.encode(x) > 0)).float().mean() > 0.99
    assert found.name == "own"


def test_what_is_no_dictionary_is_refused(load, tmp_path):
    tagger = load("part")
    path = tmp_path / "own.safetensors"

    def write() -> dict:
        save_dictionary(path, random_dictionary_of(16, 8, 2), Place(1), tagger.name, tagger.sha256, {})
        return json.loads(path.with_suffix(".json").read_text())

    with pytest.raises(PartError, match="cannot be read"):
        load_dictionary(tmp_path / "nothing.safetensors")
    write()
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(PartError, match="not the file that its card describes"):
        load_dictionary(path)
    for key, value in (("kind", "model"), ("features", "8"), ("active", 0), ("width", True), ("sha256", None)):
        card = write() | {key: value}
        path.with_suffix(".json").write_text(json.dumps(card))
        with pytest.raises(PartError, match="card of a dictionary"):
            load_dictionary(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(PartError, match="has no card"):
        load_dictionary(path)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("encoder", lambda t: t[:, :3].contiguous(), "as encoder; expected finite numbers of shape"),
        ("mean", lambda t: t * np.nan, "as mean; expected finite"),
        ("scale", lambda t: 0 * t, "a scale of 0"),
    ],
)
def test_tensors_that_cannot_be_are_refused(load, tmp_path, name, change, words):
    tagger = load("part")
    path = write_dictionary(tmp_path, tagger, random_dictionary_of(16, 8, 2), Place(1))
    tensors = load_file(path)
    save_file(tensors | {name: change(tensors[name])}, path)
    card_path = tmp_path / "own.json"
    card = json.loads(card_path.read_text()) | {
        "sha256": hashlib.sha256((tmp_path / "own.safetensors").read_bytes()).hexdigest()
    }
    card_path.write_text(json.dumps(card))
    with pytest.raises(PartError, match=words):
        load_dictionary(path)
