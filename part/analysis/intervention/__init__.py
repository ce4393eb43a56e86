"""What a model does when something in it, or in the jet, is changed.

`study_jets(Importance(), tagger, jets).heads("accuracy")` is the map of head importance; `Patching`, `Irc`, `Lens` and
`Probes` are studies like it. `patch`, `lens`, `leave_one_out` and `edits` look at single jets.
"""

from part.analysis.intervention import edits
from part.analysis.intervention.ablation import Reference, Target, ablate, leave_one_out, targets_of
from part.analysis.intervention.importance import Importance
from part.analysis.intervention.irc import Irc
from part.analysis.intervention.lens import Lens, lens
from part.analysis.intervention.patching import flavoured, patch
from part.analysis.intervention.patching_study import Patching
from part.analysis.intervention.probes import Probes
from part.inference.forward import Pass

__all__ = [
    "Importance",
    "Irc",
    "Lens",
    "Pass",
    "Patching",
    "Probes",
    "Reference",
    "Target",
    "ablate",
    "edits",
    "flavoured",
    "leave_one_out",
    "lens",
    "patch",
    "targets_of",
]
