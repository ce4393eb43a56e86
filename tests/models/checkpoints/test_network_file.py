"""Network files of weaver-core, read without running them: toys in the ways in which people write them."""

import pytest
from helpers.network_files import HEAD, INPUTS
from helpers.references import shared

from part.errors import PartError
from part.models.checkpoints.network_file import read_network


def model(body, returns="Wrapper(**cfg), {}"):
    lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
    return f"{HEAD}\ndef get_model(data_config, **kwargs):\n{lines}    return {returns}\n"


@pytest.mark.parametrize(
    ("body", "keywords"),
    [
        ("cfg = dict(num_heads=4)", {"num_heads": 4}),
        ("cfg = {'num_heads': 4, 'fc_params': [(8, 0.1)]}", {"num_heads": 4, "fc_params": [(8, 0.1)]}),
        (
            "cfg = dict(num_heads=4)\ncfg['num_heads'] = 2\ncfg['activation'] = 'relu'",
            {"num_heads": 2, "activation": "relu"},
        ),
        ("cfg = dict(num_heads=4)\ncfg.update({'num_heads': 2}, num_layers=1)", {"num_heads": 2, "num_layers": 1}),
        ("cfg = dict(num_heads=4)\ncfg |= {'num_heads': 2}", {"num_heads": 2}),
        ("cfg = dict(num_heads=4) | dict(num_heads=2)", {"num_heads": 2}),
        ("cfg = {'num_heads': 4, **{'num_heads': 2}}", {"num_heads": 2}),
        ("cfg = dict(embed_dims=[128] * 3, num_heads=2 ** 3 - 1)", {"embed_dims": [128, 128, 128], "num_heads": 7}),
        ("base = dict(num_heads=4)\ncfg = base\nbase['num_heads'] = 2", {"num_heads": 2}),
        ("base = dict(num_heads=4)\ncfg = dict(base)\nbase['num_heads'] = 2", {"num_heads": 4}),
        ("import copy\nbase = dict(num_heads=4)\ncfg = copy.deepcopy(base)\nbase['num_heads'] = 2", {"num_heads": 4}),
        ("width = 64\ncfg = dict(embed_dims=(width, 4 * width, width))", {"embed_dims": (64, 256, 64)}),
        ("cfg = dict(a=1, num_heads=4)\ndel cfg['a']\ncfg.pop('b', None)", {"num_heads": 4}),
        ("cfg = dict(num_layers=8 if False else 4)", {"num_layers": 4}),
        (
            "cfg = dict(num_layers=8)\nif cfg['num_layers'] > 4:\n    cfg['num_heads'] = 2",
            {"num_layers": 8, "num_heads": 2},
        ),
        ("cfg = {}\nfor name in ('num_heads', 'num_layers'):\n    cfg[name] = 4", {"num_heads": 4, "num_layers": 4}),
        ("cfg = dict(block_ids_with_attn_mask=list(range(2)))", {"block_ids_with_attn_mask": [0, 1]}),
        ("cfg = dict(activation=None or 'relu')\nprint(cfg)", {"activation": "relu"}),
        (
            "a, b = 2, [4]\nb.append(8)\ncfg: dict = dict(num_heads=a, embed_dims=b)",
            {"num_heads": 2, "embed_dims": [4, 8]},
        ),
    ],
)
def test_keywords_are_those_that_python_would_pass(read, body, keywords):
    network = read(model(body))
    assert network.network == "ParticleTransformer"
    assert dict(network.keywords) == keywords
    assert not network.unknown
    assert not network.notes


def test_constants_and_functions_of_the_file_are_followed(read):
    text = """
HEADS = 4
SIZES = {"small": dict(num_layers=2), "large": dict(num_layers=8)}

def sizes(name, factor=1, *rest, **extra):
    chosen = dict(SIZES[name])
    chosen["num_layers"] *= factor
    return chosen | extra

def build(**settings):
    settings["num_heads"] = HEADS
    return Wrapper(**settings)

def get_model(data_config, **kwargs):
    return build(**sizes("small", factor=2, activation="relu"))
"""
    assert dict(read(HEAD + text).keywords) == {"num_layers": 4, "activation": "relu", "num_heads": 4}


def test_the_options_of_the_command_line_come_in_where_the_file_takes_them(read):
    body = "cfg = dict(num_heads=4, activation='gelu')\ncfg.update(**kwargs)\ncfg['num_heads'] = 2"
    network = read(model(body), options={"activation": "relu", "num_heads": 8, "num_layers": 3})
    assert dict(network.keywords) == {"num_heads": 2, "activation": "relu", "num_layers": 3}
    body = "cfg = dict(use_counts=kwargs.get('use_counts', True), activation=kwargs.pop('act', 'gelu'))"
    assert dict(read(model(body)).keywords) == {"use_counts": True, "activation": "gelu"}
    network = read(model(body), options={"use_counts": False, "act": "relu", "num_heads": 2})
    assert dict(network.keywords) == {"use_counts": False, "activation": "relu"}
    assert "The file does not pass the option num_heads on to ParticleTransformer." in network.notes


