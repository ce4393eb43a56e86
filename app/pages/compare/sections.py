"""What is shown of a comparison below the table, a section at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app.components.messages import line, note
from app.pages.compare.jets import jets_table
from app.services.comparison import AttentionChange, Comparison, draw
from app.state.resolve import Choice
from app.state.selection import adopt, mirror

TITLES = {
    "overview": "Overview",
    "roc": "ROC curves",
    "confusion": "Confusion",
    "disagreement": "Disagreement",
    "attention": "Attention",
}


@dataclass(frozen=True, eq=False)
class Sections:
    """A comparison as this run shows it."""

    choice: Choice
    comparison: Comparison
    entries: np.ndarray
    theme: str
    accents: tuple[str, ...]

    @property
    def height(self) -> int:
        """Of what is below the table and a caption, so that all fits on a screen of 900 px."""
        return 700 - 29 * len(self.comparison.names)

    def show(self) -> None:
        st.segmented_control(
            "Section",
            list(TITLES),
            key=mirror("section"),
            format_func=TITLES.get,
            on_change=adopt,
            args=("section",),
            required=True,
            label_visibility="collapsed",
        )
        section = self.choice.selection.section
        needs_labels = section in ("overview", "roc", "confusion")
        if needs_labels and self.comparison.truth is None:
            note("These jets have no labels of the models' classes: only what needs none is compared.")
            return
        getattr(self, f"_{section}")()

    def _overview(self) -> None:
        columns = st.columns(3)
        with columns[0]:
            if self.comparison.rejections:
                self._plot("Background rejection by class (▸ none passes)", draw.draw_rejections)
            else:
                note("Rejections need jets of JetClass, QCD and another class; here they are not.")
        with columns[1]:
            self._plot("Accuracy and latency", draw.draw_pareto)
        with columns[2]:
            self._plot("Calibration", draw.draw_reliability)

    def _roc(self) -> None:
        if self.comparison.signals:
            self._plot("Background rejection against efficiency", draw.draw_roc)
        else:
            note("A ROC curve needs jets of the background and of another class; here all are of one.")

    def _confusion(self) -> None:
        names, height = self.comparison.names, min(self.height, 560)
        columns = st.columns(max(len(names), 3))
        for m, column in enumerate(columns[: len(names)]):
            with column:
                line('<div class="caption" style="color:{}">{} [% of a class]</div>', self.accents[m], names[m])
                self._chart(draw.draw_confusion(self.comparison, m, self.theme, height), f"confusion{m}")
        if len(names) == 2:
            with columns[2]:
                line('<div class="caption">{} minus {} [points]</div>', *names[::-1])
                self._chart(draw.draw_confusion_change(self.comparison, 1, self.theme, height), "change")

    def _disagreement(self) -> None:
        left, right = st.columns((0.36, 0.64))
        models = len(self.comparison.names)
        with left:
            line('<div class="caption">Jets taken for the same class [%]</div>')
            self._chart(draw.draw_agreement(self.comparison, self.theme, 50 + 56 * models), "agreement")
            if self.comparison.truth is not None:
                first = self.comparison.names[0]
                line('<div class="caption">Right together with {}, alone, or neither</div>', first)
                bars = draw.draw_outcomes(self.comparison, self.theme, 35 + 45 * models, self.accents)
                self._chart(bars, "outcomes")
        with right:
            about = "Most different jets; a click opens one in Explore. Dot: the only model that is right"
            line('<div class="caption">{}</div>', about)
            jets_table(self.choice, self.comparison, self.entries, self.accents, self.height)

    def _attention(self) -> None:
        other = self._other()
        height = min(self.height - 64, 540)
        change = self.comparison.attention[other]
        if not isinstance(change, AttentionChange):
            columns = st.columns((2, 1))
            with columns[0]:
                note(change)
        else:
            columns = st.columns(3)
            heads = (
                ("Jensen-Shannon divergence [nats]", change.mean_divergence, "nats"),
                ("Queries whose strongest key changes [%]", 100 * change.flip_rate, "% of queries"),
            )
            for column, (caption, values, unit) in zip(columns, heads, strict=False):
                with column:
                    line('<div class="caption">{}</div>', f"{caption}, {self.comparison.attention_jets} jets")
                    self._chart(draw.draw_heads(values, unit, self.theme, height), unit)
        with columns[-1]:
            line('<div class="caption">Logit drift from {}</div>', self.comparison.names[0])
            drift = draw.draw_drift(self.comparison, other, self.theme, height, self.accents[other])
            self._chart(drift, "drift")

    def _other(self) -> int:
        """Which model is held against the first."""
        names = self.comparison.names
        other = min(self.choice.selection.against, len(names) - 1)
        if len(names) > 2:
            st.segmented_control(
                f"{names[0]} and",
                list(range(1, len(names))),
                key=mirror("against", other),
                format_func=lambda m: names[m],
                on_change=adopt,
                args=("against",),
                required=True,
            )
        return other

    def _plot(self, caption: str, drawing: Callable) -> None:
        line('<div class="caption">{}</div>', caption)
        self._chart(drawing(self.comparison, self.theme, self.height, self.accents), drawing.__name__)

    def _chart(self, figure: go.Figure, key: str) -> None:
        st.plotly_chart(figure, theme=None, key=key, config={"displayModeBar": False})
