"""What the page shows of what was measured: which measurements, of which machines, which of their models."""

from dataclasses import dataclass

import streamlit as st

from app.components.card import ACCENTS
from app.components.messages import note
from app.services import benchmarks as measuring
from app.services.benchmarks import Results
from app.state.resolve import Choice


@dataclass(frozen=True, eq=False)
class Look:
    """One run of the page. found: the chosen measurements by name."""

    choice: Choice
    tab: str
    found: dict[str, Results]

    @property
    def accents(self) -> tuple[str, ...]:
        return ACCENTS[st.context.theme.type or "light"]

    def colour(self, number: int) -> str:
        """Of a series in the charts."""
        colours = measuring.series_colours(st.context.theme.type or "light", self.accents)
        return colours[number % len(colours)]

    @property
    def series(self) -> dict[str, list]:
        """Rows of a sweep by model, with the measurement in brackets where there are several."""
        found = {}
        for number, results in enumerate(self.found.values(), 1):
            for row in measuring.rows(results):
                name = f"{row.model} ({number})" if len(self.found) > 1 else row.model
                found.setdefault(name, []).append(row)
        return found

    @property
    def rows(self) -> list:
        """Of the first measurement."""
        return measuring.rows(next(iter(self.found.values())))

    def has(self, about: str) -> bool:
        """Whether there is anything to show; else the page says what Run would show."""
        if any(results.rows for results in self.found.values()):
            return True
        note(about)
        return False


def machines(look: Look) -> None:
    """On what the numbers were measured: a line each."""
    for number, results in enumerate(look.found.values(), 1):
        plan = results.plan
        which = f"({number}) " if len(look.found) > 1 else ""
        threads = f"{plan['threads']} thread{'s' if plan['threads'] > 1 else ''}"
        unfinished = "" if results.complete else " · stopped before its end"
        st.caption(f"{which}{results.machine} · {threads} · {results.made[:16].replace('T', ' ')}{unfinished}")


def title(results: Results) -> str:
    """Of a measurement in a list: when, where, and of what."""
    machine = results.machine.gpu or results.machine.cpu
    return f"{results.made[5:16].replace('T', ' ')} · {', '.join(measuring.models_of(results))} · {machine}"


def ms(seconds: float) -> str:
    """Milliseconds, to three digits or whole."""
    return f"{1e3 * seconds:.3g}" if seconds < 0.1 else f"{1e3 * seconds:.0f}"
