"""What matters: heads, layers and species one by one, fewer keys, and at which depth the prediction is made."""

from part.analysis.intervention.importance import ImportanceResult
from part.figures.studies import importance as importance_charts
from part.figures.studies import study_charts
from part.report.content import Block, Paragraph, Section, Subheading
from part.report.measured import Measured
from part.report.words import jets_of, pictures


def section(measured: Measured) -> Section | None:
    blocks = (*_ablations(measured), *_keys(measured), *_depth(measured))
    return Section("importance", "What matters", blocks) if blocks else None


def summary(measured: Measured) -> list[str]:
    """Return the largest effect, as the chart says it."""
    if (result := measured.result("importance")) is None:
        return []
    measure = main_measure(result)
    text = importance_charts.head_map(result, measure).sentence
    what = "the accuracy" if measure == "accuracy" else "the predictions"
    return [text or f"No head by itself changes {what} significantly."]


def main_measure(result: ImportanceResult) -> str:
    """Return the measure that the report is about: the accuracy, without labels the divergence."""
    return "accuracy" if "accuracy" in result.changes else "divergence"


def _ablations(measured: Measured) -> list[Block]:
    if (result := measured.result("importance")) is None:
        return []
    measure = main_measure(result)
    names = [measure, *(["cross_entropy"] if "cross_entropy" in result.changes else [])]
    names += [f"{measure}_layers", f"{measure}_class", f"{measure}_elsewhere"]
    shown = pictures("importance", study_charts("importance", result), names)
    text = (
        "Each head, layer and species set to zero, one at a time, on "
        f"{jets_of(measured.studies['importance'], measured)}. "
        "Intervals are from paired bootstrap draws, and p-values are corrected for all comparisons together (max-t). "
        "Heads that can stand in for each other look unimportant one by one."
    )
    return [Subheading("Without each part"), Paragraph(text), *([shown] if shown else [])]


def _keys(measured: Measured) -> list[Block]:
    if (result := measured.result("topk")) is None:
        return []
    charts = study_charts("topk", result)
    shown = pictures("topk", charts, list(charts)[:2])
    text = f"Queries attend only to their k strongest keys, on {jets_of(measured.studies['topk'], measured)}."
    return [Subheading("How many keys are enough"), Paragraph(text), *([shown] if shown else [])]


def _depth(measured: Measured) -> list[Block]:
    if (result := measured.result("lens")) is None:
        return []
    charts = study_charts("lens", result)
    shown = pictures("lens", charts, charts)
    text = (
        "What the class blocks read from the residual stream after each particle block, on "
        f"{jets_of(measured.studies['lens'], measured)}."
    )
    return [Subheading("At which depth the prediction is made"), Paragraph(text), *([shown] if shown else [])]
