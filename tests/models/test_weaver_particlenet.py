"""ParticleNets of any convolutions, fusion and head, of one collection or two, against weaver-core's."""

import inspect
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.models import random_jets
from helpers.references import shared
from helpers.weaver_particlenet import (
    PUBLISHED,
    join,
    random_streams,
    run_weaver,
    run_weaver_tagger,
    weaver_particlenet,
    weaver_tagger,
)
from helpers.weaver_run import load_with_weaver, numba  # noqa: F401
from torch.nn import functional as F

from part.errors import PartError
from part.models.build import build
from part.models.checkpoints.weaver_particlenet import convert_particlenet, is_weaver_particlenet
from part.models.particlenet import ParticleNetConfig

CONVOLUTIONS = {
    "one": [(4, (16, 16))],
    "two": [(8, (16, 16, 16)), (8, (32, 32, 32))],
    "uneven": [(3, (16, 24, 16)), (5, (32,)), (7, (32, 8))],
}
OPTIONS = [
    {"use_fusion": fusion, "use_fts_bn": norm, "use_counts": counts, "fc_params": fc}
    for fusion, norm, counts, fc in itertools.product(
        (True, False), (True, False), (True, False), ([(12, 0.1)], [(16, 0.1), (12, 0.2), (8, 0)])
    )
]
COUNTS = [(30, 5), (1, 0), (0, 2), (3, 3), (12, 0), (40, 1), (0, 0)]  # particles and vertices of each jet
SLOTS = 40
pytestmark = pytest.mark.witness


def close(a, b, atol=1e-4):
    torch.testing.assert_close(a, b, atol=atol, rtol=0)


def converted(reference, prefix="", **keywords):
    state = {prefix + key: value for key, value in reference.state_dict().items()}
    found = convert_particlenet(state, "net.pt", keywords)
    model = build(found.config).eval()
    result = model.load_state_dict(found.state, strict=False)
    assert not result.unexpected_keys
    assert all(key.endswith("num_batches_tracked") for key in result.missing_keys)
    return model, found


def assert_same(model, reference, found, logits, expected):
    """Compare logits, and in double precision the gradients of all parameters.

    `logits` and `expected` are functions that return the logits of the two, in the precision that they are given.
    """
    with torch.no_grad():
        assert expected(torch.float32).std() > 0.02  # the jets are distinguished, so equality means something
        close(logits(torch.float32), expected(torch.float32))
    model.double()
    reference.double()
    ours, weavers = logits(torch.float64), expected(torch.float64)
    close(ours, weavers, atol=1e-9)
    for values in (ours, weavers):
        (values * torch.linspace(-1, 1, values.numel()).view_as(values)).sum().backward()
    state = {
        key: value if value.grad is None else value.grad for key, value in reference.state_dict(keep_vars=True).items()
    }
    keywords = {"conv_params": found.config.convolutions, "use_counts": True}
    gradients = convert_particlenet(state, "gradients", keywords).state
    for name, parameter in model.named_parameters():
        close(parameter.grad, gradients[name], atol=1e-6)


