"""Charts of the study `physics`: rank correlations of importance with physics, by head, by method and against pT."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from part.analysis.physics.observables import OF_PARTICLES
from part.analysis.physics.results import Correlations, PhysicsResult
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Grid, HeadMap, Plot, Series
from part.figures.sentences.curves import trend
from part.figures.sentences.places import cell_names, farthest, head_names

RHO = "Spearman's ρ"
LIMITS = (-1.0, 1.0)
STRONGEST = "Strongest correlation"
SIDES = ("positive", "negative")
Head = tuple[int, int]  # layer and head, from 0
FILES = {"ΔR": "dr", "|d0|/σ": "d0_significance", "τ21": "tau21", "τ32": "tau32", "soft-drop mass": "softdrop_mass"}
NUMBERS = {"entropy": "Entropy of heads", "ablation": "Change of the log odds without a head"}


def charts(result: PhysicsResult) -> dict[str, Chart]:
    """Return all charts: maps of heads for each quantity, the methods, and all of it against jet pT."""
    all_charts: dict[str, Chart] = {"methods": methods(result), "methods_by_pt": methods_by_pt(result, "kT")}
    for name in known_quantities(result):
        if has_heads(result):
            all_charts[f"received_{FILES.get(name, name)}"] = received_map(result, name)
    for name in result.observables:
        all_charts[f"heads_{FILES.get(name, name)}"] = observable_map(result, name)
    return all_charts


def known_quantities(result: PhysicsResult) -> tuple[str, ...]:
    """Return those of OF_PARTICLES that a jet of the sample knows, not the same for all of its particles."""
    is_known = np.isfinite(result.of_particles.value[0]).any(0)
    return tuple(name for name, known in zip(OF_PARTICLES, is_known, strict=True) if known)


def has_heads(result: PhysicsResult) -> bool:
    """Return whether particles attend to each other in the model."""
    return result.of_heads is not None


def received_map(result: PhysicsResult, quantity: str, kind: str = "head") -> HeadMap:
    """Return the correlation of the attention that particles receive from each head with a quantity of theirs.

    kind: "head", or "class head" for the heads by which the class token attends to particles.
    """
    rows = [r for r, source in enumerate(result.sources) if source.kind == kind]
    index = 0, rows, OF_PARTICLES.index(quantity)
    layers = 1 + max(result.sources[r].layer or 0 for r in rows)
    value, error = (array[index].reshape(layers, -1) for array in _value_and_error(result.of_particles))
    attention = "Attention received" if kind == "head" else "Attention of the class token"
    chart = _map(f"{attention} and {quantity}, within jets", value, error, "received_and_physics")
    return replace(chart, of_class_token=kind == "class head")


def observable_map(result: PhysicsResult, observable: str) -> HeadMap:
    """Return the correlation over jets of a number of each head with an observable."""
    assert result.of_heads is not None, "only a model with heads has observables"
    index = 0, slice(None), slice(None), result.observables.index(observable)
    value, error = (array[index] for array in _value_and_error(result.of_heads))
    title = f"{NUMBERS[result.number_of_heads]} and {observable}, over jets"
    return _map(title, value, error, "heads_and_observables")


def _map(title: str, value: np.ndarray, error: np.ndarray, about: str) -> HeadMap:
    sentence = farthest(value, Z95 * error, head_names(value.shape), STRONGEST, sides=SIDES)
    return HeadMap(title, RHO, value, error, signed=True, limits=LIMITS, sentence=sentence, about=about)


def methods(result: PhysicsResult) -> Grid:
    """Return the correlations of means of heads, of methods and of pT with what is known of particles."""
    known = known_quantities(result)
    columns = [OF_PARTICLES.index(name) for name in known]
    value, error = (array[0][:, columns] for array in _value_and_error(result.of_particles))
    rows = [r for r in _compared(result) if np.isfinite(value[r]).any()]
    names = tuple(str(result.sources[r]) for r in rows)
    cells = cell_names(names, known, " and ")
    return Grid(
        "Importance and physics of particles, within jets",
        RHO,
        value[rows],
        names,
        known,
        error=error[rows],
        signed=True,
        limits=LIMITS,
        sentence=farthest(value[rows], Z95 * error[rows], cells, STRONGEST, "correlations", sides=SIDES),
        about="received_and_physics",
    )


def methods_by_pt(result: PhysicsResult, quantity: str) -> Plot:
    """Return the correlations of means of heads, of methods and of pT with one quantity against jet pT."""
    o = OF_PARTICLES.index(quantity)
    names = {str(result.sources[r]): (r, o) for r in _compared(result)}
    return _by_pt(result, f"Importance and {quantity}, within jets", result.of_particles, names)


def received_by_pt(result: PhysicsResult, chosen: Head) -> Plot:
    """Return the correlations of the attention that particles receive from one head against jet pT."""
    rows = [r for r, s in enumerate(result.sources) if s.kind == "head" and (s.layer, s.head) == chosen]
    names = {name: (rows[0], OF_PARTICLES.index(name)) for name in known_quantities(result)}
    return _by_pt(result, f"{result.sources[rows[0]]}: attention received, within jets", result.of_particles, names)


def observables_by_pt(result: PhysicsResult, chosen: Head, observables: Sequence[str]) -> Plot:
    """Return the correlations over jets of the number of one head with some observables against jet pT."""
    assert result.of_heads is not None, "only a model with heads has observables"
    names = {name: (*chosen, result.observables.index(name)) for name in observables}
    title = f"layer {chosen[0] + 1}, head {chosen[1] + 1}: {NUMBERS[result.number_of_heads].lower()}, over jets"
    return _by_pt(result, title, result.of_heads, names)


def head_bars(result: PhysicsResult, chosen: Head) -> Plot:
    """Return the correlations over jets of the number of one head with all observables, with intervals."""
    assert result.of_heads is not None, "only a model with heads has observables"
    value, low, high = (getattr(result.of_heads, name)[(0, *chosen)] for name in ("value", "low", "high"))
    title = f"layer {chosen[0] + 1}, head {chosen[1] + 1}: {NUMBERS[result.number_of_heads].lower()}, over jets"
    series = Series("", result.observables, value, low, high, 0, "bars")
    sentence = farthest(value, (high - low) / 2, result.observables, STRONGEST, "observables", sides=SIDES)
    return Plot(title, RHO, "", (series,), x_range=LIMITS, sentence=sentence, about="heads_and_observables")


def _by_pt(result: PhysicsResult, title: str, correlations: Correlations, names: dict[str, tuple]) -> Plot:
    """Return curves by name, at indices of the correlations, against the mean pT of the bins."""
    series = []
    for colour, (name, index) in enumerate(names.items()):
        y, low, high = (getattr(correlations, end)[(slice(1, None), *index)] for end in ("value", "low", "high"))
        known = np.isfinite(y) & np.isfinite(low) & np.isfinite(result.centres[1:])
        series.append(Series(name, result.centres[1:][known], y[known], low[known], high[known], colour))
    axis = "jet pT [GeV]"
    return Plot(
        title, axis, RHO, tuple(series), y_range=LIMITS, sentence=trend(series, axis), about="correlations_by_pt"
    )


def _compared(result: PhysicsResult) -> list[int]:
    return [r for r, source in enumerate(result.sources) if source.kind in ("mean", "method", "pt")]


def _value_and_error(correlations: Correlations) -> tuple[np.ndarray, np.ndarray]:
    """Return the correlations and the standard error that a normal distribution of their interval has."""
    return correlations.value, (correlations.high - correlations.low) / (2 * Z95)
