"""A model's card: its prediction, all its heads, the chosen one, the event display, the constituents."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property

from app.components import prediction
from app.components.assumed import assumptions
from app.components.canvas.display import draw_display
from app.components.canvas.head import canvas_kind, draw_head
from app.components.canvas.mosaic import draw_mosaic
from app.components.canvas.table import draw_table
from app.components.explained import explained
from app.components.fitting import show_misfit
from app.components.messages import caption, note
from app.components.titles import model_title
from app.components.toolbar import toggle_particle
from app.pages.explore.context import ExploreContext
from app.pages.explore.state import ExploreState
from app.services import fitting, head_measures
from app.services.assumptions import measure as measure_assumptions
from app.services.classes import find_group, group_texts
from app.services.figures import heads_sentence, missing_quantity, mosaic_pixels, needed_capabilities
from app.services.files import JetFile
from app.services.library import (
    ACCENTS,
    HeadMarks,
    JetView,
    Tagger,
    View,
    display_payload,
    jet_sentences,
    table_payload,
)
from app.state import session
from app.state.selection import JetSelection


@dataclass(frozen=True, eq=False)
class Card:
    """One model on one jet.

    Attributes
    ----------
    context : ExploreContext
        The page.
    slot : int
        The model's index among the chosen ones.
    jet_view, tagger, view
        The jet as the model sees it, the model, and what is shown of it.
    limits : tuple of float or None
        The limits of colours that all cards share; None for those that are fixed.
    theme : str
        "light" or "dark".
    """

    context: ExploreContext
    slot: int
    jet_view: JetView
    tagger: Tagger
    view: View
    limits: tuple[float, float] | None
    theme: str

    @property
    def accent(self) -> str:
        return ACCENTS[self.theme][self.slot]

    @property
    def file(self) -> JetFile:
        """The file as the model reads it."""
        return self.context.file.for_model(self.tagger)

    @property
    def content_key(self) -> str:
        """The key that identifies jet, weights, quantity, scale, order and limits by content."""
        view = self.view
        jet = f"{self.file.key[:16]}:{self.context.jet}"
        limits = ":".join(f"{limit:.6g}" for limit in self.limits or ())
        return f"{jet}/{self.tagger.cache_key}/{view.quantity}:{view.scale}:{view.order}:{limits}"

    @property
    def head_key(self) -> str:
        """The content's key with the head."""
        return f"{self.content_key}/{self.view.layer + 1}:{self.view.head + 1}"

    @property
    def model(self) -> str:
        return self.context.selection.models[self.slot]

    @property
    def has_quantity(self) -> bool:
        return self.view.quantity in self.jet_view.quantities

    @property
    def _has_room(self) -> bool:
        """Return whether sentences fit below the pictures: two full cards fill the screen, narrow as they are.

        Without room they are in the tips of the question marks.
        """
        return len(self.context.selection.models) != 2

    def _explained(self, kind: str, key: str, sentence: str) -> AbstractContextManager[None]:
        return explained(kind, key, "" if self._has_room else sentence)

    def title(self) -> str:
        return prediction.title(self.tagger, self.model, self.accent, self.jet_view)

    def bars(self) -> None:
        dataset, made = self.tagger.dataset, self.context.selection.groups
        found = [find_group(dataset, text) for text in self.context.state.shown_classes]
        groups = tuple(group_texts(dataset, made).values())
        with explained("prediction", f"bars{self.slot}"):
            prediction.bars(self.jet_view, self.accent, groups, [group for group in found if group])

    def assumptions(self) -> None:
        """Draw what was assumed of the model, with the switches."""
        assumptions(self.model, self.context.file, self.slot)

    def try_assumptions(self) -> bool:
        """Try what was assumed both ways; return whether that was not known yet."""
        return measure_assumptions(self.model, self.context.file)

    def overview(self) -> None:
        """Draw all heads; a click chooses one, and this card for the shared row of detail."""
        if reason := missing_quantity(self.tagger, self.jet_view, self.view.quantity):
            self._explain(reason)
            return
        sentence = self.heads_sentence()
        with self._explained("mosaic", f"mosaic{self.slot}", sentence):
            draw_mosaic(self.pixels(), f"mosaic{self.slot}", self._choose_head)
        if self._has_room:
            caption(sentence)

    def _explain(self, reason: str) -> None:
        """Say why the model does not have the quantity, and offer models that have it."""
        file, needed = self.context.file, needed_capabilities(self.view.quantity)
        error, key = fitting.UnsuitedError(reason), f"quantity{self.slot}"
        show_misfit(error, self.model, file, key, lambda name: fitting.require(file, name, *needed))

    @cached_property
    def marks(self) -> HeadMarks:
        """What the mosaic says of the heads, of a model that has the quantity."""
        state = self.context.state
        return head_measures.head_marks(self.content_key, self.tagger, self.jet_view, state.marked, state.arranged)

    @property
    def tile(self) -> tuple[int, int]:
        """Row and column of the chosen head in the mosaic."""
        return self.marks.tile(self.view.layer, self.view.head, self.tagger.config.heads)

    def pixels(self) -> bytes:
        """Return the picture of all heads, of a model that has the quantity."""
        view = replace(self.view, query=None, layer=0, head=0)
        key = f"{self.content_key}/{head_measures.marks_key(self.marks)}/{self.theme}"
        return mosaic_pixels(key, self.limits, self.theme, self.jet_view, view, self.marks)

    def heads_sentence(self) -> str:
        """Return what all heads show, of a model that has the quantity."""
        return heads_sentence(self.content_key, self.jet_view)

    def _choose_head(self, layer: int, head: int) -> None:
        session.update(JetSelection, layer=layer, head=head, other_head=None, focus=self.slot)

    def matrix(self) -> None:
        """Draw the chosen head: with the class token's rows or, over slots, with the constituents in them."""
        if not self.has_quantity:
            return
        view = replace(self.view, query=None)
        # Where several models share one row of detail, the caption must say which one this is.
        model = f"{model_title(self.model)}, " if len(self.context.selection.models) > 2 else ""
        kind = canvas_kind(self.jet_view)
        sentence = jet_sentences.head(self.jet_view, self.view)
        with self._explained("slots" if kind == "slots" else "head", f"{kind}{self.slot}", sentence):
            draw_head(
                self.jet_view,
                view,
                key=f"{kind}{self.slot}",
                painted=f"{self.head_key}/{self.theme}",
                theme=self.theme,
                on_particle=toggle_particle,
                limits=self.limits,
                caption=f"{model}{view.title}: {{quantity}}",
            )
        if self._has_room:
            caption(sentence)

    def event_display(self, height: int) -> None:
        """Draw the jet in the η-φ plane with the chosen head's edges; a model without heads shows the jet alone."""
        if not self.jet_view.constituents.has_momenta:
            note("There is no event display: the data config does not say which of its variables are the momenta.")
        elif self.has_quantity or not self.jet_view.quantities:
            payload = display_payload(self.jet_view, self.view, self.limits, self.accent, height, self.head_key)
            payload["zoom"] = self.view.zoom
            with explained("display", f"display{self.slot}"):
                draw_display(payload, f"display{self.slot}", toggle_particle, self._zoom)

    def _zoom(self, square: tuple[float, float, float] | None) -> None:
        session.update(ExploreState, zoom=None if square is None else (self.context.jet, *square))

    def table(self, height: int) -> None:
        """Draw the constituents."""
        payload = table_payload(self.jet_view, self.view, height, self.head_key)
        with explained("constituents", f"table{self.slot}"):
            draw_table(payload, f"table{self.slot}", toggle_particle)
