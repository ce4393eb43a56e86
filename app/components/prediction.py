"""A model's prediction: its name, size and speed, and a bar for each class."""

import html

import streamlit as st

from app.components.model_table import parameter_count
from app.services.library import JetView, Tagger


def title(tagger: Tagger, name: str, accent: str, seconds: float | None, backend_logit_gap: float | None) -> str:
    """Return HTML: the name in the model's colour, the number of parameters, the time of a prediction.

    Parameters
    ----------
    tagger, name, accent
        The model, what the page calls it, and its colour.
    seconds : float or None
        The time for a jet of this length, once it is measured.
    backend_logit_gap : float or None
        For a model whose kernel keeps no weights: how far its logits are from those of the weights that are shown.
    """
    about = "Median of 3 passes of one jet of about this length, after one warm-up; Performance measures more"
    speed = "" if seconds is None else f' · <span title="{about}">{1e3 * seconds:.0f} ms a jet</span>'
    if backend_logit_gap is not None:
        about = "The flash kernel keeps no weights; they are computed again, step by step, and give these logits"
        speed = f' · <span title="{about}">flash ±{backend_logit_gap:.0e}</span>{speed}'
    return (
        f'<div class="model"><b style="color:{accent}">{html.escape(name)}</b>'
        f"<span>{parameter_count(tagger.n_parameters)} parameters{speed}</span></div>"
    )


def bars(jet_view: JetView, accent: str) -> None:
    """Draw the probabilities as bars: the true class marked, the predicted one in the model's colour."""
    probabilities = jet_view.trace.probabilities
    best = int(probabilities.argmax())
    rows = "".join(
        _bar(name, float(p), accent if i == best else None, i == jet_view.truth)
        for i, (name, p) in enumerate(zip(jet_view.classes, probabilities, strict=True))
    )
    lines = -(-len(probabilities) // 2)
    st.html(f'<div class="bars" style="grid-template-rows:repeat({lines},1fr)">{rows}</div>')


def _bar(name: str, probability: float, accent: str | None, true: bool) -> str:
    kind = "bar" + (" true" if true else "") + (" best" if accent else "")
    colour = accent or "color-mix(in srgb, currentColor 35%, transparent)"
    style = f"width:{100 * probability:.1f}%;background:{colour}"
    return (
        f'<div class="{kind}"><span>{html.escape(name)}{" ◂ true" if true else ""}</span>'
        f'<i><u style="{style}"></u></i><em>{probability:.3f}</em></div>'
    )
