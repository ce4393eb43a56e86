"""The studies there are, by the name that the command line gives them."""

from importlib import import_module
from types import ModuleType

from part.errors import PartError

# Each module has `add_arguments(parser)` for its choices and `study_of(args)`, which makes the study of them.
STUDIES: dict[str, tuple[str, str]] = {
    "bias": ("part.analysis.bias.study", "the interaction bias against q·k, by pair feature and over the Lund plane"),
    "bias_switch": (
        "part.analysis.bias.bias_ablation",
        "probabilities and quality without the bias, and with it alone",
    ),
    "sparsity": ("part.analysis.sparsity.study", "how sparse, local and fond of leptons heads are, against two nulls"),
    "components": (
        "part.analysis.sparsity.components",
        "first principal component of each head against features",
    ),
    "importance": ("part.analysis.intervention.importance", "how much each head, layer, bias, q·k and species matters"),
    "patching": (
        "part.analysis.intervention.patching_study",
        "what patching heads brings back of a corrupted prediction",
    ),
    "lens": ("part.analysis.intervention.lens", "what the class blocks read from the state at each depth"),
    "irc": ("part.analysis.intervention.irc", "how far predictions move as radiation gets soft or collinear"),
    "probes": ("part.analysis.intervention.probes", "substructure that is read linearly from the state at each depth"),
    "topk": (
        "part.analysis.intervention.topk",
        "what is left of the accuracy if queries see only their k strongest keys",
    ),
    "attribution": (
        "part.analysis.attribution.study",
        "which particles speak for a class, by which methods, how faithful",
    ),
    "attribution_jet": (
        "part.analysis.attribution.jet_study",
        "all attributions of one jet, and how far they are to be believed",
    ),
}


def module_of(kind: str) -> ModuleType:
    """Only the module that is asked for is imported. Raises PartError for an unknown kind."""
    if kind not in STUDIES:
        raise PartError(f"There is no study {kind!r}; choose one of {', '.join(STUDIES)}.")
    return import_module(STUDIES[kind][0])
