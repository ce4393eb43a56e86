"""The tabs about a run: the end of its output, its card, and its choices."""

import html
from typing import Any

import streamlit as st

from app.components.messages import note
from app.services.library import significant
from app.services.places import conceal
from app.services.runs import Run
from app.services.shipped_runs import is_shipped

LINES = 200


def about(run: Run) -> None:
    """Draw a tab for each."""
    if is_shipped(run):  # their output was not kept
        card, choices = st.tabs(["Card", "Choices"])
    else:
        log, card, choices = st.tabs(["Log", "Card", "Choices"])
        with log:
            _log(run)
    with card:
        if run.card:
            training = {key: value for key, value in run.training.items() if key != "plan"}
            if "before" in training:
                training["before"] = training["before"].get("command")
            _tables(
                {
                    "Result": run.card.get("metrics", {}) | _with_intervals(run.card.get("held_out", {})),
                    "Training": training,
                    "Model": run.card.get("config", {}),
                }
            )
        else:
            note("The card appears with the first checkpoint, after an epoch.")
    with choices:
        items = list(run.config.items())
        third = -(-len(items) // 3)
        _tables({f"{i}": dict(items[third * i : third * (i + 1)]) for i in range(3)}, titles=False)


def _log(run: Run) -> None:
    lines = run.tail(LINES)
    if lines:
        st.html(f'<div class="log"><pre>{html.escape(conceal(chr(10).join(lines)))}</pre></div>')
    else:
        note("There is no output, because the run was started on the command line.")


def _with_intervals(held_out: dict[str, Any]) -> dict[str, str]:
    """Return the results on held-out jets, each followed by its 95 % interval, whose upper end may be infinite.

    Rejections have the number of background jets that pass, or their limit; cards of earlier versions lack both.
    """
    intervals, counts = held_out.get("intervals", {}), held_out.get("background_counts", {})
    results = {key: _text(value) for key, value in held_out.items() if key not in ("intervals", "background_counts")}
    for key in results:
        if key.startswith("rejection") and held_out[key] is None:
            above = counts.get(key, {}).get("above")
            results[key] = "no background jet passes" if above is None else f"> {significant(above)} at 95 %"
    brackets = {
        key: f" [{_text(low)}, {'∞' if high is None else _text(high)}]"
        for key, (low, high) in intervals.items()
        if low is not None
    }
    passing = {key: f" ({own['passing']} of {own['background']})" for key, own in counts.items()}
    return {f"held out: {key}": text + brackets.get(key, "") + passing.get(key, "") for key, text in results.items()}


def _tables(tables: dict[str, dict[str, Any]], titles: bool = True) -> None:
    for column, (title, values) in zip(st.columns(len(tables)), tables.items(), strict=True):
        rows = "".join(
            f"<tr><th>{html.escape(_name(k))}</th><td>{html.escape(conceal(_text(v)))}</td></tr>"
            for k, v in values.items()
        )
        heading = f"<caption>{html.escape(title)}</caption>" if titles else ""
        column.html(f'<table class="card">{heading}{rows}</table>')


def _name(key: str) -> str:
    return key.replace("_", " ")


def _text(value: Any) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.5g}"
        case int():
            return f"{value:,}".replace(",", " ")
        case list() | tuple():
            shown = ", ".join(map(_text, value[:4]))
            return f"{shown}, … ({len(value)})" if len(value) > 4 else shown
        case dict():
            return ", ".join(f"{_name(k)} {_text(v)}" for k, v in value.items())
    return str(value)
