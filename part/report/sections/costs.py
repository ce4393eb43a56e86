"""What a prediction costs on this machine: times of passes with their spread, and memory."""

from part.benchmarking.conditions import Verdict, judge
from part.figures.speed_charts import latency
from part.report.content import Paragraph, Picture, Pictures, Section, Table
from part.report.measured import Measured, Speed
from part.report.words import rounded


def section(measured: Measured) -> Section | None:
    if (speed := measured.speed) is None:
        return None
    rows = []
    for row in speed.rows:
        median, (low, high) = row.timing.median, row.timing.spread
        spread = f"{rounded(1e3 * median, 2)} [{rounded(1e3 * low, 2)}, {rounded(1e3 * high, 2)}]"
        rows.append(
            (f"{row.batch:,}", f"{row.n:.0f}", spread, rounded(row.batch / median, 2), f"{row.memory / 1e6:.0f}")
        )
    columns = ("jets of a pass", "constituents, mean", "ms a pass [68 % of passes]", "jets a second", "MB at the peak")
    first = speed.rows[0]
    threads = f"{speed.threads} thread{'s' if speed.threads > 1 else ''}"
    text = (
        f"{len(first.seconds)} passes of each size, of the network alone on jets that are ready, with the "
        f"{first.backend} backend in {first.precision} on {threads}: {speed.machine}. The file of the weights "
        f"has {first.disk / 1e6:.1f} MB."
    )
    chart = Picture("latency", latency({"": speed.rows}, "batch"), "Medians, with the range of 68 % of the passes.")
    return Section(
        "costs",
        "Costs",
        (Paragraph(verdict(speed).sentence), Table(columns, tuple(rows)), Paragraph(text), Pictures((chart,))),
    )


def verdict(speed: Speed) -> Verdict:
    """Return whether the times may be quoted, by the scatter of the passes and by what else the machine did."""
    return judge((row.timing for row in speed.rows), (row.conditions for row in speed.rows))
