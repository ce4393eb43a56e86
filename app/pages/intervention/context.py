"""One run of Intervention, and what its tabs share."""

from app.components.study.class_choice import class_choice
from app.components.study.context import ModelContext
from app.components.study.controls import head_inputs, model_segments
from app.services import intervention
from app.services.classes import find_group
from app.services.library import ClassGroup
from app.state.context import PageContext

OF_CLASS = ("ablate", "patch", "edit", "lens")  # tabs that look at a class of the jet


class InterventionContext(ModelContext):
    """One run of Intervention, whose state is an InterventionState."""

    @property
    def particle(self) -> int:
        """The chosen constituent, or the leading one."""
        chosen, pt = self.selection.particle, self.jet_view.constituents.pt
        return int(pt.argmax()) if chosen is None else min(chosen, len(pt) - 1)

    @property
    def target(self) -> ClassGroup | None:
        """The chosen class or group, None for the predicted class."""
        return find_group(self.model.dataset, self.target_class)

    @property
    def contrast(self) -> ClassGroup | None:
        """What it is compared with in a patch, None for the class that gains most."""
        return find_group(self.model.dataset, self.contrast_class)


def make_context(page: PageContext, tab: str) -> InterventionContext:
    return InterventionContext.create(page, tab, intervention.check)


def controls(context: InterventionContext) -> None:
    """Choose the model, where there are several, and the class or group that single jets are looked at for."""
    model_segments(context.selection.models, context.selection.focus)
    if context.is_ready and context.tab in OF_CLASS:
        contrast = context.contrast_class if context.tab == "patch" else None
        dataset, made = context.model.dataset, context.selection.groups
        class_choice(dataset, made, context.target_class, contrast, "what gains most")


def head_line(context: InterventionContext) -> None:
    """Choose layer and head by number."""
    config = context.model.config
    head_inputs(context.layer, config.layers, context.head, config.heads)
