"""Bias: what the interaction bias does to the attention, what it has learned, and what is lost without it."""

from app.components.study.page import Tab, study_page
from app.pages.bias.ablation import ablation
from app.pages.bias.context import BiasContext, controls, make_context
from app.pages.bias.function import function
from app.pages.bias.jet import jet
from app.pages.bias.sample import shapley, shares
from app.pages.bias.state import BiasState


def bias_study(context: BiasContext) -> tuple[str, dict]:
    return "bias", {}


def ablation_study(context: BiasContext) -> tuple[str, dict]:
    return "bias_switch", {}


TABS = {
    "jet": Tab("Jet", jet, shows_jet=True, question="Which pairs get the largest bias, and why?"),
    "shares": Tab("q·k and bias", shares, bias_study, question="What decides the attention: q·k or the bias?"),
    "shapley": Tab("Shapley values", shapley, bias_study, question="Which pair feature moves the bias most?"),
    "function": Tab("Function", function, bias_study, question="What has the bias learned about pairs?"),
    "switch": Tab("Off and alone", ablation, ablation_study, shows_jet=True, question="What is lost without the bias?"),
}

study_page("Bias", TABS, BiasState, make_context, controls)
