"""Whether attention comes from q·k or from the interaction bias, and what is left without one of them."""

from part.figures.studies import study_charts
from part.report.content import Block, Paragraph, Section, Subheading
from part.report.measured import Measured
from part.report.words import jets_of, pictures, rounded

MAX_LUND = 4  # heads whose bias is drawn over the Lund plane


def section(measured: Measured) -> Section | None:
    blocks = (*_shares(measured), *_without(measured))
    return Section("bias", "Interaction bias against q·k", blocks) if blocks else None


def summary(measured: Measured) -> list[str]:
    """Return what is lost without the bias, if that is significant."""
    result = measured.result("bias_switch")
    if result is None or "accuracy" not in result.quantities:
        return []
    effects = {e.ablation.removed: e for a, e in result.by_ablation("accuracy").items() if a.layer is None}
    texts = []
    for removed, what in (("bias", "the interaction bias"), ("scores_qk", "q·k")):
        if (e := effects.get(removed)) is not None and e.change_high < 0:
            ends = f"[{rounded(-100 * e.change_high, 2)}, {rounded(-100 * e.change_low, 2)}]"
            texts.append(f"without {what} accuracy falls by {rounded(-100 * e.change, 2)} {ends} points")
    return [f"In all layers, {' and '.join(texts)}."] if texts else []


def _shares(measured: Measured) -> list[Block]:
    if (result := measured.result("bias")) is None:
        return []
    charts = study_charts("bias", result)
    maps = pictures("bias", charts, ("share_bias", "flips", "ratio", "shapley"))
    heads = [f"lund_bias_head{head + 1}" for head in range(min(MAX_LUND, len(result.base)))]
    lund = pictures("bias", charts, heads)
    text = (
        f"The logits of attention are q·k/√d plus the bias. Means over {jets_of(measured.studies['bias'], measured)}: "
        "the share of the bias in the variance of the logits along a row, how often a query's strongest key would be "
        "another one without the bias, and how much each pair feature changes the bias (exact Shapley values)."
    )
    few = len(result.base) > MAX_LUND
    plane = [Paragraph(f"The bias over the Lund plane, of the first {MAX_LUND} heads.")] if few and lund else []
    return [
        Subheading("Which of them decides"),
        Paragraph(text),
        *([maps] if maps else []),
        *plane,
        *([lund] if lund else []),
    ]


def _without(measured: Measured) -> list[Block]:
    if (result := measured.result("bias_switch")) is None:
        return []
    names = ("accuracy", "macro_auc", "share_of_jets_that_change_class", "logit_drift")
    shown = pictures("bias_switch", study_charts("bias_switch", result), names)
    text = (
        f"The trained weights with one of both set to zero, on {jets_of(measured.studies['bias_switch'], measured)}. A "
        "model that was trained without a bias would answer another question."
    )
    return [Subheading("What is left without one of them"), Paragraph(text), *([shown] if shown else [])]
