"""How good the model is: accuracy, AUC, rejections, calibration, each with its interval or the jets behind it."""

import numpy as np

from part.analysis.statistics import bootstrap, metrics
from part.analysis.statistics.binomial import Rate
from part.comparison.result import REPLICAS, Comparison
from part.figures import performance_charts
from part.report.content import Block, Paragraph, Picture, Pictures, Section, Table
from part.report.measured import Measured
from part.report.words import between, rounded

MAX_ROWS = 40


def section(measured: Measured) -> Section | None:
    quality = measured.quality
    if quality is None or quality.truth is None:
        return None
    blocks: list[Block] = [Table(("quantity", "value [95 %]"), tuple(_overall(quality)))]
    blocks.append(_by_class(quality))
    if quality.rejections:
        blocks.append(_rejections(quality))
    blocks.append(Pictures(tuple(_pictures(quality))))
    note = (
        f"Intervals of AUC are from {REPLICAS} bootstrap draws of the jets within their classes; those of shares of "
        "jets are Wilson's. The interval of a rejection is for the cut as it is."
    )
    return Section("performance", "Performance", (*blocks, Paragraph(note, is_note=True)))


def summary(measured: Measured) -> list[str]:
    """Return the quality in a sentence."""
    quality = measured.quality
    if quality is None or quality.truth is None:
        return []
    values = quality.quality[0]
    texts = [f"Accuracy {between(values['accuracy'], *_accuracy_ends(quality))}"]
    if values["macro_auc"] is not None:
        texts.append(f"macro AUC {between(values['macro_auc'], *_ends(quality, 'macro_auc'))}")
    return [f"{' and '.join(texts)} on {values['jets']:,} jets (intervals of 95 %)."]


def _ends(quality: Comparison, name: str) -> tuple[float | None, float | None]:
    return quality.interval(0, name) or (None, None)


def _accuracy_ends(quality: Comparison) -> tuple[float, float]:
    """Return Wilson's interval, which has a width where draws within classes of a single jet have none."""
    right = quality.classes[0, quality.labelled] == quality.labels
    low, high = Rate(right.sum(), np.array(len(right))).interval
    return float(low), float(high)


def _overall(quality: Comparison) -> list[tuple[str, str]]:
    values = quality.quality[0]
    rows = [("jets with a class", f"{values['jets']:,}")]
    rows.append(("accuracy", between(values["accuracy"], *_accuracy_ends(quality))))
    if values["macro_auc"] is not None:
        rows.append(("macro AUC, one class against one", between(values["macro_auc"], *_ends(quality, "macro_auc"))))
    rows.append(("expected calibration error", f"{values['calibration_error']:.4f}"))
    return rows


def _by_class(quality: Comparison) -> Table:
    classes = metrics.per_class(quality.probabilities[0, quality.labelled], quality.labels, quality.dataset)
    rows = []
    for name, row in classes.items():
        index = quality.dataset.classes.index(name)
        own, found = quality.labels == index, quality.classes[0, quality.labelled] == index
        efficiency, purity = Rate((own & found).sum(), own.sum()), Rate((own & found).sum(), found.sum())
        cells = [between(float(r.value), *map(float, r.interval), 3) if r.total else "–" for r in (efficiency, purity)]
        rows.append((quality.dataset.titles[index], f"{row['jets']:,}", *cells, _auc(quality, index, row["auc"])))
    rows.sort(key=lambda row: -int(row[1].replace(",", ""))) if len(rows) > MAX_ROWS else None
    few = f", the {MAX_ROWS} most frequent of {len(rows)}" if len(rows) > MAX_ROWS else ""
    columns = ("class", "jets", "efficiency [95 %]", "purity [95 %]", "AUC against all others [95 %]")
    return Table(columns, tuple(rows[:MAX_ROWS]), f"By class{few}")


def _auc(quality: Comparison, index: int, value: float | None) -> str:
    if value is None:
        return "–"
    scores = quality.probabilities[0, quality.labelled, index]
    low, high = bootstrap.auc_interval(scores, quality.labels == index)
    return between(value, low, high)


def _rejections(quality: Comparison) -> Table:
    titles, rows = quality.dataset.titles, []
    for signal, background, efficiency in quality.rejections.values():
        kind = np.isin(quality.labels, (signal, background))
        scores = metrics.discriminant(quality.probabilities[0, quality.labelled][kind], signal, background)
        is_signal = quality.labels[kind] == signal
        cut = np.quantile(scores[is_signal], 1 - efficiency, method="lower")
        rate = Rate((scores[~is_signal] >= cut).sum(), (~is_signal).sum())
        value, low, high = (float(end) for end in rate.inverse)
        text = f"> {rounded(low)}" if np.isinf(value) else f"{rounded(value)} [{rounded(low)}, {rounded(high)}]"
        passing = f"{int(rate.passed):,} of {int(rate.total):,}"
        rows.append((titles[signal], f"{100 * efficiency:g} %", f"{int(is_signal.sum()):,}", passing, text))
    columns = (
        "signal",
        "efficiency",
        "signal jets",
        f"{titles[background]} jets that pass",
        "1/ε of background [95 %]",
    )
    return Table(columns, tuple(rows), "Background rejection; a bound where no background jet passes")


def _pictures(quality: Comparison) -> list[Picture]:
    items = []
    if quality.signals:
        text = "A curve ends where no background jet passes any more."
        items.append(Picture("roc", performance_charts.roc(quality), text))
    items.append(Picture("calibration", performance_charts.calibration(quality), "Bars are Wilson intervals of 95 %."))
    items.append(Picture("confusion", performance_charts.confusion(quality), "Rows add up to 100 %."))
    return items
