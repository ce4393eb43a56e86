"""The tagger turns a file of jets and a checkpoint into numbers, as a notebook would."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.jets import write_jets, write_model

import part
from part.__main__ import main
from part.jets import make_batch
from part.models.checkpoints.catalogue import BUNDLED, bundled_names

SAMPLE = BUNDLED.parent / "data_samples/jetclass_like.root"
COUNTS = [1, 30, 7, 128, 12, 3, 45]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tagger")
    model = write_model(folder / "toy.safetensors", layers=2)
    return model, write_jets(folder / "jets.root", COUNTS)


@pytest.fixture(scope="module")
def tagger(files):
    return part.load_model(files[0], device="cpu")


def test_probabilities_do_not_depend_on_how_jets_are_batched(files, tagger):
    jets = part.read_jets(files[1])
    batched = tagger.predict(jets)
    one_by_one = np.concatenate([tagger.predict(jets[i : i + 1]) for i in range(len(jets))])
    assert batched.shape == (len(COUNTS), 10)
    np.testing.assert_allclose(batched.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(batched, one_by_one, atol=1e-5)
    np.testing.assert_allclose(tagger.predict(jets, batch_size=2), batched, atol=1e-5)


def test_trace_and_prediction_agree(files, tagger):
    jets = part.read_jets(files[1])
    trace = tagger.trace(jets)
    np.testing.assert_allclose(trace.probabilities, tagger.predict(jets), atol=1e-5)
    assert trace.mask.sum(1).tolist() == COUNTS


def test_backends_agree(files, tagger):
    jets = part.read_jets(files[1])
    explicit = part.load_model(files[0], device="cpu", backend="explicit")
    np.testing.assert_allclose(explicit.predict(jets), tagger.predict(jets), atol=1e-5)
    swift = part.load_model(files[0], device="cpu", backend="flash")  # torch's kernel, on a CPU
    np.testing.assert_allclose(swift.predict(jets), tagger.predict(jets), atol=1e-5)
    assert explicit.backend_logit_gap(jets) == 0
    assert 0 < swift.backend_logit_gap(jets) < 1e-4
    assert len({explicit.cache_key, swift.cache_key, tagger.cache_key}) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", bundled_names())
def test_every_model_runs_in_bfloat16(name):
    exact, low_precision = part.load_model(name, device="cpu"), part.load_model(f"{name}@bf16", device="cpu")
    jets = part.read_jets(SAMPLE.with_name(f"{exact.dataset.name.lower()}_like.root"), stop=100)
    probabilities, expected = low_precision.predict(jets), exact.predict(jets)
    assert 1e-5 < np.abs(probabilities - expected).max() < 0.1
    assert (probabilities.argmax(1) == expected.argmax(1)).mean() > 0.96
    assert low_precision.name == f"{name}@bf16"
    assert low_precision.cache_key != exact.cache_key
    trace, reference = low_precision.trace(jets[:2]), exact.trace(jets[:2])
    np.testing.assert_allclose(trace.probabilities, probabilities[:2], atol=0.05)
    assert trace.names == reference.names
    if trace.has("pattern"):
        np.testing.assert_allclose(trace.pattern.sum(-1), reference.pattern.sum(-1), atol=1e-2)
        assert 0 < np.abs(trace.pattern - reference.pattern).max() < 0.2


def test_attributes_of_a_tagger(files, tagger):
    assert (tagger.name, tagger.features.name, tagger.dataset.name) == ("toy", "full", "JetClass")
    assert tagger.n_parameters == sum(p.numel() for p in tagger.model.parameters())
    assert tagger.sha256 == tagger.card["sha256"]
    assert str(tagger.device) == "cpu"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"backend": "flashy"}, "no attention backend 'flashy'"), ({"device": "tpu9"}, "no device 'tpu9'")],
)
def test_unknown_choices_are_refused(files, options, sentence):
    with pytest.raises(part.PartError, match=sentence):
        part.load_model(files[0], **options)


def test_a_warning_counts_the_constituents_left_out(tagger, tmp_path):
    jets = part.read_jets(write_jets(tmp_path / "long.root", [130, 20, 140]))
    with pytest.warns(UserWarning, match="2 of 3 jets have more than 128 constituents; the 14 of lowest pT"):
        trace = tagger.trace(jets)
    assert trace.mask.sum(1).tolist() == [128, 20, 128]


def test_missing_inputs_are_named(files, tagger, tmp_path):
    jets = part.read_jets(write_jets(tmp_path / "momenta.root", [5, 6], momenta_only=True))
    with pytest.raises(part.PartError, match="part_charge"):
        tagger.predict(jets)


def test_predict_on_the_command_line(files, tagger, tmp_path, capsys):
    model, jets = files
    out = tmp_path / "p.parquet"
    command = ["predict", "--model", str(model), "--jets", str(jets), "--start", "2", "--stop", "6", "--out", str(out)]
    assert main(command) == 0
    table = pq.read_table(out)
    assert table["entry"].to_pylist() == [2, 3, 4, 5]
    assert table["label"].to_pylist() == [2, 3, 4, 5]
    expected = tagger.predict(part.read_jets(jets, 2, 6))
    np.testing.assert_allclose(table["score_Tbl"].to_numpy(), expected[:, 9], atol=1e-6)
    assert main(command) == 2
    assert "use --force to overwrite" in capsys.readouterr().err


def test_the_inputs_of_the_model_are_those_of_the_file(files):
    batch = make_batch(part.read_jets(files[1]), part.load_model(files[0]).features)
    assert batch.x.shape == (len(COUNTS), 128, 17)
