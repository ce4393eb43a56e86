"""Attribution: which particles and inputs speak for a class, by several methods, and how faithful these are."""

from app.components.study.page import Tab, study_page
from app.pages.attribution.context import AttributionContext, controls, header, make_context
from app.pages.attribution.jet import inputs, jet, methods
from app.pages.attribution.physics import physics
from app.pages.attribution.sample import sample
from app.pages.attribution.state import AttributionState
from app.pages.attribution.truth import truth


def jet_study(context: AttributionContext) -> tuple[str, dict]:
    return "attribution_jet", _classes(context)


def sample_study(context: AttributionContext) -> tuple[str, dict]:
    return "attribution", _classes(context)


def truth_study(context: AttributionContext) -> tuple[str, dict]:
    return "truth", _classes(context) | {"methods": context.compared, "match": context.state.match}


def physics_study(context: AttributionContext) -> tuple[str, dict]:
    return "physics", _classes(context) | {"methods": context.compared, "of_heads": context.state.of_heads}


def _classes(context: AttributionContext) -> dict[str, str]:
    return {"target_class": context.target_class, "contrast_class": context.contrast_class}


TABS = {
    "jet": Tab("Jet", jet, jet_study, question="Which particles speak for the class, and which against it?"),
    "inputs": Tab("Inputs", inputs, jet_study, question="Which inputs of which particles speak for the class?"),
    "methods": Tab("Methods", methods, jet_study, question="Which attribution of this jet can be believed?"),
    "sample": Tab("Sample", sample, sample_study, question="Which attributions can be believed, on average?"),
    "truth": Tab("Truth", truth, truth_study, question="Does the model look where the partons went?"),
    "physics": Tab("Physics", physics, physics_study, question="Which physics does the importance follow?"),
}

study_page("Attribution", TABS, AttributionState, make_context, controls, header)
