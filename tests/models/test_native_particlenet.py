"""ParticleNet in compiled code gives the model's logits, also where jets have fewer particles than neighbours.

Where two particles are almost equally far from a third, rounding decides which of them is its neighbour. This happens
to about one real jet in a thousand, whose logits then differ by more than rounding.
"""

import shutil
from pathlib import Path

import pytest
import torch
from helpers.models import random_jets, random_model, small_configs
from helpers.references import shared
from torch import Tensor
from torch.nn import functional as F

import part
from part.jets.features import make_batch
from part.models.backends.native.forward import NativeModel
from part.models.backends.native.models import native_class
from part.models.backends.native.particlenet import NativeParticleNet
from part.models.edge_conv import nearest
from part.models.numerics.precision import cpu_supports_bf16
from part.models.particlenet import ParticleNet, ParticleNetConfig

SAMPLE = Path(__file__).parents[2] / "data_samples" / "jetclass_like.root"
pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ to compile with")
SMALL = [config for name, config in small_configs().items() if name.startswith("ParticleNet")]


@pytest.fixture(scope="module")
def model():
    return random_model(SMALL[0])


def differences(model: ParticleNet, jets: tuple[Tensor, Tensor, Tensor], precision: str = "fp32") -> Tensor:
    """Return the largest difference of each jet's logits."""
    with torch.inference_mode():
        expected, logits = model(*jets), NativeParticleNet(model, precision)(*jets)
    assert logits.shape == expected.shape
    assert len(jets[0]) == 1 or expected.std(0).max() > 5e-3  # the jets are told apart
    return (logits - expected).abs().amax(1)


@pytest.mark.parametrize(
    "config",
    [
        *SMALL,
        ParticleNetConfig(),
        ParticleNetConfig(widths=(17, 17), edge_layers=1, neighbours=4, inputs=17, hidden=8),
        ParticleNetConfig(widths=((24, 40), 20), edge_layers=2, neighbours=(1, 2), classes=17, hidden=(7, 9), fusion=5),
        ParticleNetConfig(widths=(16,), inputs=12, points=3, hidden=8, mean_slots=7, input_norm=False),
        ParticleNetConfig(
            widths=(32, 16), inputs=23, points=2, collections=(9, 6, 3), hidden=8, collection_width=32, fusion=24
        ),
    ],
    ids=str,
)
def test_logits_are_the_models(config):
    jets = random_jets(jets=9, particles=60, inputs=config.inputs)
    assert differences(random_model(config), jets).max() < 1e-4


@pytest.mark.parametrize("neighbours", [1, 3, 16])
def test_jets_with_too_few_neighbours_have_the_models_logits(neighbours):
    model = random_model(ParticleNetConfig(widths=(16, 24), edge_layers=2, neighbours=neighbours, hidden=12))
    jets = random_jets(jets=19, particles=19)
    assert jets[2].sum(1).tolist() == list(range(1, 20))
    assert differences(model, jets).max() < 1e-4
    for n in (1, 2):
        assert differences(model, tuple(t[n - 1 : n, :n] for t in jets)).max() < 1e-4


def test_neighbours_at_the_same_place_are_taken_in_the_order_of_the_jet(model):
    """Eight particles at each of five places, and four neighbours: which of them are taken is a matter of order."""
    x, v, mask = random_jets(jets=1, particles=40)
    x[..., -2:] = x[..., :5, -2:].repeat(1, 8, 1)
    model = random_model(ParticleNetConfig(widths=(16,), edge_layers=2, neighbours=4, hidden=12))
    order = torch.arange(39, -1, -1)
    jets = torch.cat([x, x[:, order]]), torch.cat([v, v[:, order]]), torch.cat([mask, mask])
    assert not torch.equal(nearest(x[..., -2:], mask, 4), 39 - nearest(x[:, order, -2:], mask, 4).flip(0))
    assert differences(model, jets).max() < 1e-4


