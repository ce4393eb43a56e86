"""A model's prediction: its name and size, and a bar for each class."""

import html
from collections.abc import Sequence

import streamlit as st

from app.components.model_table import parameter_count
from app.components.titles import model_title
from app.services.classes import MAX_GROUPS
from app.services.library import (
    N_STRONGEST,
    ClassGroup,
    JetView,
    Tagger,
    strongest_classes,
)

TRUE = " ◂ true"
OUTSIDE = "The model has seen no such jets in its training; its probabilities need not mean anything here"


def title(tagger: Tagger, name: str, accent: str, jet_view: JetView) -> str:
    """Return HTML: the name in the model's colour and the number of parameters.

    A jet that is unlike those of the training is marked.

    Parameters
    ----------
    tagger, name, accent
        The model, what the page calls it, and its colour.
    jet_view : JetView
        The jet. For a model whose kernel keeps no weights it says how far its logits are from those of the weights
        that are shown.
    """
    kernel, how = "", html.escape(tagger.backend_reason)
    if (gap := jet_view.backend_logit_gap) is not None:
        about = "The flash kernel keeps no weights; they are computed again, step by step, and give these logits"
        kernel = f' · <span title="{about}">flash ±{gap:.0e}</span>'
    mark = f'<em title="{OUTSIDE}">{html.escape(jet_view.unlike)}</em>' if jet_view.unlike else ""
    return (
        f'<div class="model"><b style="color:{accent}">{html.escape(model_title(name))}</b>{mark}'
        f'<span><span title="{how}">{parameter_count(tagger.n_parameters)} parameters</span>{kernel}</span></div>'
    )


def bars(jet_view: JetView, accent: str, groups: Sequence[ClassGroup] = (), chosen: Sequence[ClassGroup] = ()) -> None:
    """Draw the probabilities as bars: the true class marked, the predicted one in the model's colour.

    Of many classes the strongest are drawn, the true one and the chosen ones; before them the strongest groups.
    """
    if jet_view.numbers:
        _numbers(jet_view)
    if not jet_view.classes:
        return
    probabilities, truth = jet_view.trace.probabilities, jet_view.truth
    numbers = {group: float(group.probability(probabilities)) for group in (*chosen, *groups) if len(group) > 1}
    strongest = sorted(numbers, key=lambda group: (group not in chosen, -numbers[group]))
    grouped = strongest[: max(MAX_GROUPS, sum(len(group) > 1 for group in chosen))]
    single = [group.members[0] for group in chosen if len(group) == 1]
    shown = strongest_classes(probabilities, truth, kept=N_STRONGEST - len(grouped), chosen=single).tolist()
    best = int(probabilities.argmax())
    drawn = [_bar(f"Σ {group.name}", numbers[group], None, truth in group.members) for group in grouped]
    drawn += [
        _bar(jet_view.classes[i], float(probabilities[i]), accent if i == best else None, i == truth) for i in shown
    ]
    if left_out := len(probabilities) - len(shown):
        rest = max(1 - probabilities[shown].sum(), 0)
        drawn.append(f'<div class="rest">{left_out} more classes, together {rest:.3f}</div>')
    names = [f"Σ {group.name}" + TRUE * (truth in group.members) for group in grouped]
    longest = max(map(len, [*names, *(jet_view.classes[i] + TRUE * (i == truth) for i in shown)]))
    style = f"grid-template-rows:repeat({-(-len(drawn) // 2)},1fr);--name:{min(max(0.56 * longest, 6.6), 15):.1f}em"
    st.html(f'<div class="bars" style="{style}">{"".join(drawn)}</div>')


def _numbers(jet_view: JetView) -> None:
    """Draw the outputs that are no classes, as they are."""
    items = "".join(
        f"<span>{html.escape(name)} <b>{_signed(value)}</b></span>" for name, value in jet_view.numbers.items()
    )
    kind = "a number of the whole jet" if len(jet_view.numbers) == 1 else "numbers of the whole jet"
    about = f"Not classes: the training regressed {kind}, in its own units; no softmax is taken"
    st.html(f'<div class="numbers" title="{about}">{items}<em>{kind}, no class</em></div>')


def _signed(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _bar(name: str, probability: float, accent: str | None, true: bool) -> str:
    kind = "bar" + (" true" if true else "") + (" best" if accent else "")
    colour = accent or "color-mix(in srgb, currentColor 35%, transparent)"
    style = f"width:{100 * probability:.1f}%;background:{colour}"
    return (
        f'<div class="{kind}" title="{html.escape(name)}"><span>{html.escape(name)}{TRUE if true else ""}</span>'
        f'<i><u style="{style}"></u></i><em>{probability:.3f}</em></div>'
    )