@pytest.mark.parametrize("version", ["0.4.17", "0.5.3"])
@pytest.mark.parametrize("convolutions", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
class TestGrid:
    """All options that inference depends on, with jets of fewer particles than neighbours and of none."""

    def test_one_collection(self, version, convolutions):
        x, v, mask = random_jets(jets=7, particles=25, inputs=9)
        mask = mask & (torch.arange(7) > 0)[:, None]
        x = x * mask[..., None]
        for options in OPTIONS:
            reference = weaver_particlenet(version, 9, 4, convolutions, **options)
            model, found = converted(reference, conv_params=convolutions, length=SLOTS, **options)
            assert_same(
                *(model, reference, found),
                lambda dtype, model=model: model(x.to(dtype), v, mask),
                lambda dtype, reference=reference: run_weaver(reference, x.to(dtype), mask, SLOTS),
            )
            assert (found.assumed, found.collections, found.config.collections) == ({}, (), ())

    def test_two_collections(self, version, convolutions):
        streams = random_streams(COUNTS)
        x, v, mask = join(streams)
        for options in OPTIONS:
            reference = weaver_tagger(version, 5, convolutions, **options)
            model, found = converted(reference, "mod.", conv_params=convolutions, length=2 * SLOTS, **options)
            assert_same(
                *(model, reference, found),
                lambda dtype, model=model: model(x.to(dtype), v, mask),
                lambda dtype, reference=reference: run_weaver_tagger(reference, streams, SLOTS, dtype),
            )
            assert (found.assumed, found.collections, found.config.collections) == ({}, ("pf", "sv"), (11, 6))


@pytest.mark.parametrize("version", ["0.4.17", "0.5.3"])
def test_training_on_full_jets_gives_weavers_gradients(version):
    """Where no slot is padding, the statistics of a batch are those of weaver, which counts padding."""
    reference = weaver_tagger(version, 5, CONVOLUTIONS["two"], fc_params=[(12, 0)]).train()
    _, found = converted(reference, conv_params=CONVOLUTIONS["two"], use_counts=True)
    model = build(replace(found.config, dropout=0.0)).train()
    model.load_state_dict(found.state, strict=False)
    # Of equal numbers of tokens weaver's two inputs have equal numbers of slots.
    streams = random_streams([(20, 20)] * 6)
    x, v, mask = join(streams)
    assert_same(
        *(model, reference, found),
        lambda dtype: model(x.to(dtype), v, mask),
        lambda dtype: run_weaver_tagger(reference, streams, 20, dtype),
    )


def test_a_batch_with_one_vertex_or_none_can_be_trained_on():
    config = converted(weaver_tagger("0.5.3"), conv_params=PUBLISHED, use_counts=True)[1].config
    model = build(config).train()
    for counts in ([(9, 0), (7, 1)], [(9, 0), (7, 0)]):
        logits = model(*join(random_streams(counts)))
        logits.sum().backward()
        assert logits.isfinite().all()
        assert all(p.grad.isfinite().all() for p in model.parameters())
        assert all(value.isfinite().all() for value in model.state_dict().values())


def test_points_of_their_own_follow_the_features():
    reference = weaver_particlenet("0.5.3", 7, 4, CONVOLUTIONS["two"])
    model, found = converted(reference, conv_params=CONVOLUTIONS["two"], use_counts=True)
    apart = build(replace(found.config, inputs=9, points=2)).eval()
    apart.load_state_dict(found.state, strict=False)
    x, v, mask = random_jets(inputs=9)
    padded = F.pad(x, (0, 0, 0, 40)).transpose(1, 2)
    expected = reference(padded[:, 7:].clone(), padded[:, :7].clone(), F.pad(mask, (0, 40))[:, None].float())
    close(apart(x, v, mask), expected)
    assert (model(x[..., :7], v, mask) - expected).abs().max() > 1e-3


def test_the_case_of_particles_and_vertices_gives_weavers_probabilities(numba):  # noqa: F811
    folder = shared("cases/weaver/edge_conv_streams")
    inputs = load_with_weaver("0.5.3", folder / "data.yaml", folder / "jets.root")
    state = torch.load(folder / "net_best_epoch_state.pt", weights_only=True)
    found = convert_particlenet(state, "net.pt", {"conv_params": CONVOLUTIONS["two"], "use_counts": True})
    model = build(found.config).eval()
    model.load_state_dict(found.state, strict=False)
    streams = {}
    for name in found.collections:
        points, features, mask = (
            torch.from_numpy(inputs[f"{name}_{group}"]) for group in ("points", "features", "mask")
        )
        streams[name] = (points.transpose(1, 2), features.transpose(1, 2), mask[:, 0] == 1)
    with torch.no_grad():
        logits = model(*join(streams))
    expected = np.load(folder / "expected.npz")
    assert len(logits) == len(expected["probabilities"])
    close(logits.log_softmax(-1), torch.from_numpy(expected["probabilities"]).log(), atol=1e-3)


class TestWhatTheTensorsDoNotTell:
    def test_only_the_published_network_is_assumed(self):
        _, found = converted(weaver_particlenet("0.5.3"))
        assert found.config == ParticleNetConfig()
        assert found.assumed == {"conv_params": tuple((k, tuple(w)) for k, w in PUBLISHED), "use_counts": True}
        _, partly = converted(weaver_particlenet("0.5.3"), conv_params=PUBLISHED)
        assert partly.assumed == {"use_counts": True}
        _, given = converted(weaver_particlenet("0.5.3"), conv_params=PUBLISHED, use_counts=True)
        assert (given.config, given.assumed) == (found.config, {})

    @pytest.mark.parametrize(
        ("options", "keywords", "sentence"),
        [
            (
                {"convolutions": [(7, (32,) * 3), (7, (64, 16))]},
                {},
                r'conv_params "\[\(K, \(32, 32, 32\)\), \(K, \(64, 16\)\)\]"',
            ),
            (
                {"convolutions": [(7, (32,))]},
                {"conv_params": [(7, (32,))]},
                "do not tell use_counts, .* -o use_counts True",
            ),
            ({"use_fusion": True}, {}, "do not tell conv_params and use_counts, and other than the published"),
            ({"use_fts_bn": False}, {}, "do not tell conv_params and use_counts"),
            ({"fc_params": [(128, 0.1)]}, {}, "do not tell conv_params and use_counts"),
            ({}, {"conv_params": [(7, (64,) * 3), (7, (128,) * 3), (7, (256,) * 3)]}, "do not tell use_counts"),
            (
                {},
                {"conv_params": [(16, (64,) * 3)]},
                r"conv_params have widths .*64\)\], but its tensors have .*256\)\]",
            ),
            ({}, {"conv_params": 16}, r"conv_params is 16; expected the number of neighbours and the widths"),
            ({}, {"conv_params": [(True, (64,) * 3)]}, "conv_params is .*; expected the number of neighbours"),
            ({}, {"conv_params": "published"}, "conv_params is published; expected the number"),
            ({}, {"use_counts": 1}, "use_counts is 1; expected True or False"),
            ({}, {"use_counts": False}, "use_counts=False weaver-core averages over all slots"),
            ({}, {"use_fusion": True}, "use_fusion is True, but its tensors tell False"),
            ({}, {"use_fts_bn": False}, "use_fts_bn is False, but its tensors tell True"),
            ({}, {"for_segmentation": True}, "for_segmentation is True, but"),
            ({}, {"num_classes": 5}, "num_classes is 5, but its tensors tell 10"),
            ({}, {"input_dims": 13}, "input_dims is 13, but its tensors tell 17"),
            ({}, {"fc_params": [(128, 0.1)]}, r"fc_params have widths \(128,\), but its tensors have \(256,\)"),
            ({}, {"fc_params": []}, r"fc_params is \[\]; expected widths and dropouts, such as"),
            ({}, {"use_count": True}, "its ParticleNet has no keyword use_count; it has conv_params, use_counts,"),
            ({}, {"pf_features_dims": 11}, "has no keyword pf_features_dims; it has"),
            ({"for_segmentation": True}, {}, r"fc\.0\.1\.weight belongs .* each particle \(for_segmentation\) are not"),
        ],
    )
    def test_otherwise_it_is_asked_for(self, options, keywords, sentence):
        with pytest.raises(PartError, match=rf"^net\.pt.*{sentence}"):
            converted(weaver_particlenet("0.5.3", **options), **keywords)

    def test_a_tagger_is_never_assumed(self):
        with pytest.raises(PartError, match="do not tell conv_params and use_counts"):
            converted(weaver_tagger("0.5.3", fc_params=[(256, 0.1)], use_fusion=False))

    def test_all_keywords_of_the_constructor_are_known(self):
        for reference in (weaver_particlenet("0.5.3"), weaver_tagger("0.5.3", convolutions=PUBLISHED)):
            names = inspect.signature(type(reference)).parameters
            given = {name: None for name in names if name not in ("kwargs", "conv_params", "use_counts", "fc_params")}
            assert converted(reference, conv_params=PUBLISHED, use_counts=True, **given)[1].assumed == {}


@pytest.mark.parametrize("prefix", ["", "mod.", "module._orig_mod.model.", "net.module."])
def test_any_wrapper_is_taken_off(prefix):
    for reference in (weaver_particlenet("0.5.3"), weaver_tagger("0.5.3")):
        state = {prefix + key: value for key, value in reference.state_dict().items()}
        assert is_weaver_particlenet(state)
        keywords = {"conv_params": PUBLISHED, "use_counts": True}
        assert convert_particlenet(state, "", keywords).config == converted(reference, **keywords)[1].config


@pytest.mark.parametrize("names", [("conv1.weight",), ("pf_conv.conv.0.weight",), ()])
def test_other_networks_are_none(names):
    assert not is_weaver_particlenet(dict.fromkeys(names, torch.zeros(3)))
