"""The JSON of a graph keeps the rules of the schema of circuit-tracer and Neuronpedia, and what their viewers rely on.

The rules are those of Neuronpedia's published JSON schema of attribution graphs, version 1.0.0, and of circuit-tracer's
models of a graph, which require more.
"""

import json

import pytest
from helpers.attribution import tagger_loader
from helpers.jets import write_jets

import part
from part.analysis.circuits.edges.graph_json import graph_json
from part.analysis.circuits.edges.study import EdgesStudy
from part.analysis.study import study_jets
from part.figures.studies import study_downloads

METADATA = {"slug": str, "scan": str, "prompt": str, "prompt_tokens": list, "transcoder_list": list}
QUERY = {"pinnedIds": list, "supernodes": list, "linkType": str, "clickedId": str, "sg_pos": str}
NODE = {
    "node_id": str,
    "feature": int,
    "layer": str,
    "ctx_idx": int,
    "feature_type": str,
    "jsNodeId": str,
    "clerp": str,
}
NODE |= {"token_prob": float, "is_target_logit": bool, "run_idx": int, "reverse_ctx_idx": int}
LINK = {"source": str, "target": str, "weight": float}
OPTIONAL = {"influence": float, "activation": float}
INFO = {"description", "creator_name", "creator_url", "source_urls", "generator", "create_time_ms"}


@pytest.fixture(scope="module", params=["part", "global", "linpart", "nobias"])
def result(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("graphs")
    jets = part.read_jets(write_jets(folder / "j.root", [4 + i % 5 for i in range(40)], seed=7))
    return study_jets(EdgesStudy("Tbqq", "QCD", steps=1, exact=3), tagger_loader(folder)(request.param), jets)


@pytest.fixture
def graph(result):
    return json.loads(graph_json(result))


def check(value, fields):
    for name, kind in fields.items():
        assert type(value[name]) is kind, name


def test_all_that_is_required_is_there_and_of_its_type(graph):
    assert set(graph) == {"metadata", "qParams", "nodes", "links"}
    check(graph["metadata"], METADATA)
    check(graph["qParams"], QUERY)
    assert set(graph["metadata"]["info"]) <= INFO
    assert all(type(token) is str for token in graph["metadata"]["prompt_tokens"])
    assert graph["nodes"]
    assert graph["links"]
    for node in graph["nodes"]:
        check(node, NODE)
        check(node, {name: kind for name, kind in OPTIONAL.items() if name in node})
        assert set(node) <= set(NODE | OPTIONAL)
    for link in graph["links"]:
        check(link, LINK)
        assert set(link) == set(LINK)


def test_a_slug_is_a_part_of_an_address(graph):
    assert graph["metadata"]["slug"].replace("-", "").isalnum()
    assert graph["metadata"]["slug"] == graph["metadata"]["slug"].lower()


def test_ids_say_layer_feature_and_position(graph):
    ids = [node["node_id"] for node in graph["nodes"]]
    assert len(set(ids)) == len(ids)
    assert len({node["jsNodeId"] for node in graph["nodes"]}) == len(ids)
    assert len({node["feature"] for node in graph["nodes"]}) == len(ids)  # viewers merge nodes of the same feature
    for node in graph["nodes"]:
        layer, feature, position = node["node_id"].split("_")
        assert (layer, int(feature), int(position)) == (node["layer"], node["feature"], node["ctx_idx"])
        assert 0 <= node["ctx_idx"] < len(graph["metadata"]["prompt_tokens"])


def test_layers_are_e_below_numbers_from_0_and_the_logits_on_top(graph):
    layers = {node["node_id"]: -1 if node["layer"] == "E" else int(node["layer"]) for node in graph["nodes"]}
    logits = [node for node in graph["nodes"] if node["feature_type"] == "logit"]
    assert [node["is_target_logit"] for node in logits] == [True]
    assert sum(node["is_target_logit"] for node in graph["nodes"]) == 1
    top = layers.pop(logits[0]["node_id"])
    assert top > max(layers.values())
    inputs = {node["feature_type"] for node in graph["nodes"] if node["layer"] == "E"}
    assert "embedding" in inputs
    assert inputs <= {"embedding", "pair feature"}


def test_links_join_nodes_once_and_lead_upwards(result, graph):
    layers = {node["node_id"]: -1 if node["layer"] == "E" else int(node["layer"]) for node in graph["nodes"]}
    weights = {(link["source"], link["target"]): link["weight"] for link in graph["links"]}
    assert len(weights) == len(graph["links"])
    assert all(layers[source] <= layers[target] for source, target in weights)
    assert sum(weights.values()) == pytest.approx(result.score.value.sum())


def test_viewers_find_the_labels_that_they_read(result, graph):
    """They name embeddings by the token of the prompt, and read the name and the probability of a logit."""
    for node in graph["nodes"]:
        if node["feature_type"] == "logit":
            assert node["clerp"].split('"')[1] == result.target
            assert float(node["clerp"].split("(p=")[1].split(")")[0]) == node["token_prob"] == 1
        elif node["feature_type"] == "embedding":
            assert graph["metadata"]["prompt_tokens"][node["ctx_idx"]] == "particles"
        else:
            assert node["clerp"] in {known.name for known in result.nodes}


def test_the_study_writes_the_same(result, graph):
    assert json.loads(study_downloads("edges", result)["graph.json"]) == graph
    assert study_downloads("lens", None) == {}
