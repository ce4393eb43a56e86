"""What a prediction costs on this machine: times of passes with their spread, and memory."""

import numpy as np

from part.figures.speed_charts import latency
from part.report.content import Paragraph, Picture, Pictures, Section, Table
from part.report.measured import Measured, Speed
from part.report.words import rounded

BUSY_SCATTER = 0.2  # of the middle half of passes over the median, above which the machine was doing something else


def section(measured: Measured) -> Section | None:
    if (speed := measured.speed) is None:
        return None
    rows = []
    for row in speed.rows:
        median, (low, high) = row.timing.median, row.timing.quartiles
        spread = f"{rounded(1e3 * median, 2)} [{rounded(1e3 * low, 2)}, {rounded(1e3 * high, 2)}]"
        rows.append(
            (f"{row.batch:,}", f"{row.n:.0f}", spread, rounded(row.batch / median, 2), f"{row.memory / 1e6:.0f}")
        )
    columns = ("jets of a pass", "constituents, mean", "ms a pass [quartiles]", "jets a second", "MB at the peak")
    first = speed.rows[0]
    load = "" if speed.load is None else f" Load of the machine before: {speed.load:.1f}."
    threads = f"{speed.threads} thread{'s' if speed.threads > 1 else ''}"
    text = (
        f"{len(first.seconds)} passes of each size, of the network alone on jets that are ready, with the "
        f"{first.backend} backend in {first.precision} on {threads}: {speed.machine}.{load} The file of the weights "
        f"has {first.disk / 1e6:.1f} MB."
    )
    chart = Picture("latency", latency({"": speed.rows}, "batch"), "Medians with quartiles.")
    return Section(
        "costs", "Costs", (Paragraph(_verdict(speed)), Table(columns, tuple(rows)), Paragraph(text), Pictures((chart,)))
    )


def is_busy(speed: Speed) -> bool:
    """Return whether the machine did something else meanwhile, by the load before and the scatter of the passes."""
    scatter = np.median([np.diff(row.timing.quartiles)[0] / row.timing.median for row in speed.rows])
    return bool(scatter > BUSY_SCATTER or (speed.load is not None and speed.load > speed.machine.cores))


def _verdict(speed: Speed) -> str:
    if is_busy(speed):
        return "The machine was busy with other work: do not quote these times."
    return "The machine was quiet; the times hold for it and this batch of jets."
