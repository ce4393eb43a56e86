"""The class that a network file builds, in whichever wrapper, and the inputs that its forward passes on."""

import pytest
from helpers.network_files import HEAD, INPUTS

from part.errors import PartError

IMPORTS = """
import os
import torch
import torch.nn as nn
from weaver.nn.model.ParticleTransformer import ParticleTransformer, ParticleTransformerTagger
from weaver.nn.model.ParticleNet import ParticleNet, ParticleNetTagger
"""
GET = "\ndef get_model(data_config, **kwargs):\n    return {}, dict(output_names=['softmax'])\n"


def wrapper(init="self.mod = ParticleTransformer(**kwargs)", forward="return self.mod(x, v, m)", arguments="x, v, m"):
    lines = "".join(f"        {line}\n" for line in ["super().__init__()", *init.splitlines()])
    body = "".join(f"        {line}\n" for line in forward.splitlines())
    return (
        f"{IMPORTS}\nclass Net(nn.Module):\n    def __init__(self, **kwargs):\n{lines}\n"
        f"    def forward(self, {arguments}):\n{body}" + GET.format("Net(num_heads=4)")
    )


def test_the_inputs_of_forward_are_matched_with_the_groups_by_their_place(read):
    text = HEAD + GET.format("Wrapper()")
    network = read(text)
    assert network.arguments == ("points", "features", "lorentz_vectors", "mask")
    assert network.groups == {"x": "features", "v": "lorentz_vectors", "mask": "mask"}
    assert read(text, inputs=INPUTS).groups == {"x": "f", "v": "v", "mask": "m"}
    more = read(text, inputs=INPUTS | {"sv": ["a"]})
    assert more.groups is None
    assert "takes 4 inputs (points, features, lorentz_vectors, mask), and the data config has 5" in more.notes[0]
    named = read(text, inputs={name: ["a"] for name in ("more", "mask", "points", "lorentz_vectors", "features")})
    assert named.groups == {"x": "features", "v": "lorentz_vectors", "mask": "mask"}
    assert named.notes == ("The forward takes 4 of the data config's 5 groups, which are matched by name.",)


def test_a_network_without_a_wrapper_takes_the_groups_as_its_own_arguments(read):
    text = IMPORTS + GET.format("ParticleTransformerTagger(7, 11, num_classes=3)")
    network = read(text, inputs={name: ["a"] for name in ("a", "b", "c", "d", "e", "f")})
    assert network.network == "ParticleTransformerTagger"
    assert dict(network.keywords) == {"pf_input_dim": 7, "sv_input_dim": 11, "num_classes": 3}
    assert network.groups == {"pf_x": "a", "pf_v": "b", "pf_mask": "c", "sv_x": "d", "sv_v": "e", "sv_mask": "f"}


def test_positional_arguments_are_named_as_in_weaver(read):
    text = IMPORTS + GET.format("ParticleNetTagger(7, 11, 5, [(4, (8, 8))], [(16, 0.1)], use_fusion=False)")
    assert dict(read(text).keywords) == {
        "pf_features_dims": 7,
        "sv_features_dims": 11,
        "num_classes": 5,
        "conv_params": [(4, (8, 8))],
        "fc_params": [(16, 0.1)],
        "use_fusion": False,
    }
    network = read(IMPORTS + GET.format("ParticleTransformer(7, 5, 4)"))
    assert dict(network.keywords) == {"input_dim": 7, "num_classes": 5}
    assert network.unknown == {"argument 3": "4"}  # pair_input_dim in 0.4, pair_input_type in 0.5


