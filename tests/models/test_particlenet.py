"""Our ParticleNet against weaver-core's and its published weights."""

import numpy as np
import pytest
import torch
from helpers.models import random_jets, random_model, small_configs
from helpers.references import shared
from helpers.weaver_particlenet import run_weaver, weaver_particlenet
from torch.nn import functional as F

import part
from part.__main__ import main
from part.errors import PartError
from part.jets.benchmarks import FULL, KIN
from part.jets.datasets import JETCLASS
from part.jets.features import make_batch
from part.jets.labels import labels
from part.models.build import config_from_dict
from part.models.checkpoints.checkpoint import load_checkpoint
from part.models.edge_conv import nearest
from part.models.particlenet import ParticleNetConfig

VERSIONS = ("0.4.17", "0.5.3")
SLOTS = 128
FEATURES = {"kin": 368_216, "kinpid": 369_380, "full": 370_156}  # and the parameters of the published networks
pytestmark = pytest.mark.filterwarnings("ignore:.*assumed as published:UserWarning")


def save(path, state):
    torch.save({f"mod.{key}": value for key, value in state.items()}, path)
    return path


def close(a, b, atol=1e-5):
    torch.testing.assert_close(a, b, atol=atol, rtol=0)


@pytest.fixture(scope="module")
def model():
    return random_model(small_configs()["ParticleNet"])


@pytest.mark.witness
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("inputs", [7, 13, 17])
def test_logits_equal_weavers(version, inputs, tmp_path):
    reference = weaver_particlenet(version, inputs)
    checkpoint = load_checkpoint(save(tmp_path / "net.pt", reference.state_dict()))
    x, v, mask = random_jets(inputs=inputs)
    expected = run_weaver(reference, x, mask)
    assert expected.std() > 0.05  # the jets are distinguished, so equality means something
    close(checkpoint.model(x, v, mask), expected, atol=1e-4)
    assert len(checkpoint.features) == inputs
    assert checkpoint.card["source"] == "weaver-core ParticleNet state dict net.pt"


@pytest.mark.witness
@pytest.mark.parametrize("version", VERSIONS)
def test_jets_with_too_few_neighbours_equal_weavers_however_they_are_padded(version, tmp_path):
    reference = weaver_particlenet(version)
    network = load_checkpoint(save(tmp_path / "net.pt", reference.state_dict())).model
    x, v, mask = random_jets(jets=9, particles=9)
    assert mask.sum(1).tolist() == list(range(1, 10))
    logits = network(x, v, mask)
    for slots in (17, SLOTS):
        close(logits, run_weaver(reference, x, mask, slots), atol=1e-4)
        longer = (F.pad(x, (0, 0, 0, slots - 9)), v, F.pad(mask, (0, slots - 9)))
        close(network(*longer), logits)


@pytest.mark.witness
@pytest.mark.parametrize("features", FEATURES)
def test_the_published_weights_load(features):
    tagger = part.load_model(shared(f"weights/ParticleNet_{features}.pt"), device="cpu")
    assert tagger.n_parameters == FEATURES[features]
    assert (tagger.features.name, tagger.dataset.name) == (features, "JetClass")


@pytest.mark.slow
@pytest.mark.witness
def test_the_published_weights_on_real_jets():
    weights = shared("weights/ParticleNet_kin.pt")
    tagger = part.load_model(weights, device="cpu")
    jets = part.read_jets(shared("real_jets/jetclass_250.npz"))
    right = tagger.predict(jets).argmax(1) == labels(jets, JETCLASS)
    assert right.sum() == 188

    reference = weaver_particlenet("0.4.17", len(KIN))
    state = torch.load(weights, map_location="cpu", weights_only=True)
    reference.load_state_dict({key.removeprefix("mod."): value for key, value in state.items()})
    batch = make_batch(jets[:40], KIN)
    close(tagger.model(batch.x, batch.v, batch.mask), run_weaver(reference, batch.x, batch.mask), atol=1e-4)


def test_particles_at_the_same_place_are_neighbours_in_any_padding(model):
    x, v, mask = random_jets()
    x[:, 1::2, -2:] = x[:, ::2, -2:]
    close(model(F.pad(x, (0, 0, 0, 88)), v, F.pad(mask, (0, 88))), model(x, v, mask))
    near = nearest(x[-1:, :, -2:] + 1000, mask[-1:], 1)  # so far out that squares lose their last digits
    assert near.flatten().tolist() == [i ^ 1 for i in range(40)]


def test_neighbours_are_the_nearest_others():
    x, _, mask = random_jets()
    slots, jet = mask.shape[1], 3
    n = int(mask[jet].sum())
    points = x[jet, :n, -2:].double().numpy()
    distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    expected = distance.argsort(1)[:, :16] + jet * slots
    first = int(mask[:jet].sum())
    assert nearest(x[..., -2:], mask, 16)[first : first + n].tolist() == expected.tolist()
    assert (nearest(x[..., -2:], mask, 16)[0] == mask.numel()).all()  # the first jet's only particle has none


