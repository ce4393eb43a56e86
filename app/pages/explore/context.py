"""One run of Explore."""

from app.services.library import View
from app.state.context import PageContext


class ExploreContext(PageContext):
    """One run of Explore, whose state is an ExploreState."""

    @property
    def view(self) -> View:
        """The view of a model in this selection."""
        s, state = self.selection, self.state
        return View(
            "matrix", state.quantity, s.layer, s.head, state.scale, s.order, s.particle, state.edges, state.colour
        )