@pytest.mark.parametrize(
    ("init", "keywords"),
    [
        ("self.model = ParticleTransformer(**kwargs)", {"num_heads": 4}),
        ("kwargs['num_heads'] = 2\nkwargs['fc_params'] = None\nself.model = ParticleTransformer(**kwargs)",
         {"num_heads": 2, "fc_params": None}),
        ("self.flag = kwargs.pop('export', False)\nself.model = ParticleTransformer(**kwargs)", {"num_heads": 4}),
        ("heads = kwargs.pop('num_heads')\nself.model = ParticleTransformer(num_layers=heads)", {"num_layers": 4}),
        ("self.model = torch.compile(ParticleTransformer(**kwargs))", {"num_heads": 4}),
        ("from weaver.nn.model.ParticleTransformer import ParticleTransformer as P\nself.model = P(**kwargs).eval()",
         {"num_heads": 4}),
        ("import weaver.nn.model.ParticleTransformer as m\nself.model = m.ParticleTransformer(**kwargs)",
         {"num_heads": 4}),
    ],
)  # fmt: skip
def test_what_the_constructor_of_a_wrapper_does_on_the_way_is_followed(read, init, keywords):
    network = read(wrapper(init, "return self.model(x, v, m)"))
    assert dict(network.keywords) == keywords
    assert network.groups == {"x": "x", "v": "v", "mask": "m"}
    assert not network.notes


def test_a_class_that_is_derived_from_the_network_is_seen_as_it(read):
    text = IMPORTS + "class Net(ParticleTransformer):\n    def __init__(self, heads, **kwargs):\n"
    text += "        super().__init__(num_heads=heads, **kwargs)\n"
    network = read(text + GET.format("Net(2, num_layers=1)"))
    assert (network.network, dict(network.keywords)) == ("ParticleTransformer", {"num_heads": 2, "num_layers": 1})
    assert network.groups["x"] == "x"
    text += "    def forward(self, p, f, m):\n        return super().forward(f, None, m)\n"
    assert read(text + GET.format("Net(2)")).groups == {"x": "f", "mask": "m"}
    plain = IMPORTS + "class Net(ParticleNet):\n    pass\n" + GET.format("Net(input_dims=3)")
    assert read(plain).groups == {"points": "points", "features": "features", "mask": "mask"}


def test_a_wrapper_in_a_wrapper_is_followed(read):
    text = HEAD + "class Outer(torch.nn.Module):\n    def __init__(self, **kw):\n        super().__init__()\n"
    text += "        self.inner = Wrapper(**kw)\n    def forward(self, mask, *, f, p, v):\n"
    text += "        return self.inner(p, f, v, mask)\n"
    network = read(text + GET.format("Outer(num_heads=2)"))
    assert network.arguments == ("mask", "f", "p", "v")
    assert network.groups == {"x": "f", "v": "v", "mask": "mask"}


def test_a_forward_that_passes_all_on_has_the_arguments_of_the_network(read):
    network = read(wrapper(forward="return self.mod(*inputs)", arguments="*inputs"), inputs={"a": [], "b": [], "c": []})
    assert network.groups == {"x": "a", "v": "b", "mask": "c"}


def test_a_head_of_the_wrapper_is_said(read):
    init = "self.mod = ParticleTransformer(**kwargs)\nself.fc = nn.Linear(8, 2)"
    network = read(wrapper(init, "return self.fc(self.mod(x, v, m))"))
    assert network.groups == {"x": "x", "v": "v", "mask": "m"}
    assert "does more than to call mod" in network.notes[0]
    network = read(wrapper("self.mod = ParticleNet(**kwargs)\nself.mod.fc = self.mod.fc[:-1]"))
    assert "changes the network after it is built: self.mod.fc is set" in network.notes[0]


def test_inputs_that_are_computed_in_forward_cannot_be_matched(read):
    network = read(wrapper(forward="return self.mod(torch.cat([x, v], 1), v, m)"))
    assert network.network == "ParticleTransformer"
    assert network.groups is None
    assert "passes torch.cat([x, v], 1) on as x, which is not an input" in network.notes[-1]


