"""Names of the library that state, components and pages use as they are.

These are types, constants and pure functions from results to charts: a service around each would only repeat it.
Whatever loads a model, reads a file or computes goes through a service instead. Each name is imported from the library
on first use (PEP 562), so that the first page waits only for what it shows.
"""

from pkgutil import resolve_name
from typing import Any

_PLACES = {
    "HYPOTHESES": "part.analysis.atlas.hypotheses:HYPOTHESES",
    "AtlasResult": "part.analysis.atlas.result:AtlasResult",
    "Attribution": "part.analysis.attribution.task:Attribution",
    "COMPONENTS": "part.analysis.intervention.activation_patching:COMPONENTS",
    "CORRUPTIONS": "part.analysis.intervention.activation_patching:CORRUPTIONS",
    "EdgesResult": "part.analysis.circuits.edges.result:EdgesResult",
    "REPLACEMENTS": "part.analysis.intervention.reference:REPLACEMENTS",
    "OF_HEADS": "part.analysis.physics.heads:OF_HEADS",
    "OF_JETS": "part.analysis.physics.observables:OF_JETS",
    "OF_PARTICLES": "part.analysis.physics.observables:OF_PARTICLES",
    "SPARSITY_QUANTITIES": "part.analysis.sparsity.results:QUANTITIES",
    "PRONG_GROUPS": "part.analysis.truth.overlap:GROUPS",
    "MATCHES": "part.analysis.truth.prongs:MATCHES",
    "JetProngs": "part.analysis.truth.single_jet:JetProngs",
    "SpeedMeasurement": "part.benchmarking.measurement:SpeedMeasurement",
    "Results": "part.benchmarking.results:Results",
    "RooflinePoint": "part.benchmarking.roofline:RooflinePoint",
    "Timing": "part.benchmarking.timing:Timing",
    "Comparison": "part.comparison.result:Comparison",
    "HeadMatches": "part.comparison.match_heads:HeadMatches",
    "SamplePair": "part.comparison.two_samples:SamplePair",
    "PartError": "part.errors:PartError",
    "shortened": "part.errors:shortened",
    "left_out_sentence": "part.listing:left_out_sentence",
    "share_limits": "part.figures.one_scale:share_limits",
    "speed_charts": "part.figures.speed_charts",
    "view_options": "part.figures.view",
    "explain": "part.figures.about:explain",
    "canvas_css": "part.figures.canvas.assets:canvas_css",
    "canvas_html": "part.figures.canvas.assets:canvas_html",
    "canvas_script": "part.figures.canvas.assets:canvas_script",
    "display_payload": "part.figures.canvas.display:display_payload",
    "head_payload": "part.figures.canvas.head:head_payload",
    "table_payload": "part.figures.canvas.table:table_payload",
    "limits_of_models": "part.figures.data:limits_of_models",
    "ACCENTS": "part.figures.style:ACCENTS",
    "COLUMN": "part.figures.style:COLUMN",
    "TWO_COLUMNS": "part.figures.style:TWO_COLUMNS",
    "Chart": "part.figures.charts:Chart",
    "Graph": "part.figures.charts:Graph",
    "HeadMap": "part.figures.charts:HeadMap",
    "HeadMarks": "part.figures.mosaic_bytes:HeadMarks",
    "JetView": "part.figures.jet_view:JetView",
    "head_matching_charts": "part.figures.head_matching_charts",
    "comparison_charts": "part.figures.plotly.comparison",
    "comparison_sentences": "part.figures.sentences.comparison",
    "jet_sentences": "part.figures.sentences.jet",
    "training_sentences": "part.figures.sentences.training",
    "MAX_CLASSES": "part.figures.prediction:MAX_CLASSES",
    "N_STRONGEST": "part.figures.prediction:N_STRONGEST",
    "strongest_classes": "part.figures.prediction:strongest_classes",
    "atlas_charts": "part.figures.studies.atlas",
    "attribution_charts": "part.figures.studies.attribution",
    "bias_charts": "part.figures.studies.bias",
    "circuit_charts": "part.figures.studies.circuit",
    "component_charts": "part.figures.studies.components",
    "direct_charts": "part.figures.studies.direct",
    "edge_charts": "part.figures.studies.edges",
    "importance_charts": "part.figures.studies.importance",
    "mean_attention_charts": "part.figures.studies.mean_attention",
    "particle_charts": "part.figures.studies.particles",
    "physics_charts": "part.figures.studies.physics",
    "sparsity_charts": "part.figures.studies.sparsity",
    "top_k_charts": "part.figures.studies.topk",
    "truth_charts": "part.figures.studies.truth",
    "weight_charts": "part.figures.studies.weights",
    "View": "part.figures.view:View",
    "significant": "part.text:significant",
    "with_spread": "part.text:with_spread",
    "Tagger": "part.inference.tagger:Tagger",
    "ClassGroup": "part.jets.class_groups:ClassGroup",
    "MergedClasses": "part.jets.class_groups:MergedClasses",
    "Dataset": "part.jets.schema:Dataset",
    "JET_RADIUS": "part.jets.truth:JET_RADIUS",
    "MATCH_RADIUS": "part.jets.truth:MATCH_RADIUS",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return resolve_name(_PLACES[name])