def test_particles_may_be_anywhere_and_jets_empty(model):
    x, v, mask = random_jets(jets=6, particles=20)
    native, order = NativeParticleNet(model), torch.randperm(20, generator=torch.Generator().manual_seed(0))
    expected = native(x, v, mask)
    torch.testing.assert_close(native(x[:, order], v[:, order], mask[:, order]), expected, atol=1e-5, rtol=0)
    longer = F.pad(x, (0, 0, 0, 9), value=5.0), F.pad(v, (0, 0, 0, 9)), F.pad(mask, (0, 9))
    assert torch.equal(native(*longer), expected)
    between = [torch.cat((t[:3], other, t[3:])) for t, other in ((x, x[:1]), (v, v[:1]), (mask, mask[:1] & False))]
    assert torch.equal(native(*between)[[0, 1, 2, 4, 5, 6]], expected)
    assert differences(model, tuple(between)).max() < 1e-4
    assert native(x[:0], v[:0], mask[:0]).shape == (0, 10)


@pytest.mark.parametrize(
    "precision",
    ["fp32", pytest.param("bf16", marks=pytest.mark.skipif(not cpu_supports_bf16(), reason="no bf16 arithmetic"))],
)
def test_logits_depend_neither_on_other_jets_nor_on_threads(model, precision):
    x, v, mask = random_jets(jets=40, particles=30)
    native, before, results = NativeParticleNet(model, precision), torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(native(x, v, mask))
            results.append(torch.cat([native(x[i : i + 1], v[i : i + 1], mask[i : i + 1]) for i in range(len(x))]))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(logits, results[0]) for logits in results)


@pytest.mark.skipif(not cpu_supports_bf16(), reason="the processor does not multiply bfloat16")
def test_bf16_rounds_the_factors_of_products_only():
    assert 1e-5 < differences(random_model(ParticleNetConfig()), random_jets(jets=9), "bf16").median() < 0.1


def test_a_nan_makes_the_logits_of_that_jet_alone_nan(model):
    jets = random_jets(jets=4, particles=20)
    jets[0][2, 0, 0] = torch.nan
    logits = NativeParticleNet(model)(*jets)
    assert logits.isnan().all(1).tolist() == [False, False, True, False]
    assert not logits[[0, 1, 3]].isnan().any()


def test_the_shipped_model_gives_its_logits_for_real_jets():
    tagger = part.load_model("particlenet-full", device="cpu", backend="native")
    batch = make_batch(part.read_jets(SAMPLE, stop=100), tagger.features)
    gap = differences(tagger.model, (batch.x, batch.v, batch.mask))
    assert gap.quantile(0.98) < 1e-4
    assert gap.max() < 0.5
    assert (tagger.logits(batch) - NativeParticleNet(tagger.model)(batch.x, batch.v, batch.mask)).abs().max() == 0


@pytest.mark.slow
@pytest.mark.witness
@pytest.mark.filterwarnings("ignore:.*assumed as published:UserWarning")
@pytest.mark.parametrize("features", ["kin", "kinpid", "full"])
def test_published_weights_give_their_logits_for_real_jets(features):
    tagger = part.load_model(shared(f"weights/ParticleNet_{features}.pt"), device="cpu")
    batch = make_batch(part.read_jets(SAMPLE, stop=100), tagger.features)
    gap = differences(tagger.model, (batch.x, batch.v, batch.mask))
    assert gap.quantile(0.98) < 1e-4
    assert gap.max() < 0.5


def test_each_kind_of_model_has_its_class():
    configs = small_configs()
    assert native_class(random_model(configs["ParticleNet"])) is NativeParticleNet
    assert native_class(random_model(configs["ParT"])) is NativeModel


def test_workspace_bytes_grow_with_the_jets(model):
    weights = sum(parameter.nbytes for parameter in model.parameters())
    native, (x, v, mask) = NativeParticleNet(model), random_jets(jets=2, particles=100)
    idle = native.workspace_bytes
    native(x[:1], v[:1], mask[:1])
    short = native.workspace_bytes
    native(x, v, mask)
    assert weights < idle < short < native.workspace_bytes
