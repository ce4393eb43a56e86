"""The sections of a comparison below the table, of which one is shown at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from app.components.explained import explained
from app.components.guard import callback
from app.components.messages import caption, grouped, line, note, plain, show_error
from app.components.study.progress import show_progress
from app.components.theme import accents, theme_name
from app.components.titles import own_names
from app.pages.compare.by_column import by_column, sculpting
from app.pages.compare.context import CompareContext
from app.pages.compare.explanations import about, sentence
from app.pages.compare.heads import heads
from app.pages.compare.jets import jets_table
from app.pages.compare.state import CompareState
from app.pages.compare.table import quality_table
from app.services import model_times
from app.services.library import Comparison, PartError
from app.services.library import comparison_charts as charts
from app.state import session
from app.state.filters import parse_filter

TITLES = {
    "overview": "Overview",
    "roc": "ROC curves",
    "confusion": "Confusion",
    "disagreement": "Disagreement",
    "attention": "Attention",
    "heads": "Heads",
    "columns": "Columns",
    "sculpting": "Sculpting",
}
WITH_LABELS = ("overview", "roc", "confusion", "columns", "sculpting")


def show_result(context: CompareContext, result: Comparison) -> None:
    """Draw the table and the chosen section, of all jets or of the slice that is chosen."""
    try:
        shown, comparison = context.sliced(result)
    except PartError as error:
        show_error(error)
        st.button("All jets", key="no_slice", on_click=_all_jets)
        return
    if shown.kept is not None:
        with st.container(horizontal=True, vertical_alignment="center", key="slice_line"):
            told = parse_filter(context.state.slice).description
            st.caption(plain(f"Slice: {len(comparison)} of {len(result)} jets, {told}; attention and cost: all jets"))
            st.button("All jets", key="no_slice", on_click=_all_jets, type="tertiary")
    comparison = model_times.with_times(comparison, context.times_job)
    quality_table(comparison)
    Sections(shown, comparison).show()


def _all_jets() -> None:
    session.update(CompareState, slice="")


@callback
def _time_models(context: CompareContext) -> None:
    model_times.start(context.file, context.entries, context.models)


@dataclass(frozen=True, eq=False)
class Sections:
    """A comparison as this run shows it."""

    context: CompareContext
    comparison: Comparison

    @property
    def theme(self) -> str:
        return theme_name()

    @property
    def accents(self) -> tuple[str, ...]:
        return accents()

    @property
    def height(self) -> int:
        """The pixels below the table and a caption, so that all fits on a screen of 900."""
        return 660 - 29 * len(self.comparison.names)

    def show(self) -> None:
        st.segmented_control(
            "Section",
            list(TITLES),
            format_func=lambda name: TITLES[name],
            required=True,
            label_visibility="collapsed",
            **session.bind_widget(CompareState, "section"),
        )
        section = self.context.state.section
        if section in WITH_LABELS and self.comparison.truth is None:
            note("These jets have no labels of the models' classes: only what needs none is compared.")
            return
        getattr(self, f"_{section}")()

    def _overview(self) -> None:
        columns = st.columns(3)
        with columns[0]:
            if self.comparison.rejections:
                shown, n_points = len(charts.rejections_drawn(self.comparison)), len(self.comparison.rejections)
                n_background = grouped(self.comparison.background_jets)
                text = f"Rejection, {n_background} background jets (→ 95 % limits)"
                self._plot("rejections", text, charts.draw_rejections)
                if shown < n_points:
                    st.caption(f"The {shown} of {n_points} classes with the most jets.")
            else:
                note(
                    "Rejections need jets of the background (QCD, or what is chosen under Classes) and of another "
                    "class; there are none here."
                )
        with columns[1]:
            self._frontier()
        with columns[2]:
            self._plot("reliability", "Calibration", charts.draw_reliability)

    def _frontier(self) -> None:
        """Draw accuracy against the time of a jet in a batch, or against parameters until the models are timed."""
        job = self.context.times_job
        if times := model_times.sentence(self.comparison):
            self._plot("pareto", "Accuracy and time", charts.draw_pareto, 44)
            st.caption(times)
            return
        self._plot("pareto", "Accuracy and size", charts.draw_pareto, 44)
        if job and job.is_running:
            show_progress([job])
            return
        about = "Runs all of them in turns on this machine, for some seconds"
        st.button("Time the models", key="time_models", on_click=_time_models, args=(self.context,), help=about)

    def _roc(self) -> None:
        if self.comparison.signals:
            shown, n_signals = len(charts.roc_signals(self.comparison)), len(self.comparison.signals)
            few = f", the {shown} of {n_signals} classes with the most jets" if shown < n_signals else ""
            self._plot("roc", f"Background rejection against efficiency{few}", charts.draw_roc, 30)
            counted = grouped(self.comparison.background_jets)
            st.caption(
                f"Bands: Wilson intervals (95 %) of {counted} background jets. Arrows: lower limits at 95 % for "
                "tighter cuts, which none of them passes."
            )
        else:
            note("A ROC curve needs jets of the background and of another class; here all are of one.")

    def _confusion(self) -> None:
        names, height = self.comparison.names, min(self.height, 560)
        columns = st.columns(max(len(names), 3))
        for m, column in enumerate(columns[: len(names)]):
            with column:
                line('<div class="caption" style="color:{}">{} [% of a class]</div>', self.accents[m], names[m])
                self._chart(charts.draw_confusion(self.comparison, m, self.theme, height), f"confusion{m}")
        if len(names) == 2:
            with columns[2]:
                line('<div class="caption">{} minus {} [points]</div>', *names[::-1])
                self._chart(charts.draw_confusion_change(self.comparison, 1, self.theme, height), "change")
        shown, n_classes = len(charts.confusion_classes(self.comparison)), len(self.comparison.dataset.titles)
        if shown < n_classes:
            st.caption(f"The {shown} of {n_classes} classes that have, or are predicted for, the most jets.")

    def _disagreement(self) -> None:
        left, right = st.columns((0.36, 0.64))
        n_models = len(self.comparison.names)
        with left:
            line('<div class="caption">Jets predicted as the same class [%]</div>')
            self._chart(charts.draw_agreement(self.comparison, self.theme, 50 + 56 * n_models), "agreement")
            if self.comparison.truth is not None:
                line('<div class="caption">Right together with {}, alone, or neither</div>', self.comparison.names[0])
                bars = charts.draw_outcomes(self.comparison, self.theme, 35 + 45 * n_models, self.accents)
                self._chart(bars, "outcomes")
        with right:
            about = "Most different jets; a click opens one in Explore. Dot: the only model that is right"
            line('<div class="caption">{}</div>', about)
            with explained("disagreement", "titled_jets"):
                jets_table(self.context, self.comparison, self.accents, self.height)

    def _attention(self) -> None:
        other = self._choose_other()
        height = min(self.height - 64, 540)
        change = self.comparison.attention[other]
        if change is None or isinstance(change, str):
            columns = st.columns((2, 1))
            with columns[0]:
                note(change or "")
        else:
            columns = st.columns(3)
            maps = (
                ("Jensen-Shannon divergence [nats]", lambda change: change.mean_divergence, "nats"),
                ("Queries whose strongest key changes [%]", lambda change: 100 * change.flip_rate, "% of queries"),
            )
            changes = [known for known in self.comparison.attention if known is not None and not isinstance(known, str)]
            for column, (title, values_of, unit) in zip(columns, maps, strict=False):
                with column:
                    line('<div class="caption">{}</div>', f"{title}, {self.comparison.attention_jets} jets")
                    # All models share the scale, so that switching between them compares them.
                    largest = max(float(values_of(known).max()) for known in changes)
                    self._chart(charts.draw_heads(values_of(change), unit, self.theme, height, largest), unit)
        with columns[-1]:
            line('<div class="caption">Logit drift from {}</div>', self.comparison.names[0])
            drift = charts.draw_drift(self.comparison, other, self.theme, height, self.accents[other])
            self._chart(drift, "drift")

    def _heads(self) -> None:
        heads(self.context, self._choose_other(), min(self.height - 80, 520))

    def _columns(self) -> None:
        by_column(self.context, self.comparison, self.accents, min(self.height - 150, 400))

    def _sculpting(self) -> None:
        sculpting(self.context, self.comparison, self.accents, min(self.height - 150, 400))

    def _choose_other(self) -> int:
        """Choose which model is compared with the first."""
        names = self.comparison.names
        other = min(self.context.state.other_model, len(names) - 1)
        if len(names) > 2:
            st.segmented_control(
                f"{names[0]} and",
                list(range(1, len(names))),
                format_func=lambda m: names[m],
                required=True,
                **session.bind_widget(CompareState, "other_model", other),
            )
        return other

    def _plot(self, key: str, caption: str, draw: Callable[..., go.Figure], below: int = 0) -> None:
        """Draw a chart that leaves some pixels below it to a text."""
        line('<div class="caption">{}</div>', caption)
        self._chart(draw(self.comparison, self.theme, self.height - below, self.accents), key)

    def _chart(self, figure: go.Figure, key: str) -> None:
        with explained(about(key), f"titled_{key}"):
            st.plotly_chart(own_names(figure), theme=None, key=key, config={"displayModeBar": False})
        caption(sentence(key, self.comparison, min(self.context.state.other_model, len(self.comparison.names) - 1)))
