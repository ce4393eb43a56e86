"""What no tensor of weaver's ParT tells: read from keywords, assumed for the published kind only, checked otherwise."""

import itertools

import pytest
import torch
from helpers.models import random_jets, run_weaver
from helpers.references import shared
from helpers.weaver_part import OPEN, SMALL, jets_for, load, make_network, run, streams

from part.errors import PartError
from part.models.checkpoints.prefix import strip_prefix
from part.models.checkpoints.weaver import convert_part, is_weaver_part

pytestmark = pytest.mark.witness
PUBLISHED = {"use_pre_activation_pair": False, "remove_self_pair": False, "activation": "gelu"}
NEW = {"pair_input_type": "pp", "block_ids_with_attn_mask": None}
ON = {"use_pre_activation_pair": True, "remove_self_pair": True, "activation": "relu"}


def small(release="0.5.3", **options):
    return make_network(release, PUBLISHED | options).state_dict()


@pytest.mark.parametrize("release", ["0.4.17", "0.5.3"])
def test_each_flag_changes_the_logits_and_no_tensor(release):
    jets, logits, shapes = random_jets(jets=3, particles=20), [], []
    for values in itertools.product((False, True), repeat=3):
        options = {name: value if on else PUBLISHED[name] for (name, value), on in zip(ON.items(), values, strict=True)}
        network = make_network(release, options)
        converted = convert_part(network.state_dict(), "net", options)
        model = load(converted)
        logits.append(model(*jets))
        shapes.append([(name, tensor.shape) for name, tensor in network.state_dict().items()])
        torch.testing.assert_close(logits[-1], run_weaver(network, *jets), atol=1e-4, rtol=0)
        assert not converted.assumed.keys() & options.keys()
    assert all(shape == shapes[0] for shape in shapes)
    for a, b in itertools.combinations(logits, 2):
        assert (a - b).abs().max() > 1e-3


def test_what_nothing_says_is_assumed_as_published_and_listed():
    assert convert_part(small("0.4.17"), "net").assumed == PUBLISHED
    assert convert_part(small(), "net").assumed == PUBLISHED | NEW
    given = PUBLISHED | NEW | {"use_pre_activation_pair": True}
    converted = convert_part(small(), "net", given)
    assert converted.assumed == {}
    assert not converted.config.pair_activation_last
    rest = PUBLISHED | NEW
    del rest["activation"]
    assert convert_part(small(), "net", {"activation": "gelu"}).assumed == rest


def test_a_later_version_of_the_published_kind_lists_what_matters_for_it():
    assert convert_part(small(version=2), "net").assumed == PUBLISHED | NEW | {"num_heads": 4}
    last = convert_part(small(version=3.6), "net").assumed
    assert last == PUBLISHED | NEW | {"for_segmentation": False}
    assert convert_part(small(version=2, pair_input_dim=8), "net", OPEN | {"num_heads": 4}).assumed == {}


@pytest.mark.parametrize(
    ("options", "departure", "missing"),
    [
        ({"fc_params": [(8, 0.1)]}, "hidden layers in its head", "fc_params"),
        ({"num_cls_layers": 0}, "the mean over particles in place of class blocks", "for_segmentation"),
        ({"pair_input_type": "ee"}, "6 pair features", "pair_input_type"),
        ({"pair_input_dim": 5}, "5 pair features", "remove_self_pair"),
        ({"pair_extra_dim": 2}, "extra pair features", "use_pre_activation_pair"),
        ({"pair_embed_dims": None}, "no pair embedding", "activation"),
        ({"use_conv_embed": True}, "a convolutional embedding", "activation"),
        ({"block_params": {"layer_scale_init_values": 0.1}}, "scales of its own", "block_ids_with_attn_mask"),
        ({"block_params": {"scale_heads": False}}, "scales of its own", "activation"),
        ({"block_params": {"use_bias": False}}, "blocks of different kinds", "activation"),
        ({"pair_embed_dims": None, "version": 2}, "no pair embedding", "num_heads"),
    ],
)
def test_another_kind_of_network_needs_its_keywords(options, departure, missing):
    state = small(**options)
    with pytest.raises(PartError, match=rf"net: its tensors do not tell .*{missing}.* with {departure} it is not of"):
        convert_part(state, "net")
    with pytest.raises(PartError, match=r"give its network file \(network=, --network\) or these keywords \(options="):
        convert_part(state, "net")
    assert convert_part(state, "net", OPEN | SMALL | PUBLISHED | options).assumed == {}


