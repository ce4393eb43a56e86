"""The appendix: methods, what is left out and why, the numbers of each head, where all of it comes from."""

import platform
from functools import partial
from importlib.metadata import version

import numpy as np

import part
from part.analysis.statistics.running_mean import Z95, Mean
from part.export.reproduction import PACKAGES
from part.report import plan
from part.report.content import Block, Code, Paragraph, Section, Subheading, Table
from part.report.measured import Measured
from part.report.sections.importance import main_measure
from part.report.words import MINUS

METHODS = (
    ("atlas", "The share of attention beyond shuffled keys, exactly; 19 initialisations of the same architecture, each "
     "on a part of the jets; Bonferroni."),
    ("sparsity", "Attention is averaged over queries, then over jets. Null hypotheses: the same weights on shuffled "
     "keys, exactly; and the same architecture before training, on the same jets. See arXiv:2412.03673."),
    ("physics", "Spearman's ρ within each jet, then the mean over jets."),
    ("truth", "Constituents belong to the nearest prong by ΔR. The expectation of random subsets of the same size is "
     "exact."),
    ("bias", "Shares of the variance of the logits along each row. Shapley values of the pair features over all 2ⁿ "
     "subsets, against pairs of the sample."),
    ("bias_switch", "One term of the logits is zero in all layers or in one; paired bootstrap. See arXiv:2512.00210."),
    ("topk", "Weights beyond the k largest of a row are set to zero and the rest scaled to a sum of 1. See "
     "arXiv:2512.00210."),
    ("importance", "Outputs of heads, or whole parts, are set to zero. Single-step max-t p-values (Westfall and Young, "
     "1993). See arXiv:2605.09881."),
    ("lens", "Class blocks and head applied to the residual stream of each depth."),
    ("attribution", "Integrated gradients, SmoothGrad, occlusion, Shapley sampling, rollout, gradient times attention; "
     "deletion and insertion against random orders; infidelity (arXiv:1901.09392)."),
)  # fmt: skip


def section(measured: Measured) -> Section:
    blocks: list[Block] = [*_methods(measured), *_left_out(measured), *_heads(measured), *_provenance(measured)]
    return Section("appendix", "Appendix", tuple(blocks))


def _methods(measured: Measured) -> list[Block]:
    titles = {step.name: step.title for step in plan.STEPS}
    rows = [
        (titles[name], f"{measured.studies[name].n_jets:,}", f"{text} {measured.studies[name].study}")
        for name, text in METHODS
        if name in measured.studies
    ]
    return (
        [Subheading("Methods"), Table(("study", "jets", "how, and its options"), tuple(rows), wide=2)] if rows else []
    )


def _left_out(measured: Measured) -> list[Block]:
    if not measured.left_out:
        return []
    rows = tuple(measured.left_out.items())
    return [Subheading("What is left out, and why"), Table(("part", "reason"), rows, wide=1)]


def _heads(measured: Measured) -> list[Block]:
    columns = head_columns(measured)
    if not columns:
        return []
    layers, heads = next(iter(columns.values())).shape[:2]
    rows = [
        (f"{layer + 1}", f"{head + 1}", *(values[layer, head] for values in columns.values()))
        for layer, head in np.ndindex(layers, heads)
    ]
    title = "Means, with ± half of the 95 % interval; changes without a head with their interval, * if significant"
    table = Table(("layer", "head", *columns), tuple(rows), title, is_long=True)
    return [Subheading("The numbers of each head"), table]


def head_columns(measured: Measured) -> dict[str, np.ndarray]:
    """Return numbers of heads as texts (L, H), by the titles of their columns."""
    columns: dict[str, np.ndarray] = {}
    if (sparsity := measured.result("sparsity")) is not None:
        for name, title in (
            ("effective_number", "effective keys"),
            ("entropy", "entropy"),
            ("to_leptons", "to leptons"),
        ):
            columns[title] = _means(sparsity.trained.statistic(name))
    if (bias := measured.result("bias")) is not None:
        columns["share of bias"] = _means(bias.shares.bias)
        columns["flips"] = _means(bias.shares.flips)
    if (importance := measured.result("importance")) is not None:
        measure = main_measure(importance)
        factor, unit = (100.0, "points") if measure == "accuracy" else (1000.0, "mnats")
        statistics = [importance.heads(measure, name) for name in ("value", "low", "high", "significant")]
        columns[f"Δ {measure} [{unit}]"] = np.vectorize(partial(_change, factor), otypes=[object])(*statistics)
    return {title: texts for title, texts in columns.items() if (texts != "–").any()}


def _change(factor: float, value: float, low: float, high: float, is_significant: bool) -> str:
    text = f"{factor * value:.2f} [{factor * low:.2f}, {factor * high:.2f}]{' *' if is_significant else ''}"
    return text.replace("-", MINUS)


def _means(mean: Mean) -> np.ndarray:
    texts = np.vectorize(lambda v, e: f"{v:.3f} ± {e:.3f}" if np.isfinite(v) else "–", otypes=[object])
    return texts(mean.value, Z95 * mean.error)


def _provenance(measured: Measured) -> list[Block]:
    rows = [(name, text) for name, text in provenance(measured).items()]
    note = "The same command on the same files gives the same numbers, but for times."
    table = Table(("", ""), tuple(rows), wide=1)
    command = [Subheading("The command that makes it again"), Code(measured.request.command)]
    return [Subheading("Provenance"), table, *command, Paragraph(note, is_note=True)]


def provenance(measured: Measured) -> dict[str, str]:
    """Return versions, checksums and the date, by name."""
    tagger = measured.tagger
    content = {"made": measured.created, "model": measured.request.model, "sha256 of weights": tagger.sha256}
    content |= {f"sha256 of {name}": value for name, value in measured.checksums.items()}
    packages = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return content | {"versions": f"ParTScope {part.__version__}, Python {platform.python_version()}, {packages}"}
