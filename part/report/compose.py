"""From what was measured to a report: its sections in order, its summary, and all of its numbers."""

from typing import Any

import part
from part.jets.notices import plural
from part.report.content import Report, Section
from part.report.measured import Measured
from part.report.plan import described
from part.report.sections import (
    appendix,
    attention,
    attribution,
    bias,
    costs,
    examples,
    importance,
    jets,
    model,
    performance,
)

SECTIONS = (model, jets, performance, attention, bias, importance, attribution, examples, costs, appendix)
SUMMARISED = (performance, attention, bias, importance, attribution)


def compose(measured: Measured) -> Report:
    """Return the report of what was measured."""
    sections: list[Section] = []
    for module in SECTIONS:
        if (section := module.section(measured)) is not None:
            sections.append(section)
    tagger = measured.tagger
    n = sum(map(len, measured.ranges))
    subtitle = f"{described(tagger)} · {plural(n, 'jet')} · {measured.created[:10]} · ParTScope {part.__version__}"
    summary = tuple(sentence for module in SUMMARISED for sentence in module.summary(measured))
    return Report(
        f"Interpretation of {tagger.name}", subtitle, summary, tuple(sections), numbers(measured), tables(measured)
    )


def numbers(measured: Measured) -> dict[str, Any]:
    """Return what the JSON of a report holds: where it comes from, qualities, and the rows of all studies."""
    content: dict[str, Any] = dict(appendix.provenance(measured)) | {"command": measured.request.command}
    content["files"] = [{"path": r.path, "start": r.start, "stop": r.stop} for r in measured.ranges]
    content |= {"notices": list(measured.notices), "left_out": measured.left_out}
    content["assumed"] = {name: repr(value) for name, value in measured.tagger.assumed.items()}
    if (quality := measured.quality) is not None and quality.truth is not None:
        ends = {name: quality.interval(0, name) for name in quality.replicas}
        content["quality"] = quality.quality[0]
        content["intervals"] = {name: [rounded_end(end) for end in both] for name, both in ends.items() if both}
    content["studies"] = {
        name: {
            "study": repr(studied.study),
            "files": [{"path": r.path, "start": r.start, "stop": r.stop} for r in studied.ranges],
            "rows": studied.result.rows(),
        }
        for name, studied in measured.studies.items()
    }
    if measured.speed is not None:
        content["speed"] = {
            "machine": str(measured.speed.machine),
            "busy": not costs.verdict(measured.speed).quotable,
            "rows": [{"batch": row.batch, "seconds": list(row.seconds)} for row in measured.speed.rows],
        }
    return content


def rounded_end(end: float) -> float | None:
    """Return the end of an interval as JSON holds it, None where it is infinite."""
    return None if end in (float("inf"), float("-inf")) else round(end, 5)


def tables(measured: Measured) -> dict[str, list[dict]]:
    """Return the rows of all studies by their names."""
    return {name: studied.result.rows() for name, studied in measured.studies.items()}
