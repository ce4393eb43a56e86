"""The studies, by the name that the command line gives them."""

from importlib import import_module
from typing import Any

from part.errors import PartError

# name: (module:class of the study, what it measures). Charts of a study are in part/figures/studies/NAME.py.
STUDIES: dict[str, tuple[str, str]] = {
    "bias": ("bias.study:BiasStudy", "the interaction bias against q·k, by pair feature and over the Lund plane"),
    "bias_switch": (
        "bias.bias_ablation:BiasAblationStudy",
        "probabilities and quality without the bias, and with it alone",
    ),
    "sparsity": (
        "sparsity.study:SparsityStudy",
        "how sparse and local heads are and how much they attend to leptons, against two null hypotheses",
    ),
    "mean_attention": (
        "mean_attention:MeanAttentionStudy",
        "mean attention of each head by rank in pT and over ΔR and kT, its difference between two classes",
    ),
    "atlas": (
        "atlas.study:AtlasStudy",
        "what each head attends to: a name from a family of hypotheses, against two null hypotheses",
    ),
    "components": (
        "sparsity.components:ComponentsStudy",
        "first principal component of each head's output against physical features",
    ),
    "importance": (
        "intervention.importance:ImportanceStudy",
        "how much each head, layer, bias, q·k and species matters",
    ),
    "patching": (
        "intervention.patching:PatchingStudy",
        "how much of a prediction patched heads and states recover on a corrupted jet",
    ),
    "lens": ("intervention.lens:LensStudy", "what the class blocks read from the residual stream at each depth"),
    "irc": ("intervention.irc:IRCStudy", "how far predictions move as radiation gets soft or collinear"),
    "probes": (
        "intervention.probes:ProbesStudy",
        "substructure that linear probes read from the residual stream at each depth",
    ),
    "topk": ("intervention.topk:TopKStudy", "the accuracy that is left if queries see only their k strongest keys"),
    "attribution": (
        "attribution.sample_study:AttributionStudy",
        "which particles speak for a class, by several methods, and how faithful these are",
    ),
    "attribution_jet": (
        "attribution.single_jet_study:JetAttributionStudy",
        "all attributions of one jet, and how faithful they are",
    ),
    "direct": (
        "circuits.study:DirectStudy",
        "what each component adds directly to a difference of logits, which it adds up to",
    ),
    "circuit": (
        "circuits.search.study:CircuitStudy",
        "a few heads that tell two classes apart on their own, found greedily, against random sets of as many",
    ),
    "edge_circuit": (
        "circuits.edge_search.study:EdgeCircuitStudy",
        "a set of edges that tells two classes apart on its own, by scores and exact pruning, against random sets",
    ),
    "dictionary": (
        "dictionary.study:DictionaryStudy",
        "how well a sparse dictionary writes the activations of a layer, and what its features mean",
    ),
    "similarity": (
        "similarity.study:SimilarityStudy",
        "how similar the representations of particles and of jets are between the depths of a model, or of two",
    ),
    "edges": (
        "circuits.edges.study:EdgesStudy",
        "how strongly each component acts on each other one, between jets of two classes",
    ),
    "truth": (
        "truth.study:TruthStudy",
        "how much of each head's attention and of each attribution falls on the true prongs, against shuffled ones",
    ),
    "physics": (
        "physics.study:PhysicsStudy",
        "rank correlations of heads and attributions with kinematics, displacement and substructure",
    ),
}


def study_class(name: str) -> Any:
    """Return the class of a study, importing only its module. Raises PartError for an unknown name."""
    if name not in STUDIES:
        raise PartError(f"There is no study {name!r}; choose one of {', '.join(STUDIES)}.")
    module, _, cls = STUDIES[name][0].partition(":")
    return getattr(import_module(f"part.analysis.{module}"), cls)
