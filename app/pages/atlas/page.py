"""Atlas: what each head attends to, in words."""

from app.components.study.context import ModelContext
from app.components.study.page import Tab, study_page
from app.pages.atlas.context import controls, make_context
from app.pages.atlas.heads import heads
from app.pages.atlas.hypotheses import choose_hypothesis, hypotheses
from app.pages.atlas.logits import choose_classes, logits
from app.pages.atlas.state import AtlasState


def atlas_study(context: ModelContext) -> tuple[str, dict]:
    return "atlas", {}


def direct_study(context: ModelContext) -> tuple[str, dict]:
    return "direct", {"target_class": context.target_class, "contrast_class": context.contrast_class}


TABS = {
    "heads": Tab("Heads", heads, atlas_study, question="What does each head attend to?"),
    "hypotheses": Tab("Hypotheses", hypotheses, atlas_study, choose_hypothesis, False, "Which heads do this?"),
    "logits": Tab("Shares of logits", logits, direct_study, choose_classes, False, "What adds to the logits?"),
}

study_page("Atlas", TABS, AtlasState, make_context, controls)
