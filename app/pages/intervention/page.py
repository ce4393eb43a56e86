"""Intervention: what a model predicts when a component of it, its activations or the jet is changed."""

from app.components.study.page import Tab, study_page
from app.pages.intervention import ablate, depth, edit, patch
from app.pages.intervention.context import controls, make_context
from app.pages.intervention.state import InterventionState

TABS = {
    "ablate": Tab("Ablate", ablate.ablate, ablate.study, ablate.controls, True, "Which components does it need?"),
    "patch": Tab("Patch", patch.patch, patch.study, patch.controls, True, "Which activations carry the prediction?"),
    "edit": Tab("Edit", edit.edit, edit.study, edit.controls, True, "Is the prediction stable if the jet changes?"),
    "probes": Tab("Probes", depth.probes, depth.study_probes, question="What do the states know about the jet?"),
    "lens": Tab("Lens", depth.lens, depth.study_lens, None, True, "At which depth does the prediction form?"),
}

study_page("Intervention", TABS, InterventionState, make_context, controls)
