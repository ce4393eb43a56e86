"""Our ParticleNet against weaver-core's and its published weights."""

import numpy as np
import pytest
import torch
from helpers.models import random_jets, random_model, randomise, small_configs
from helpers.references import shared, weaver_module
from torch.nn import functional as F

import part
from part.__main__ import main
from part.jets.features import make_batch
from part.jets.labels import labels
from part.jets.schema import FULL, JETCLASS, KIN
from part.models.checkpoints.checkpoint import load_checkpoint
from part.models.particlenet import ParticleNetConfig, nearest

VERSIONS = ("0.4.17", "0.5.3")
SLOTS = 128
FEATURES = {"kin": 368_216, "kinpid": 369_380, "full": 370_156}  # and the parameters of the published networks


def weaver_particlenet(version, inputs=17, widths=(64, 128, 256), neighbours=16, **options):
    """Return weaver-core's ParticleNet as published, with random weights and statistics."""
    module = weaver_module(version, "weaver.nn.model.ParticleNet")
    settings = {"fc_params": [(256, 0.1)], "use_fusion": False, "use_fts_bn": True, "use_counts": True}
    if version != "0.4.17":
        settings["trim"] = False  # trimming may leave fewer padded slots than it needs
    convolutions = [(neighbours, (width,) * 3) for width in widths]
    torch.manual_seed(0)
    return randomise(module.ParticleNet(inputs, 10, convolutions, **settings | options))


def run_weaver(model, x, mask, slots=SLOTS):
    padding = slots - x.shape[1]
    x = F.pad(x, (0, 0, 0, padding)).transpose(1, 2)  # padded anew, because 0.4 writes into its inputs
    mask = F.pad(mask, (0, padding))[:, None].float()
    with torch.no_grad():
        return model(x[:, -2:].clone(), x.clone(), mask)


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
        ({"fusion_block.0.weight": torch.zeros(384, 448, 1)}, r"mod\.fusion_block\.0\.weight belongs to no ParticleN"),
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


@pytest.mark.witness
def test_a_network_of_unknown_neighbours_is_refused(tmp_path):
    lite = weaver_particlenet("0.5.3", widths=(32, 64), neighbours=7)
    with pytest.raises(part.PartError, match=r"of widths \(32, 64\); only for the published \(64, 128, 256\)"):
        load_checkpoint(save(tmp_path / "net.pt", lite.state_dict()))