@pytest.mark.witness
def test_the_command_line_converts_it(tmp_path, capsys):
    weights = save(tmp_path / "net.pt", weaver_particlenet("0.5.3").state_dict())
    assert main(["convert", str(weights), str(tmp_path / "net.safetensors")]) == 0
    before, after = load_checkpoint(weights), load_checkpoint(tmp_path / "net.safetensors")
    jets = random_jets()
    assert torch.equal(after.model(*jets), before.model(*jets))
    assert (after.model.config, after.features) == (ParticleNetConfig(), FULL)
    assert after.card["converted_from"]["source"] == "weaver-core ParticleNet state dict net.pt"


@pytest.mark.witness
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"edge_convs.1.sc_bn.bias": None}, r"lacks the tensor edges\.1\.shortcut\.norm\.bias"),
        ({"edge_convs.1.convs.0.weight": None}, r"no edges\.1\.layers\.0\.linear\.weight \(our name\)"),
        ({"bn_fts.weight": None}, r"no norm\.weight \(our name\)"),
        ({"bn_fts.weight": torch.tensor(1.0)}, r"norm\.weight \(our name\) is a single number"),
        ({"bn_fts.weight": 3.0}, r"mod\.bn_fts\.weight should be a tensor, but is a float"),
        ({"fc.4.weight": torch.zeros(10, 256)}, r"mod\.fc\.4\.weight belongs to no ParticleNet of weaver-core"),
        (
            {"edge_convs.2.convs.1.weight": torch.zeros(256, 256, 1, 3)},
            r"edges\.2\.layers\.1\.linear\.weight has shape \(256, 256, 1, 3\), expected \(256, 256\)",
        ),
        ({"fc.0.0.bias": torch.zeros(9)}, r"hidden\.bias has shape \(9,\), expected \(256,\)"),
        ({"bn_fts.running_var": torch.zeros(9)}, r"norm\.running_var has shape \(9,\), expected \(17,\)"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(change, sentence, tmp_path):
    state = weaver_particlenet("0.5.3").state_dict() | change
    path = save(tmp_path / "net.pt", {key: value for key, value in state.items() if value is not None})
    with pytest.raises(part.PartError, match=rf"net\.pt.*{sentence}"):
        load_checkpoint(path)


def test_a_configuration_of_numbers_is_the_same_as_of_tuples():
    short = ParticleNetConfig(widths=(8, 16), edge_layers=2, neighbours=4, hidden=12)
    long = ParticleNetConfig(widths=((8, 8), (16, 16)), neighbours=(4, 4), hidden=(12,))
    assert short.convolutions == long.convolutions == ((4, (8, 8)), (4, (16, 16)))
    assert short.hidden_widths == long.hidden_widths == (12,)


def test_a_card_of_the_published_network_has_the_entries_that_it_always_had():
    names = ["model", "inputs", "classes", "dropout", "widths", "edge_layers", "neighbours", "hidden"]
    assert list(ParticleNetConfig().to_dict()) == names


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"widths": 64}, r"widths of ParticleNet is 64; expected a list of whole numbers or lists of whole numbers"),
        ({"widths": []}, r"widths of a ParticleNet is \(\); expected a list"),
        ({"widths": [[16, "8"]]}, r"widths of ParticleNet is \(\(16, '8'\),\); expected a list of whole numbers"),
        ({"widths": [[[16]]]}, r"widths of ParticleNet is \(\(\(16,\),\),\); expected a list of whole numbers"),
        ({"neighbours": 0}, r"neighbours of ParticleNet is 0; expected 1 to 100,000"),
        ({"neighbours": [4]}, r"1 numbers of neighbours for 3 EdgeConvs; expected one for each"),
        ({"hidden": []}, r"hidden of a ParticleNet is \(\); expected a list"),
        (
            {"hidden": "x" * 9999},
            r"hidden of ParticleNet is 'x{1,200}…; expected a whole number or a list of whole numbers",
        ),
        ({"fusion": None}, r"fusion of ParticleNet is None; expected a whole number"),
        ({"points": 17}, r"has 17 inputs; expected 18: 1 features, 17 points and 0 flags"),
        ({"collections": [5, 6], "points": 2}, r"has 17 inputs; expected 15: 11 features, 2 points and 2 flags"),
        ({"collections": [9, 6]}, r"several collections and no points; expected both"),
        ({"collections": [17]}, r"expected two collections or more"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused_in_a_sentence(changes, sentence):
    with pytest.raises(PartError, match=sentence):
        config_from_dict(ParticleNetConfig().to_dict() | changes)
