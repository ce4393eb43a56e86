"""One run of Attribution: which class is explained by which method; and the lines where that is chosen."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app.components.messages import line
from app.components.study.class_choice import class_choice
from app.components.study.context import ModelContext
from app.components.study.controls import head_inputs, model_segments
from app.components.study.header import run_and_export, study_header
from app.components.toolbar import jet_line
from app.pages.attribution.state import AttributionState
from app.services import attribution
from app.services.library import Attribution, attribution_charts
from app.state import session
from app.state.context import PageContext

NO_INPUTS = "It gives one number per particle."
OF_SAMPLES = ("sample", "truth", "physics")  # tabs


@dataclass(frozen=True, eq=False)
class AttributionContext(ModelContext):
    """One run of Attribution, whose state is an AttributionState; its study is of a jet or, on one tab, of a sample."""

    @property
    def unsupported(self) -> dict[str, str | None]:
        """The reason why each method cannot be shown here, or None."""
        reasons = attribution.unsupported(self.model)
        if self.tab == "inputs":
            without = [name for name in reasons if name not in attribution.BY_INPUT]
            reasons |= {name: reasons[name] or NO_INPUTS for name in without}
        return reasons

    @property
    def method(self) -> str | None:
        """The chosen method, or the first that the model supports; None if it supports none."""
        supported = [name for name, reason in self.unsupported.items() if reason is None]
        requested = self.state.method
        return requested if requested in supported else next(iter(supported), None)

    @property
    def compared(self) -> tuple[str, ...]:
        """The methods whose attributions are compared with the truth and with physics."""
        return attribution.compared_methods(self.model, self.state.compared)

    @property
    def has_heads(self) -> bool:
        """Return whether the model's particles attend to each other."""
        return self.model.config.attends_to == "particles"

    @property
    def target(self) -> tuple[str, float]:
        """The title and the value of what is attributed to the particles."""
        return attribution.describe_target(self.file, self.jet, self.model, self.target_class, self.contrast_class)

    @property
    def attribution(self) -> Attribution:
        """The attribution by the chosen method, if that is a quick one."""
        return attribution.attribute_jet(
            self.file, self.jet, self.model, self.target_class, self.contrast_class, self.method
        )

    def studied_entries(self) -> np.ndarray:
        return self.entries if self.tab in OF_SAMPLES else np.array([self.jet])


def make_context(page: PageContext, tab: str) -> AttributionContext:
    return AttributionContext.create(page, tab, attribution.check)


def header(title: str, question: str, context: AttributionContext) -> None:
    """Draw the line of the sample, or of the jet with the steps to others."""
    if context.tab in OF_SAMPLES:
        study_header(title, question, context)
        return
    line('<div class="jet"><b>{}</b><i>{}</i></div>', title, question)
    with st.container(horizontal=True, vertical_alignment="center", key="jet_line"):
        jet_line(context.resolved, context.jet_view if context.is_ready else None)
        run_and_export(context)


def controls(context: AttributionContext) -> None:
    """Choose the model, where there are several, the class and what it is compared with."""
    model_segments(context.selection.models, context.selection.focus)
    if not context.is_ready:
        return
    class_choice(context.model.dataset, context.selection.groups, context.target_class, context.contrast_class)


def method_buttons(context: AttributionContext) -> None:
    """Draw a button for each method; those that cannot be shown are grey, and a line says why."""
    with st.container(horizontal=True, key="methods"):
        for name, reason in context.unsupported.items():
            st.button(
                attribution.TITLES[name],
                key=f"method_{name}",
                type="primary" if name == context.method else "secondary",
                disabled=reason is not None,
                help=reason,
                on_click=session.update,
                args=(AttributionState,),
                kwargs={"method": name},
            )
    reasons = {reason for reason in context.unsupported.values() if reason and reason != NO_INPUTS}
    if reasons:
        st.caption("Grey: " + " ".join(sorted(reasons)))


def left_out_text(names: tuple[str, ...], agreement: np.ndarray) -> str:
    """Return a sentence on the methods that the charts leave out, "" if there are none."""
    titles = [attribution_charts.TITLES[name] for name in attribution_charts.alike(names, agreement)]
    return f" Left out, not known or the same for all particles: {', '.join(titles)}." if titles else ""


def choose_compared(context: AttributionContext) -> None:
    """Choose the methods that Run applies to each jet of the sample, and the head that is shown."""
    titles = {name: attribution.TITLES[name] for name, reason in context.unsupported.items() if reason is None}
    with st.popover(f"Methods: {len(context.compared)}", key="methods_compared"):
        st.multiselect(
            "Methods beside the heads",
            [name for name in titles if name not in attribution.SLOW],
            format_func=lambda name: titles[name],
            help="Shapley values are left out: they take seconds for each jet. The command study takes them, too.",
            **session.bind_widget(AttributionState, "compared", list(context.compared), tuple),
        )
    if context.has_heads:
        head_inputs(context.layer, context.model.config.layers, context.head, context.model.config.heads)
