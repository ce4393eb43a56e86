"""Several collections of tokens in one sequence: each has an embedding of its own, and each token knows its kind."""

import pytest
import torch
from helpers.models import SMALL, random_jets, random_model
from torch import nn
from torch.nn import functional as F

from part.inference.trace import trace_model
from part.models.config import ParTConfig
from part.models.embedding import CollectionsEmbed, kinds
from part.models.numerics.int8 import int8_scheme
from part.models.numerics.quantize import prepare_int8_tensors

CONFIG = ParTConfig(**SMALL, collections=(9, 5), inputs=16)


@pytest.fixture
def jets():
    """Return jets whose first two tokens in three are particles, the others vertices."""
    x, v, mask = random_jets(inputs=16)
    kind = (torch.arange(40) % 3 == 2).long().expand(5, -1)
    x[..., -2:] = F.one_hot(kind, 2)
    return x * mask[..., None], v, mask, kind


def test_a_token_is_embedded_by_its_own_collection_from_its_own_features(jets):
    x, _, mask, kind = jets
    embed = random_model(CONFIG).embed
    states = embed(x, mask)
    for i, (own, first, width) in enumerate(zip(embed.collections, (0, 9), (9, 5), strict=True)):
        chosen = mask & (kind == i)
        torch.testing.assert_close(states[chosen], own.embed(x[chosen][:, first : first + width]))
    assert not states[~mask].any()
    other = x.clone()
    other[..., :9] += 5 * (kind == 1)[..., None]
    assert torch.equal(embed(other, mask), states)


def test_embedding_all_tokens_by_each_embedding_gives_the_same(jets):
    x, _, mask, _ = jets
    embed = random_model(CONFIG).embed
    assert isinstance(embed, CollectionsEmbed)
    torch.testing.assert_close(embed.embed_at_fixed_sizes(x[mask]), embed.embed(x[mask]))


def test_statistics_in_training_are_those_of_each_collection(jets):
    x, v, mask, kind = jets
    model = random_model(CONFIG).train()
    for embed in model.embed.collections:
        embed.norm.momentum = None
        embed.norm.reset_running_stats()
    model(x, v, mask)
    for i, columns in enumerate((slice(0, 9), slice(9, 14))):
        means = x[mask & (kind == i)][:, columns].mean(0)
        torch.testing.assert_close(model.embed.collections[i].norm.running_mean, means)


@pytest.mark.parametrize("vertices", [0, 1])
def test_a_batch_with_hardly_any_vertex_can_train(vertices, jets):
    x, v, mask, _ = jets
    x = x.clone()
    x[..., -2:] = torch.tensor([1.0, 0.0])
    x[0, :vertices, -2:] = torch.tensor([0.0, 1.0])
    model = random_model(CONFIG).train()
    before = model.embed.collections[1].norm.running_mean.clone()
    model(x, v, mask).sum().backward()
    norms = [m for m in model.embed.modules() if isinstance(m, nn.BatchNorm1d)]
    assert all(norm.training for norm in norms)
    assert torch.equal(norms[1].running_mean, before)
    assert not torch.equal(norms[0].running_mean, torch.zeros(9))


def test_fixed_statistics_stay_fixed_for_a_single_vertex(jets):
    x, v, mask, _ = jets
    model = random_model(CONFIG).train()
    for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm1d)):
        norm.eval()
    x[..., -2:] = torch.tensor([1.0, 0.0])
    model(x, v, mask)
    assert not any(m.training for m in model.modules() if isinstance(m, nn.BatchNorm1d))


def test_a_trace_tells_the_kind_of_each_token(jets):
    x, v, mask, kind = jets
    trace = trace_model(random_model(CONFIG), x, v, mask)
    assert trace.kind.dtype == "int8"
    assert (torch.from_numpy(trace.kind) == kind.masked_fill(~mask, -1)).all()
    assert trace.axes["kind"] == ("jet", "particle")
    n = int(mask[2].sum())
    assert trace.jet(2).kind.tolist() == kind[2, :n].tolist()
    assert torch.equal(kinds(x, 2)[mask], kind[mask])
    assert not trace_model(random_model(ParTConfig(**SMALL)), *random_jets()).has("kind")


def test_extra_pair_features_count_for_the_first_collection_alone(jets):
    x, v, mask, kind = jets
    model = random_model(ParTConfig(**SMALL, collections=(9, 5), inputs=16, extra_pair_features=2))
    pairs = torch.randn(5, 40, 40, 2, generator=torch.Generator().manual_seed(0))
    first = (kind == 0)[:, :, None] & (kind == 0)[:, None]
    logits = model(x, v, mask, pairs=pairs)
    torch.testing.assert_close(model(x, v, mask, pairs=pairs * first[..., None]), logits)
    assert (model(x, v, mask, pairs=pairs * ~first[..., None]) - logits).abs().max() > 1e-3


def test_int8_tensors_of_each_embedding_can_be_made():
    model = random_model(ParTConfig(embed=(64, 64), heads=4, layers=1, class_layers=1, collections=(8, 16), inputs=26))
    prepare_int8_tensors(model, "static")
    assert int8_scheme(model) == "static"
    x, v, mask = random_jets(inputs=26)
    assert model(x, v, mask).isfinite().all()