def test_an_option_that_the_file_cannot_do_without_is_named(read):
    network = read(model("cfg = dict(num_heads=kwargs['heads'])\nkwargs.pop('gamma')"))
    assert network.unknown == {"num_heads": "kwargs['heads']"}
    assert "needs the option heads" in network.notes[0]
    assert "needs the option gamma" in network.notes[1]


def test_options_that_are_parameters_of_get_model_are_seen(read):
    text = (
        HEAD + "def get_model(data_config, num_heads=8, **kwargs):\n    return Wrapper(num_heads=num_heads, **kwargs)\n"
    )
    assert dict(read(text).keywords) == {"num_heads": 8}
    assert dict(read(text, options={"num_heads": 2}).keywords) == {"num_heads": 2}


def test_numbers_of_inputs_and_classes_come_from_the_data_config_if_it_is_given(read):
    body = """
cfg = dict(
    input_dim=len(data_config.input_dicts['f']),
    twice=2 * data_config.input_shapes['f'][1],
    num_classes=len(data_config.label_value),
    names=len(data_config.input_names),
)
"""
    alone = read(model(body))
    assert not alone.keywords
    assert not alone.unknown
    assert alone.from_data["input_dim"] == "len(data_config.input_dicts['f'])"
    assert set(alone.from_data) == {"input_dim", "twice", "num_classes", "names"}
    told = read(model(body), inputs=INPUTS, classes=5)
    assert dict(told.keywords) == {"input_dim": 3, "twice": 6, "num_classes": 5, "names": 4}
    assert not told.from_data


def test_what_is_not_literal_is_listed_with_its_text(read):
    body = """
cfg = dict(num_heads=choose(8), num_layers=4, embed_dims=[n for n in (1, 2)], fc_params=[(WIDTH, 0.1)])
cfg['block_params'] = {'dropout': 0.1, 'activation': settings.activation}
"""
    network = read(model(body))
    assert dict(network.keywords) == {"num_layers": 4, "block_params": {"dropout": 0.1}}
    assert network.unknown == {
        "num_heads": "choose(8)",
        "embed_dims": "[n for n in (1, 2)]",
        "fc_params": "[[WIDTH, 0.1]]",
        "block_params.activation": "settings.activation",
    }


def test_a_condition_that_the_file_does_not_decide_leaves_open_what_it_decides(read):
    body = """
cfg = dict(num_heads=4, num_layers=4, activation='gelu')
if torch.cuda.is_available():
    cfg['num_heads'] = 8
    cfg['num_layers'] = 4
    cfg['remove_self_pair'] = True
else:
    cfg.pop('activation')
"""
    network = read(model(body))
    assert dict(network.keywords) == {"num_layers": 4}
    assert network.unknown == {
        "num_heads": "8 if torch.cuda.is_available() else 4",
        "activation": "'gelu' if torch.cuda.is_available() else not given",
        "remove_self_pair": "True if torch.cuda.is_available() else not given",
    }


def test_a_way_that_raises_is_not_taken_and_ways_that_return_are_compared(read):
    body = "cfg = dict(num_heads=4)\nif unclear():\n    raise ValueError\ncfg['num_layers'] = 2"
    assert dict(read(model(body)).keywords) == {"num_heads": 4, "num_layers": 2}
    body = "cfg = dict(num_heads=4, num_layers=1)\nif unclear():\n    return Wrapper(**cfg), {}\ncfg['num_layers'] = 2"
    network = read(model(body))
    assert network.network == "ParticleTransformer"
    assert dict(network.keywords) == {"num_heads": 4}
    assert network.unknown == {"num_layers": "1 if unclear() else 2"}


def test_what_a_mapping_of_unknown_keys_adds_is_said(read):
    network = read(model("cfg = dict(num_heads=4)\ncfg.update(load('more.yaml'))"))
    assert dict(network.keywords) == {"num_heads": 4}
    assert network.unknown == {"**": "load('more.yaml')"}


def test_a_dict_that_another_function_may_change_is_said(read):
    assert "adjust(cfg)" in read(model("cfg = dict(num_heads=4)\nadjust(cfg)")).notes[0]


@pytest.mark.parametrize("name", ["flavour", "two_streams", "lepton_collider", "edge_conv_streams", "many_classes"])
def test_the_network_files_of_whole_trainings_are_read_to_the_end(name):
    path = shared(f"cases/weaver/{name}/network.py")
    network = read_network(path)
    assert not network.unknown
    assert not network.notes
    assert set(network.groups.values()) == set(network.arguments)
    assert network.resolved("0.5")["fc_params"] == network.keywords["fc_params"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1\n", "has no function get_model"),
        ("from networks.base import get_model\n", "is networks.base.get_model, of another file"),
        ("get_model = 3\n", "has no function get_model"),
        ("def get_model(data_config, **kwargs):\n  return (\n", "line 2: '(' was never closed"),
        ("a = '\0'\n", "expected a network file"),
    ],
)
def test_a_file_that_is_no_network_file_is_refused_in_a_sentence(read, tmp_path, text, sentence):
    with pytest.raises(PartError, match=r"network\.py") as error:
        read(text)
    assert sentence in str(error.value)
    assert str(tmp_path / "network.py") in str(error.value)


def test_a_file_that_is_missing_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(PartError, match="No such file or directory; expected a network file"):
        read_network(tmp_path / "none.py")
