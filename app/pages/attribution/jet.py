"""One jet: what each of its particles and inputs contributes to a class, and how faithful the methods are."""

import numpy as np
import streamlit as st

from app.components.messages import note
from app.components.study.chart import show_chart, show_charts
from app.pages.attribution.context import AttributionContext, left_out_text, method_buttons
from app.services import attribution
from app.services.figures import study_charts
from app.services.library import Attribution, JetProngs, particle_charts, truth_charts

HEIGHT = 570
BARS, PRONGS = 350, 230  # px, where there are both
ABOUT_RUN = (
    "Run draws the Shapley values of this jet, measures how sensitive each method is, and compares all of them: it "
    "takes a while and goes on in the background."
)
ABOUT = {
    "integrated": "Gradients along the straight path from a baseline, the origin of all scaled inputs, to the jet.",
    "integrated_momenta": "Gradients along the path to the jet from the same jet with a tenth of its structure in "
    "ln pT, y and φ; only the interaction changes, the inputs do not.",
    "smoothgrad": "Input times gradient, averaged over noise of 0.1 on the scaled inputs.",
    "smoothgrad_momenta": "Deviation in ln pT, y, φ times gradient, averaged over noise; the inputs do not change.",
    "occlusion": "By how much the log odds fall when a particle is left out; the inputs of the others do not change.",
    "shapley": "What the log odds gain when a particle joins others, averaged over random orders.",
    "rollout": "How much of each particle the attention carries into the class token: the same for all classes.",
    "gradient_attention": "Attention times its gradient, where that is positive, carried through the layers.",
}


def jet(context: AttributionContext) -> None:
    """Draw the jet in the plane beside the list of its strongest particles."""
    method_buttons(context)
    result = _attribution(context)
    if result is None:
        return
    left, right = st.columns((0.53, 0.47), gap="medium")
    with left:
        if context.jet_view.constituents.has_momenta:
            chart = particle_charts.plane(result, context.jet_view)
            show_chart(chart, "plane", HEIGHT, caption=_caption(context, result))
        else:
            note("The data config does not say which of its variables are the momenta, so the jet cannot be drawn.")
    with right:
        prongs = _prongs(context, result)
        height = HEIGHT if prongs is None else BARS
        show_chart(particle_charts.bars(result, context.jet_view), "bars", height)
        if prongs is not None:
            show_chart(truth_charts.jet_shares(prongs), "prongs", PRONGS)
    st.caption(_description(context, result) + _overlap(prongs))


def inputs(context: AttributionContext) -> None:
    """Draw the attribution by input of each particle."""
    method_buttons(context)
    result = _attribution(context)
    if result is None:
        return
    chart = particle_charts.by_input(result, context.jet_view)
    show_chart(chart, "inputs", HEIGHT, caption=_caption(context, result))
    st.caption(_description(context, result))


def methods(context: AttributionContext) -> None:
    """Draw how well the methods agree on this jet, and how faithful they are."""
    result = context.result(ABOUT_RUN)
    if not result:
        return
    charts = study_charts("attribution_jet", result)
    show_charts(charts, ("deletion", "insertion"), 322)
    show_charts(charts, ("agreement", "infidelity", "sensitivity"), 322, (0.46, 0.27, 0.27))
    st.caption(
        f"{result.title}. Particles are removed, or put back, in the order of attribution; faint and dotted: 20 random "
        "orders, 95 % of their mean. Infidelity refers to leaving out random sets of particles."
        + left_out_text(result.names, result.agreement)
    )


def _prongs(context: AttributionContext, result: Attribution) -> JetProngs | None:
    """Return the shares of the prongs in the attribution and in the chosen head's attention; None without the truth."""
    importance = {attribution.TITLES[result.method]: result.values}
    if context.has_heads:
        name = f"layer {context.layer + 1}, head {context.head + 1}"
        importance[name] = context.jet_view.pair_weights("pattern", context.layer, context.head).mean(0)
    return attribution.prong_shares(context.file, context.jet, importance, context.state.match)


def _overlap(prongs: JetProngs | None) -> str:
    """Return how well importance tells the particles of prongs from others; nothing where that is not known."""
    if prongs is None or not all(np.isfinite(list(prongs.auc.values()))):
        return ""
    numbers = (f"{name}: AUC {prongs.auc[name]:.2f}, IoU {prongs.overlap[name]:.2f}" for name in prongs.auc)
    return f" Particles of any prong against others, {'; '.join(numbers)}. Faint: 95 % of shuffled prongs."


def _attribution(context: AttributionContext) -> Attribution | None:
    """Return the chosen method's attribution; None where there is none, and the page says why."""
    if context.method is None:
        note(f"{context.name} supports none of these.")
        return None
    if context.method in attribution.SLOW:
        result = context.result(ABOUT_RUN)
        return result and result.attributions[context.method]
    return context.attribution


def _caption(context: AttributionContext, result: Attribution) -> str:
    title, _ = context.target
    return f"{context.name}: {attribution.TITLES[result.method]}, {title}"


def _description(context: AttributionContext, result: Attribution) -> str:
    """Return what the method is, and how well its values sum to what they should."""
    odds = context.target[1]
    sentences = [ABOUT[result.method], f"The log odds of the whole jet are {odds:.2f}."]
    if result.total is not None and (gap := result.completeness_error) is not None:
        sentences.append(
            f"The values sum to {result.values.sum():.2f} (off by {abs(gap):.1g}): they lead from the baseline's log "
            f"odds, {odds - result.total:.2f}, to the jet's."
        )
    if result.error is not None:
        sentences.append("Intervals of 95 % are of the sampling.")
    if context.model.precision != "fp32":
        sentences.append("Explained in float32.")
    return " ".join(sentences).replace(" -", " −")