def test_the_tagger_of_two_collections_needs_its_keywords_but_no_block_ids():
    state = make_network("0.5.3", PUBLISHED, "ParticleTransformerTagger").state_dict()
    with pytest.raises(
        PartError, match="tell use_pre_activation_pair, remove_self_pair, pair_input_type and activation"
    ):
        convert_part(state, "net")
    converted = convert_part(state, "net", PUBLISHED | {"pair_input_type": "pp"})
    assert converted.collections == ("pf", "sv")
    assert (converted.config.collections, converted.config.inputs) == ((11, 6), 19)


def test_collections_in_a_list_of_embeddings_are_found_in_order():
    network = make_network("0.5.3", PUBLISHED, "ParticleTransformerTagger")
    names = {"pf_embed": "input_embeds.0", "sv_embed": "input_embeds.1", "part": "trunk"}
    state = {
        f"mod.{names[key.partition('.')[0]]}.{key.partition('.')[2]}": value
        for key, value in network.state_dict().items()
    }
    converted, batch = convert_part(state, "net", OPEN | PUBLISHED), streams()
    assert converted.collections == ("0", "1")
    torch.testing.assert_close(load(converted)(batch.x, batch.v, batch.mask), run(network, batch), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("keywords", "sentence"),
    [
        ({"num_heads": 8}, r"net: num_heads is 8, but its tensors tell 4"),
        ({"num_layers": 8}, "num_layers is 8, but its tensors tell 3"),
        ({"num_cls_layers": 0}, "num_cls_layers is 0, but its tensors tell 1"),
        ({"embed_dims": [128, 512, 128]}, r"embed_dims is \[128, 512, 128\], but its tensors tell \(16, 32\)"),
        ({"pair_embed_dims": None}, r"pair_embed_dims is None, but its tensors tell \(8,\)"),
        ({"pair_input_dim": 5}, "pair_input_dim is 5, but its tensors tell 4"),
        ({"pair_input_dim": 0, "pair_extra_dim": 0}, "pair_input_dim is 0, but its tensors tell 4"),
        ({"pair_input_dim": None, "pair_input_type": "ee"}, "pair_input_dim is 6, but its tensors tell 4"),
        ({"pair_input_type": "ee"}, "for 4 pair features, but pair_input_type is 'ee', which has 1, 3, 5 or 6"),
        ({"pair_input_type": "xyzt:polar"}, "pair_input_type is 'xyzt:polar'; expected pp, ee, xyzt, or xyzt: with"),
        ({"pair_extra_dim": 3}, "pair_extra_dim is 3, but its tensors tell 0"),
        ({"fc_params": [(64, 0.1)]}, r"fc_params is \[\(64, 0\.1\)\], but its tensors tell \[\]"),
        ({"fc_params": None}, r"fc_params is None, but its tensors tell \[\]"),
        ({"fc_params": [64]}, r"fc_params is \[64\]; expected for each hidden layer its width and dropout"),
        ({"input_dim": 7}, "input_dim is 7, but its tensors tell 17"),
        ({"num_classes": 10}, "num_classes is 10, but its tensors tell 5"),
        ({"version": 3}, "scale_attn of block_params is False, but its tensors tell True"),
        ({"version": "2"}, "version is '2'; expected a number"),
        ({"include_global_token": True}, "include_global_token is True, but its tensors tell False"),
        (
            {"block_params": {"activation": "swiglu"}},
            "activation of block_params is 'swiglu', but its tensors tell False",
        ),
        ({"cls_block_params.use_bias": False}, "use_bias of cls_block_params is False, but its tensors tell True"),
        ({"block_params": {"depth": 3}}, "block_params has an unknown depth; expected one of num_heads"),
        ({"block_params": [1]}, r"block_params is \[1\]; expected keywords of a block"),
        ({"use_preactivation": True}, "has no keyword use_preactivation; it has use_pre_activation_pair"),
        ({"use_pre_activation_pair": "yes"}, "use_pre_activation_pair is 'yes'; expected True or False"),
        ({"activation": 3}, "activation is 3; expected gelu, relu or swiglu"),
        (
            {"block_ids_with_attn_mask": (0, 3)},
            r"block_ids_with_attn_mask is \(0, 3\); expected indices of its 3 blocks",
        ),
        ({"for_segmentation": True}, "classifies particles and not jets"),
    ],
)
def test_a_keyword_that_contradicts_the_tensors_is_named(keywords, sentence):
    with pytest.raises(PartError, match=sentence):
        convert_part(small(), "net", keywords)


