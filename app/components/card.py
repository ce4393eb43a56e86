"""A model's card: its prediction, all its heads, the chosen one, the event display, the constituents."""

from dataclasses import dataclass, replace

import streamlit as st

from app.components import prediction
from app.components.canvas.display import display
from app.components.canvas.matrix import matrix
from app.components.canvas.mosaic import mosaic
from app.components.canvas.slots import slots
from app.components.canvas.table import constituents_table
from app.components.messages import note
from app.services import models as backend
from app.services.models import figures
from app.state.resolve import Choice
from app.state.selection import change

ACCENTS = {
    "light": ("#2563c9", "#c8601a", "#14805e", "#7d3fc8"),
    "dark": ("#7fb0ff", "#f2a15f", "#53cfa6", "#bd95f5"),
}


@dataclass(frozen=True, eq=False)
class Card:
    """One model on one jet as this run shows it; slot: its place among the models.

    limits: of the colours, shared by the cards; None for those that are fixed.
    """

    choice: Choice
    slot: int
    scene: figures.Scene
    tagger: backend.Tagger
    view: figures.View
    limits: tuple[float, float] | None
    theme: str

    @property
    def accent(self) -> str:
        return ACCENTS[self.theme][self.slot]

    @property
    def content(self) -> str:
        """Tells jet, weights, quantity, scale, order and limits apart, by content."""
        view = self.view
        jet = f"{self.choice.file.sha256[:16]}:{self.choice.selection.jet}"
        limits = ":".join(f"{limit:.6g}" for limit in self.limits or ())
        return f"{jet}/{self.tagger.identity}/{view.quantity}:{view.scale}:{view.order}:{limits}"

    @property
    def head_content(self) -> str:
        return f"{self.content}/{self.view.layer + 1}:{self.view.head + 1}"

    @property
    def model(self) -> str:
        return self.choice.selection.models[self.slot]

    @property
    def _length(self) -> tuple[str, int]:
        return self.tagger.identity, len(self.scene.constituents) // 16

    def title(self) -> str:
        seconds = st.session_state.setdefault("seconds", {}).get(self._length)
        return prediction.title(self.tagger, self.model, self.accent, seconds, self.scene.parity)

    def measure(self) -> bool:
        """Find out how long the model takes for a jet as long as this one; False if that is known."""
        seconds = st.session_state.setdefault("seconds", {})
        if self._length in seconds:
            return False
        seconds[self._length] = backend.latency(self.choice.file, self.choice.selection.jet, self.model)
        return True

    def bars(self) -> None:
        prediction.bars(self.scene, self.accent)

    def has_quantity(self) -> bool:
        return self.view.quantity in self.scene.quantities

    def overview(self) -> None:
        """All heads; a click chooses one, and this card for the detail row."""
        if not self.has_quantity():
            missing = figures.view.lower_first(figures.view.QUANTITY_TITLES[self.view.quantity])
            note(f"A {self.tagger.config.model} has no {missing} between particles.")
            return
        view = replace(self.view, figure="mosaic", query=None, layer=0, head=0)
        key = f"{self.content}/{self.theme}"
        pixels = backend.mosaic_pixels(key, self.limits, self.theme, self.scene, view)
        mosaic(pixels, f"mosaic{self.slot}", self._choose_head)

    def _choose_head(self, layer: int, head: int) -> None:
        change(layer=layer, head=head, focus=self.slot)

    def matrix(self) -> None:
        """The chosen head: with the class token's rows, or, over slots, with what these are made of."""
        if self.has_quantity():
            view = replace(self.view, figure="matrix", query=None)
            data = figures.figure_data(self.scene, view, self.limits)
            # Where several models share one row of detail, it must say whose it is.
            whose = f"{self.model}, " if len(self.choice.selection.models) > 2 else ""
            caption = f"{whose}{view.title}: {data.quantity_title}"
            draw, kind = (slots, "slots") if self.scene.over_slots else (matrix, "matrix")
            painted = f"{self.head_content}/{self.theme}"
            draw(data, caption, self.theme, f"{kind}{self.slot}", painted, toggle)

    def event(self, height: int) -> None:
        """The jet in the η-φ plane with the chosen head's edges."""
        if self.has_quantity() or not self.scene.quantities:  # then the jet alone
            data = figures.figure_data(self.scene, replace(self.view, figure="display"), self.limits)
            display(data, self.accent, height, f"display{self.slot}", self.head_content, toggle)

    def table(self, height: int) -> None:
        """The constituents."""
        constituents_table(self.scene, self.view, height, f"table{self.slot}", self.head_content, toggle)


def toggle(particle: int) -> None:
    """Choose a particle, or let go of it if it is the chosen one."""
    chosen = st.session_state["selection"].particle
    change(particle=None if particle == chosen else particle)
