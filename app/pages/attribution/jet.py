"""One jet: what each of its particles and inputs speaks for, and how far the methods can be believed."""

import streamlit as st

from app.components.messages import note
from app.components.study.chart import show_chart
from app.pages.attribution.context import Look, methods
from app.services import attribution
from app.services import models as backend
from app.services.attribution import Attribution, JetFindings, charts, jet_charts

HEIGHT = 600
ABOUT_RUN = (
    "Run draws the Shapley values of this jet, measures how sensitive each method is, and compares all of them: it "
    "takes a while and goes on in the background."
)
ABOUT = {
    "integrated": "Gradients along the way from a baseline, the origin of all scaled inputs, to the jet.",
    "integrated_momenta": "Gradients along the way from the jet with a tenth of its structure in ln pT, y and φ to "
    "the jet; what they change is the interaction, the inputs are held.",
    "smoothgrad": "Input times gradient, on average over noise of 0.1 on the scaled inputs.",
    "smoothgrad_momenta": "Deviation in ln pT, y, φ times gradient, on average over noise; the inputs are held.",
    "occlusion": "By how much the log odds fall when a particle is left out; the inputs of the others stay.",
    "shapley": "What the log odds gain when a particle joins others, on average over random orders.",
    "rollout": "How much of each particle the attention carries into the class token: the same for all classes.",
    "gradient_attention": "Attention times its gradient, where that is positive, carried through the layers.",
}


def jet(look: Look) -> None:
    """The jet in the plane beside the list of its strongest particles."""
    methods(look)
    found = _found(look)
    if found is None:
        return
    scene = backend.scene_of(look.choice.file, look.choice.selection.jet, look.task.name)
    left, right = st.columns((0.53, 0.47), gap="medium")
    with left:
        show_chart(charts.plane(found, scene), "plane", HEIGHT, caption=_caption(look))
    with right:
        show_chart(charts.bars(found, scene), "bars", HEIGHT)
    st.caption(_sentence(look, found))


def inputs(look: Look) -> None:
    """The same by input of each particle."""
    methods(look)
    found = _found(look)
    if found is None:
        return
    scene = backend.scene_of(look.choice.file, look.choice.selection.jet, look.task.name)
    show_chart(charts.parts(found, scene), "inputs", HEIGHT, caption=_caption(look))
    st.caption(_sentence(look, found))


def compared(look: Look) -> None:
    """How well the methods agree on this jet, and how faithful they are."""
    findings: JetFindings | None = look.findings(ABOUT_RUN)
    if not findings:
        return
    plots = jet_charts.charts(findings)
    for row, widths in (
        (("deletion", "insertion"), 2),
        (("agreement", "infidelity", "sensitivity"), (0.46, 0.27, 0.27)),
    ):
        for column, name in zip(st.columns(widths), row, strict=True):
            with column:
                show_chart(plots[name], name, 322)
    st.caption(
        f"{findings.title}. Particles are taken out, or put back, in the order of attribution; faint and dotted: "
        "20 random orders, 95 % of their mean. Infidelity is to leaving out random sets of particles."
    )


def _found(look: Look) -> Attribution | None:
    """The chosen method's, or a sentence on why it is not there."""
    if look.method is None:
        note(f"{look.task.name} can have none of these.")
        return None
    if look.method in attribution.SLOW:
        findings: JetFindings | None = look.findings(ABOUT_RUN)
        return findings and findings.attributions[look.method]
    selection = look.choice.selection
    return attribution.found(look.choice.file, selection.jet, look.model, look.of, look.against, look.method)


def _caption(look: Look) -> str:
    selection = look.choice.selection
    jet = attribution.explained(look.choice.file, selection.jet, look.model, look.of, look.against)
    return f"{look.task.name}: {attribution.TITLES[look.method]}, {jet.target.title(look.model.dataset)}"


def _sentence(look: Look, found: Attribution) -> str:
    """What the method is, and how well it closes."""
    selection = look.choice.selection
    jet = attribution.explained(look.choice.file, selection.jet, look.model, look.of, look.against)
    sentences = [ABOUT[found.method], f"The log odds of the whole jet are {jet.value:.2f}."]
    if found.total is not None:
        gap = abs(found.completeness_error)
        sentences.append(f"The values sum to {found.values.sum():.2f}; they should to {found.total:.2f} (± {gap:.1g}).")
    if found.error is not None:
        sentences.append("Intervals of 95 % are of the sampling.")
    if look.model.precision != "fp32":
        sentences.append("Explained in float32.")
    return " ".join(sentences)
