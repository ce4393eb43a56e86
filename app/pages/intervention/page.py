"""Intervention: what a model predicts when a component of it, its activations or the jet is changed."""

from app.components.study.page import Tab, study_page
from app.pages.intervention import ablate, depth, edit, patch
from app.pages.intervention.context import controls, make_context
from app.pages.intervention.state import InterventionState

TABS = {
    "ablate": Tab("Ablate", ablate.ablate, ablate.study, ablate.controls, shows_jet=True),
    "patch": Tab("Patch", patch.patch, patch.study, patch.controls, shows_jet=True),
    "edit": Tab("Edit", edit.edit, edit.study, edit.controls, shows_jet=True),
    "probes": Tab("Probes", depth.probes, depth.study_probes),
    "lens": Tab("Lens", depth.lens, depth.study_lens, shows_jet=True),
}

study_page("Intervention", TABS, InterventionState, make_context, controls)
