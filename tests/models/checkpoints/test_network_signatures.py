"""The tables of weaver-core's networks are those of weaver-core itself."""

import inspect
from pathlib import Path

import pytest
from helpers.references import weaver_module

from part.models.checkpoints.network.signatures import DEFAULTS, FORWARD, NETWORKS, POSITIONAL

pytestmark = pytest.mark.witness
# These change the training, the speed, or whether the network itself ends with a softmax.
TRAINING_ONLY = {
    *("trim", "for_inference", "use_amp", "compile_model", "weight_init", "fix_init", "pair_embed_sparse_eval"),
    *("pf_input_dropout", "sv_input_dropout"),
}


def tuples(value):
    return tuple(map(tuples, value)) if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("layout", "version"), [("0.4", "0.4.17"), ("0.5", "0.5.3")])
def test_defaults_and_arguments_are_those_of_weaver(layout, version, name):
    module = "ParticleTransformer" if "Transformer" in name else "ParticleNet"
    network = getattr(weaver_module(version, f"weaver.nn.model.{module}"), name)
    parameters = [p for p in inspect.signature(network).parameters.values() if p.kind is not p.VAR_KEYWORD]
    sizes = {"input_dim", "pf_input_dim", "sv_input_dim", "input_dims", "pf_features_dims", "sv_features_dims"}
    defaults = {p.name: tuples(p.default) for p in parameters if p.name not in {*sizes, "num_classes"}}
    assert {k: v for k, v in defaults.items() if k not in TRAINING_ONLY} == tuples_of(DEFAULTS[layout][name])
    assert tuple(p.name for p in parameters)[: len(POSITIONAL[name])] == POSITIONAL[name]
    assert tuple(inspect.signature(network.forward).parameters)[1:] == FORWARD[name]


def tuples_of(table):
    return {name: tuples(value) for name, value in table.items()}


@pytest.mark.parametrize(("layout", "version"), [("0.4", "0.4.17"), ("0.5", "0.5.3")])
@pytest.mark.parametrize("name", ["ParticleTransformer", "ParticleTransformerTagger"])
def test_a_copy_of_weavers_own_file_in_the_network_file_is_read_like_weaver(read, layout, version, name):
    source = Path(weaver_module(version).__file__).read_text()
    start = source.find("from weaver")  # it imports its logger
    text = source[:start] + source[source.index("\n", start) :]
    network = read(
        f"{text}\ndef get_model(data_config, **kwargs):\n    return {name}(7, 3, num_heads=2, **kwargs), {{}}\n"
    )
    assert network.network == name
    defaults = {key: tuples(value) for key, value in network.own_defaults.items()}
    assert tuples_of(DEFAULTS[layout][name]).items() <= defaults.items()
    assert tuple(network.groups) == FORWARD[name]
