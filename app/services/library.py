"""Names of the library that state, components and pages use as they are.

These are types, constants and pure functions from results to charts: a service around each would only repeat it.
Whatever loads a model, reads a file or computes goes through a service instead.
"""

# ruff: noqa: F401, these imports are there to be imported from here.

from part.analysis.attribution.task import Attribution
from part.analysis.intervention.activation_patching import COMPONENTS, CORRUPTIONS
from part.analysis.intervention.reference import REPLACEMENTS
from part.analysis.physics.heads import OF_HEADS
from part.analysis.physics.observables import OF_JETS, OF_PARTICLES
from part.analysis.sparsity.results import QUANTITIES as SPARSITY_QUANTITIES
from part.analysis.truth.overlap import GROUPS as PRONG_GROUPS
from part.analysis.truth.prongs import MATCHES
from part.analysis.truth.single_jet import JetProngs
from part.benchmarking.measurement import SpeedMeasurement
from part.benchmarking.results import Results
from part.benchmarking.roofline import RooflinePoint
from part.comparison.result import Comparison
from part.comparison.two_samples import SamplePair
from part.errors import PartError
from part.figures import speed_charts
from part.figures import view as view_options
from part.figures.charts import Chart
from part.figures.jet_view import JetView
from part.figures.plotly import comparison as comparison_charts
from part.figures.prediction import MAX_CLASSES, N_STRONGEST, strongest_classes
from part.figures.studies import attribution as attribution_charts
from part.figures.studies import bias as bias_charts
from part.figures.studies import components as component_charts
from part.figures.studies import importance as importance_charts
from part.figures.studies import physics as physics_charts
from part.figures.studies import sparsity as sparsity_charts
from part.figures.studies import topk as top_k_charts
from part.figures.studies import truth as truth_charts
from part.figures.view import View
from part.inference.tagger import Tagger
from part.jets.class_groups import ClassGroup, MergedClasses
from part.jets.schema import Dataset
from part.jets.truth import JET_RADIUS, MATCH_RADIUS
