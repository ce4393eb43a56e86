"""Where the heads look: how sparse they are, at what, what they follow, and what the class token attends to."""

from part.figures.charts import Chart, HeadMap
from part.figures.studies import atlas as atlas_charts
from part.figures.studies import physics as physics_charts
from part.figures.studies import sparsity as sparsity_charts
from part.figures.studies import study_charts
from part.report.content import Block, Paragraph, Section, Subheading
from part.report.measured import Measured
from part.report.words import WIDE, jets_of, pictures, sentence

FOLLOWED = ("pT", "ΔR", "|d0|/σ")


def section(measured: Measured) -> Section | None:
    blocks = (*_names(measured), *_sparsity(measured), *_physics(measured), *_truth(measured))
    return Section("attention", "Where its heads look", blocks) if blocks else None


def summary(measured: Measured) -> list[str]:
    """Return how many particles heads attend to, and what they are called, as the charts say it."""
    texts = []
    if (result := measured.result("sparsity")) is not None:
        text = sentence(sparsity_charts.head_map(result, "effective_number"))
        texts += [f"Number of particles that a head attends to: {text[0].lower()}{text[1:]}"] if text else []
    if (atlas := measured.result("atlas")) is not None:
        texts += [text] if (text := atlas_charts.name_map(atlas).sentence) else []
    return texts


def _names(measured: Measured) -> list[Block]:
    if (result := measured.result("atlas")) is None:
        return []
    shown = pictures("atlas", study_charts("atlas", result), ("names", "class_names"), WIDE)
    text = (
        "Each head is asked whether it attends to the leading particle, to leptons, to its own subjet and so on. It "
        f"has the name of what it does most on one half of {jets_of(measured.studies['atlas'], measured)}, if its "
        f"effect on the other half is at least {result.least_effect:g}, larger than that of any head with untrained "
        "weights, and significant at 5 % for all heads and hypotheses together. Colour: the effect, from 0 (shuffled "
        "keys) to 1 (all attention)."
    )
    if not any(result.names):
        text += " No head has a name."
    return [Subheading("What they are"), Paragraph(text), shown] if shown else []


def _sparsity(measured: Measured) -> list[Block]:
    if (result := measured.result("sparsity")) is None:
        return []
    charts = study_charts("sparsity", result)
    away = {f"{name}_excess": sparsity_charts.excess_map(result, name) for name in ("inter_subjet", "to_leptons")}
    how = pictures("sparsity", charts, ("effective_number", "near_binary", "weights_log", "effective_number_by_class"))
    where = pictures("sparsity", charts | away, (*away, "to_leptons_by_class", *_between(charts)))
    text = (
        f"Means over {jets_of(measured.studies['sparsity'], measured)}. An effective number of 1 is attention to a "
        "single particle, and a near-binary row gives more than 90 % to one. “Minus shuffled keys” is what remains "
        "after subtracting what the same weights would give if they went to random particles: zero means no preference."
    )
    return [Subheading("How sparse they are, and at what"), Paragraph(text), *filter(None, (how, where))]


def _between(charts: dict[str, Chart]) -> list[str]:
    """Return the names of the maps of attention between collections."""
    return [name for name, chart in charts.items() if isinstance(chart, HeadMap) and "Attention from" in chart.title]


def _physics(measured: Measured) -> list[Block]:
    if (result := measured.result("physics")) is None or not physics_charts.has_heads(result):
        return []
    known = [name for name in FOLLOWED if name in physics_charts.known_quantities(result)]
    charts = {f"received_{_file(name)}": physics_charts.received_map(result, name) for name in known}
    has_class = any(source.kind == "class head" for source in result.sources)
    of_class = {
        f"class_{_file(name)}": physics_charts.received_map(result, name, "class head") for name in known if has_class
    }
    shown = [pictures("physics", found, found) for found in (charts, of_class)]
    if not any(shown):
        return []
    text = (
        f"Rank correlations, within each jet and averaged over {jets_of(measured.studies['physics'], measured)}, of "
        "the attention that particles receive with what they are: 1 means that a head gives more to every particle "
        "that has more of it."
    )
    return [Subheading("What they follow"), Paragraph(text), *filter(None, shown)]


def _file(quantity: str) -> str:
    """Return a quantity as names of files have it."""
    return physics_charts.FILES.get(quantity, quantity)


def _truth(measured: Measured) -> list[Block]:
    if (result := measured.result("truth")) is None:
        return []
    names = ("any_prong_excess", "leading_prong_excess", "any_prong_excess_class")
    found = pictures("truth", study_charts("truth", result), names)
    text = (
        "The share of a head's attention on the constituents of the true partons, minus the share if as many "
        f"constituents were drawn at random. Means over {jets_of(measured.studies['truth'], measured)}."
    )
    return [Subheading("Whether they find the partons"), Paragraph(text), found] if found else []
