"""One run of Intervention, and what its tabs share."""

from app.components.study.context import ModelContext
from app.components.study.controls import head_inputs, model_segments
from app.services import intervention
from app.state.context import PageContext


class InterventionContext(ModelContext):
    """One run of Intervention, whose state is an InterventionState."""

    @property
    def particle(self) -> int:
        """The chosen constituent, or the leading one."""
        chosen, pt = self.selection.particle, self.jet_view.constituents.pt
        return int(pt.argmax()) if chosen is None else min(chosen, len(pt) - 1)


def make_context(page: PageContext, tab: str) -> InterventionContext:
    return InterventionContext.create(page, tab, intervention.check)


def controls(context: InterventionContext) -> None:
    """Choose the model, where there are several."""
    model_segments(context.selection.models, context.selection.focus)


def head_line(context: InterventionContext) -> None:
    """Choose layer and head by number."""
    config = context.model.config
    head_inputs(context.layer, config.layers, context.head, config.heads)
