"""One run of Performance: which measurements are shown, of which machines and models."""

from dataclasses import dataclass
from typing import Self

import streamlit as st

from app.components.messages import caption, line, note
from app.components.theme import accents, theme_name
from app.services import benchmarks
from app.services.library import PartError, Results, Timing, with_spread
from app.state.context import PageContext


@dataclass(frozen=True, eq=False)
class PerformanceContext(PageContext):
    """One run of Performance, whose state is a PerformanceState.

    Attributes
    ----------
    tab : str
        The tab that is shown.
    results : dict of str to Results
        The chosen measurements by name.
    error : str or None
        Why they cannot be shown.
    """

    tab: str
    results: dict[str, Results]
    error: str | None = None

    @classmethod
    def create(cls, page: PageContext, tab: str) -> Self:
        """Return the context with the requested measurements that fit the tab.

        If none does, it is the newest of a chosen model, or else the newest.
        """
        offered, chosen = offered_results(tab), set(page.selection.models)
        names = [name for name in page.state.results if name in offered]
        names = names or [name for name in offered if chosen & set(benchmarks.models_of(load_results(name)))][:1]
        names = names or offered[:1]
        st.session_state["shown_results"] = tuple(names)
        try:
            return cls(page.resolved, page.state, tab, {name: load_results(name) for name in names})
        except PartError as error:
            return cls(page.resolved, page.state, tab, {}, str(error))

    @property
    def accents(self) -> tuple[str, ...]:
        return accents()

    def colour(self, number: int) -> str:
        """Return the colour of a series in the charts."""
        colours = benchmarks.colours(theme_name(), self.accents)
        return colours[number % len(colours)]

    @property
    def series(self) -> dict[str, list]:
        """The measurements of sweeps by model, the chosen ones first.

        The name has the number of the file in brackets where there are several.
        """
        series: dict[str, list] = {}
        numbered = [
            (number, row)
            for number, results in enumerate(self.results.values(), 1)
            for row in benchmarks.measurements(results)
        ]
        for number, row in sorted(numbered, key=lambda pair: self._rank(pair[1].model)):
            name = f"{row.model} ({number})" if len(self.results) > 1 else row.model
            series.setdefault(name, []).append(row)
        return series

    def _rank(self, model: str) -> int:
        """Return 0 for a model that is chosen in the sidebar and 1 for others, so that sorting puts it first."""
        return int(model not in self.selection.models)

    @property
    def unmeasured(self) -> list[str]:
        """The chosen models that none of the measurements has."""
        measured = {name for results in self.results.values() for name in benchmarks.models_of(results)}
        return [name for name in self.selection.models if name not in measured]

    @property
    def first_rows(self) -> list:
        """The measurements of the first file, those of the chosen models first."""
        if not self.results:
            return []
        rows = benchmarks.measurements(next(iter(self.results.values())))
        return sorted(rows, key=lambda row: self._rank(row.model))

    @property
    def first_models(self) -> list[str]:
        """The models of the first file."""
        return list(dict.fromkeys(row.model for row in self.first_rows))

    def has_rows(self, about: str) -> bool:
        """Return whether there is anything to show; otherwise the page says what Run would show."""
        if any(results.rows for results in self.results.values()):
            return True
        note(about)
        return False


def offered_results(tab: str) -> list[str]:
    """Return the names of all measurements that fit a tab, those of this machine first."""
    kind = benchmarks.KIND_OF_TAB[tab]
    return benchmarks.listed(tab) + [name for name, results in uploaded_results().items() if results.kind == kind]


def uploaded_results() -> dict[str, Results]:
    return st.session_state.setdefault("uploaded_results", {})


def load_results(name: str) -> Results:
    """Return a measurement by its name. Raises PartError."""
    return uploaded_results().get(name) or benchmarks.load(name)


def show_origin(context: PerformanceContext) -> None:
    """Say on what the numbers were measured, whether they may be quoted, and which models were not measured."""
    for number, results in enumerate(context.results.values(), 1):
        which = f"({number}) " if len(context.results) > 1 else ""
        n_threads = results.plan["threads"]
        parts = [
            f"{which}{results.machine.gpu or results.machine.cpu}",
            "this machine" if results.machine == benchmarks.machine() else "another machine than this",
            f"{n_threads} thread{'s' if n_threads > 1 else ''}",
            _minute(results),
        ]
        parts += [] if results.complete else ["stopped before its end"]
        verdict = benchmarks.verdict(results)
        markup = '<p class="measured {}" title="{}">Measured on <b>{}</b> · {} <em>{}</em></p>'
        state = "" if verdict.quotable else "doubtful"
        line(markup, state, str(results.machine), parts[0], " · ".join(parts[1:]), verdict.sentence)
    if context.results and (missing := context.unmeasured):
        are, them = ("is", "it") if len(missing) == 1 else ("are", "them")
        caption(f"{', '.join(missing)} {are} not in this measurement; Run measures {them} on this machine.")


def title(results: Results) -> str:
    """Return a measurement's title in a list: when, what, and where."""
    machine = results.machine.gpu or results.machine.cpu
    return f"{_minute(results)[5:]} · {', '.join(benchmarks.models_of(results))} · {machine}"


def milliseconds(timing: Timing, jets: int = 1) -> str:
    """Return HTML: the median in milliseconds, of a pass or of one of its jets, with the spread in small print."""
    low, high = (1e3 * end / jets for end in timing.spread)
    return small_spread(1e3 * timing.median / jets, (low, high))


def small_spread(value: float, ends: tuple[float, float]) -> str:
    """Return HTML: a number with its spread in small print."""
    number, _, spread = with_spread(value, ends).partition(" ")
    return f"{number} <small>{spread}</small>" if spread else number


def _minute(results: Results) -> str:
    return results.created[:16].replace("T", " ")