def test_keywords_of_the_training_change_nothing():
    state = small()
    training = {
        "trim": True,
        "use_amp": True,
        "weight_init": None,
        "fix_init": False,
        "compile_model": True,
        "length": 128,
        "block_params": {"dropout": 0.3, "drop_path_rate": 0.1},
        "version": 1,
    }
    assert convert_part(state, "net", training).config == convert_part(state, "net").config


@pytest.mark.parametrize(
    "prefix", ["", "mod.", "model.", "module.", "_orig_mod.", "net.", "module._orig_mod.model.mod."]
)
@pytest.mark.parametrize("network", ["ParticleTransformer", "ParticleTransformerTagger"])
def test_any_wrapper_around_the_network_is_seen_through(prefix, network):
    state = make_network("0.5.3", PUBLISHED, network).state_dict()
    wrapped = {prefix + name.replace("blocks.", "blocks._orig_mod."): value for name, value in state.items()}
    assert is_weaver_part(wrapped)
    expected, converted = (convert_part(tensors, "net", OPEN | PUBLISHED) for tensors in (state, wrapped))
    assert converted.config == expected.config
    assert converted.state.keys() == expected.state.keys()


def test_a_prefix_is_found_where_a_name_of_the_network_is():
    keys = ["mod.a.weight", "mod.b", "other"]
    assert strip_prefix(keys, [r"c", r"a\.weight"]) == {"mod.a.weight": "a.weight", "mod.b": "b", "other": "other"}
    assert strip_prefix(keys, [r"weight\.a"]) is None
    assert strip_prefix(["x.a", "y.a"], ["a"]) is None
    assert strip_prefix(["a", "module.a"], ["a"]) is None
    assert strip_prefix(["submodule.a", "module.submodule.b"], ["a"]) == {"submodule.a": "a", "module.submodule.b": "b"}


def test_other_tensors_beside_the_network_are_named():
    with pytest.raises(PartError, match=r"net: the tensor other\.weight belongs to no ParT of weaver-core"):
        convert_part({f"mod.{k}": v for k, v in small().items()} | {"other.weight": torch.zeros(3)}, "net")


CASES = {  # what the network files of these trainings say
    "flavour": ("ParticleTransformer", {"fc_params": [[48, 0.1]]}),
    "two_streams": ("ParticleTransformerTagger", {"use_pre_activation_pair": False}),
    "lepton_collider": (
        "ParticleTransformer",
        {
            "pair_input_type": "ee",
            "remove_self_pair": True,
            "fc_params": [[16, 0.0]],
            "num_cls_layers": 0,
            "num_heads": 2,
        },
    ),
    "many_classes": ("ParticleTransformer", {"fc_params": [[128, 0.1]]}),
}


@pytest.mark.parametrize("name", CASES)
def test_whole_trainings_convert_and_equal_weaver(name):
    """The sizes that weaver's network is built with are those that our configuration has."""
    network, keywords = CASES[name]
    state = torch.load(shared(f"cases/weaver/{name}/net_best_epoch_state.pt"), weights_only=True)
    converted = convert_part(state, name, OPEN | keywords)
    config = converted.config
    sizes = {
        "embed_dims": list(config.embed),
        "pair_embed_dims": list(config.pair_embed),
        "num_heads": config.heads,
        "num_layers": config.layers,
        "num_cls_layers": config.class_layers,
    }
    inputs = config.collections or (config.inputs,)
    sizes |= OPEN if network == "ParticleTransformer" else {}
    reference = make_network("0.5.3", sizes | keywords, network, inputs, config.classes)
    reference.load_state_dict({key.removeprefix("mod."): value for key, value in state.items()})
    batch = streams(widths=config.collections) if config.collections else jets_for("0.5.3", {}, inputs=config.inputs)
    with torch.no_grad():
        expected = run(reference, batch)
        torch.testing.assert_close(load(converted)(batch.x, batch.v, batch.mask), expected, atol=1e-4, rtol=0)
    assert expected.std(0).max() > 0.05
    assert converted.assumed == {}
