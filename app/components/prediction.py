"""What a model takes the jet for: its name, size and speed, and a bar a class against the truth."""

import html

import streamlit as st

from app.services.models import Scene, Tagger


def title(tagger: Tagger, name: str, accent: str, seconds: float | None, parity: float | None) -> str:
    """HTML: the name in the model's colour, its parameters, the time it takes for such a jet.

    parity: of a model whose own attention shows no weights, how far its logits are from those of what is shown.
    """
    about = "Median of 3 passes of one jet of about this length, after one that warms up; Performance measures more"
    speed = "" if seconds is None else f' · <span title="{about}">{1e3 * seconds:.0f} ms a jet</span>'
    if parity is not None:
        about = "The flash kernel keeps no weights; they are computed again, step by step, and give these logits"
        speed = f' · <span title="{about}">flash ±{parity:.0e}</span>{speed}'
    return (
        f'<div class="model"><b style="color:{accent}">{html.escape(name)}</b>'
        f"<span>{_count(tagger.n_parameters)} parameters{speed}</span></div>"
    )


def bars(scene: Scene, accent: str) -> None:
    """Probabilities as bars: the true class marked, the most probable one in the model's colour."""
    probabilities = scene.trace.probabilities
    best = int(probabilities.argmax())
    rows = "".join(
        _bar(name, float(p), accent if i == best else None, i == scene.truth)
        for i, (name, p) in enumerate(zip(scene.classes, probabilities, strict=True))
    )
    lines = -(-len(probabilities) // 2)
    st.html(f'<div class="bars" style="grid-template-rows:repeat({lines},1fr)">{rows}</div>')


def _bar(name: str, probability: float, accent: str | None, true: bool) -> str:
    kind = "bar" + (" true" if true else "") + (" best" if accent else "")
    colour = accent or "color-mix(in srgb, currentColor 35%, transparent)"
    filled = f"width:{100 * probability:.1f}%;background:{colour}"
    return (
        f'<div class="{kind}"><span>{html.escape(name)}{" ◂ true" if true else ""}</span>'
        f'<i><u style="{filled}"></u></i><em>{probability:.3f}</em></div>'
    )


def _count(parameters: int) -> str:
    return f"{parameters / 1e6:.2f} M" if parameters >= 1e6 else f"{parameters / 1e3:.1f} k"