def test_a_copy_of_the_network_in_the_file_has_its_own_defaults(read):
    copy = """
import torch

class ParticleTransformer(torch.nn.Module):
    def __init__(self, input_dim, num_classes=None, use_pre_activation_pair=False, num_heads=2 * 2, **kwargs):
        super().__init__()
        self.fc = torch.nn.Linear(input_dim, num_classes)

    def forward(self, x, v=None, mask=None):
        return self.fc(x)
"""
    network = read(copy + GET.format("ParticleTransformer(7, num_heads=8)"))
    assert dict(network.keywords) == {"input_dim": 7, "num_heads": 8}
    assert network.own_defaults == {"num_classes": None, "use_pre_activation_pair": False, "num_heads": 4}
    assert network.resolved("0.5")["use_pre_activation_pair"] is False
    assert network.resolved("0.5")["num_heads"] == 8
    assert "has its own ParticleTransformer" in network.notes[0]
    assert network.groups == {"x": "x", "v": "v", "mask": "mask"}
    wrapped = copy + HEAD.partition("\n\n\n")[2] + GET.format("Wrapper(input_dim=7)")
    assert read(wrapped).own_defaults == network.own_defaults


def test_a_network_that_another_file_defines_is_taken_for_weavers_and_that_is_said(read):
    load = "tools.import_module(os.path.join(os.path.dirname(__file__), 'ParT.py'), 'ParT')"
    text = f"{IMPORTS}\nTagger = {load}.ParticleTransformerTagger\n" + GET.format("Tagger(pf_input_dim=3)")
    network = read(text)
    assert (network.network, dict(network.keywords)) == ("ParticleTransformerTagger", {"pf_input_dim": 3})
    assert "of another file; what is not said is taken as in weaver-core" in network.notes[0]


def test_either_of_two_imports_of_the_same_network_will_do(read):
    text = "try:\n    from weaver.nn.model.ParticleNet import ParticleNet\nexcept ImportError:\n"
    text += "    from utils.nn.model.ParticleNet import ParticleNet\n"
    network = read(text + GET.format("ParticleNet(input_dims=3)"))
    assert (network.network, network.notes) == ("ParticleNet", ())
    network = read("from weaver.nn.model.ParticleNet import *\n" + GET.format("ParticleNet(input_dims=3)"))
    assert (network.network, network.notes) == ("ParticleNet", ())


def test_another_network_keeps_its_name_and_is_refused_where_defaults_are_asked(read, tmp_path):
    text = "import torch\nclass PFN(torch.nn.Module):\n    def __init__(self, dims):\n        super().__init__()\n"
    network = read(text + GET.format("PFN(8)"))
    assert (network.network, dict(network.keywords)) == ("PFN", {"dims": 8})
    with pytest.raises(PartError, match=r"network\.py builds PFN, which is not one of ParticleTransformer, "):
        network.resolved("0.5")
    with pytest.raises(PartError, match="builds Transformer3, which is not one of"):
        read("from networks import Transformer3\n" + GET.format("Transformer3(8)")).resolved("0.4")
    network = read(IMPORTS + GET.format("load_anything()"))
    assert network.network is None
    with pytest.raises(PartError, match="does not say what it builds"):
        network.resolved("0.4")


def test_the_only_network_is_taken_where_its_way_out_cannot_be_followed_and_of_two_none(read):
    network = read(HEAD + GET.format("nn.Sequential(Wrapper(num_heads=2), softmax)"))
    assert (network.network, dict(network.keywords)) == ("ParticleTransformer", {"num_heads": 2})
    assert "the only network that it builds was taken" in network.notes[0]
    init = "self.a = ParticleTransformer(**kwargs)\nself.b = ParticleNet()"
    network = read(wrapper(init))
    assert network.network is None
    assert "builds 2 networks (ParticleTransformer in line" in network.notes[0]


def test_what_is_not_literal_has_no_default_either(read):
    network = read(HEAD + GET.format("Wrapper(activation=choose(), num_heads=len(data_config.x))"))
    resolved = network.resolved("0.4")
    assert {"activation", "num_heads"}.isdisjoint(resolved)
    assert resolved["use_pre_activation_pair"] is True
    with pytest.raises(PartError, match=r"no layout '0\.6'"):
        network.resolved("0.6")
