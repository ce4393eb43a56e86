"""The times of compared models as text and as plain numbers; none is shown without its spread."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from part.benchmarking.cost import Cost, judge_costs
from part.benchmarking.timing import Timing
from part.text import with_spread


def time_text(cost: Cost, timing: Timing) -> str:
    """Return the milliseconds of a cost's timing with their spread, "–" where nothing was timed."""
    if not cost.is_timed:
        return "–"
    low, high = timing.spread
    return with_spread(1e3 * timing.median, (1e3 * low, 1e3 * high))


def times_text(costs: Sequence[Cost]) -> str:
    """Return a sentence on how the models were timed and whether the times may be quoted; "" where none was."""
    verdict = judge_costs(costs)
    if verdict is None:
        return ""
    passes = " and ".join(str(len(timing.seconds)) for timing in (costs[0].single_timing, costs[0].batch_timing))
    when = costs[0].conditions.when[:16].replace("T", " ") if costs[0].conditions else ""
    return f"Times: medians of {passes} passes in turns with 68 % of them, {when}. {verdict.sentence}"


def time_columns(cost: Cost) -> dict:
    """Return the milliseconds of a jet, alone and in a batch: median, spread of 68 %, passes; {} where not timed."""
    if not cost.is_timed:
        return {}
    row: dict[str, Any] = {}
    for name, timing in (("ms_a_jet_alone", cost.single_timing), ("ms_a_jet_in_batch", cost.batch_timing)):
        low, high = timing.spread
        row |= {name: _digits(1e3 * timing.median), f"{name}_low": _digits(1e3 * low)}
        row |= {f"{name}_high": _digits(1e3 * high), f"{name}_passes": len(timing.seconds)}
    return row


def _digits(value: float) -> float | None:
    return float(f"{value:.2g}") if math.isfinite(value) else None


def timing_summary(costs: Sequence[Cost]) -> dict:
    """Return what the machine did while models were timed, and whether the times may be quoted; {} without times."""
    verdict = judge_costs(costs)
    if verdict is None:
        return {}
    conditions = asdict(costs[0].conditions) if costs[0].conditions else {}
    return {"timing": {"quotable": verdict.quotable, "verdict": verdict.sentence, **conditions}}
