"""One run of Explore."""

from dataclasses import replace

from app.services.library import Tagger, View
from app.state.context import PageContext


class ExploreContext(PageContext):
    """One run of Explore, whose state is an ExploreState."""

    @property
    def view(self) -> View:
        """The view of a model in this selection."""
        s, state = self.selection, self.state
        zoom = state.zoom[1:] if state.zoom and state.zoom[0] == s.jet else None
        return View(
            "matrix", state.quantity, s.layer, s.head, state.scale, s.order, s.particle, state.edges, state.colour, zoom
        )

    def view_of(self, slot: int, model: Tagger) -> View:
        """Return the view of the model at a place among the chosen ones, which may show another head than the first."""
        other = self.selection.other_head
        if not slot or other is None or not model.config.layers:
            return self.view
        layer, head = (min(i, n - 1) for i, n in zip(other, (model.config.layers, model.config.heads), strict=True))
        return replace(self.view, layer=layer, head=head)
