"""Charts of the study `direct`: what each component adds directly to a difference of logits."""

from dataclasses import replace

import numpy as np

from part.analysis.circuits.study import DirectResult
from part.analysis.statistics.running_mean import Z95, Mean
from part.figures.charts import Chart, HeadMap, Plot, Series
from part.figures.sentences.places import farthest, head_names

UNIT = "logit"


def charts(result: DirectResult) -> dict[str, Chart]:
    """Return the maps of the heads and the bars of the components."""
    drawn: dict[str, Chart] = {"components": components(result), "heads": head_map(result)}
    return drawn if result.class_heads is None else drawn | {"class_heads": class_head_map(result)}


def head_map(result: DirectResult) -> HeadMap:
    """Return what each head of the layers adds."""
    mean = result.shares["heads"]
    return _map(f"Direct share of each head, {result.target}", mean, "direct_heads")


def class_head_map(result: DirectResult) -> HeadMap:
    """Return what each head of the class blocks adds by what it reads."""
    mean = result.class_heads
    assert mean is not None
    chart = _map(f"Read by the class token's heads, {result.target}", mean, "direct_class_heads")
    return replace(chart, of_class_token=True)


def _map(title: str, mean: Mean, about: str) -> HeadMap:
    sides = "for the class", "against it"
    names = head_names(mean.value.shape)
    sentence = farthest(mean.value, Z95 * mean.error, names, "Largest share", unit=UNIT, sides=sides)
    return HeadMap(title, UNIT, mean.value, mean.error, signed=True, quantity="share", sentence=sentence, about=about)


def components(result: DirectResult) -> Plot:
    """Return bars of all components, with the heads of a layer together; they add up to the last one."""
    names, values, errors = [], [], []
    for title, key in (("embedding", "embedding"), ("constant", "constant"), ("class token", "class_token")):
        names.append(title)
        values.append(float(result.shares[key].value))
        errors.append(float(result.shares[key].error))
    heads, ffn = result.shares["heads"], result.shares["ffn"]
    for layer in range(len(ffn.value)):
        names += [f"layer {layer + 1}, heads", f"layer {layer + 1}, feed-forward"]
        values += [float(heads.value[layer].sum()), float(ffn.value[layer])]
        errors += [np.nan, float(ffn.error[layer])]  # heads of a layer are correlated: their sum has no error here
    for layer, value in enumerate(result.shares["class_ffn"].value):
        names.append(f"class layer {layer + 1}, feed-forward")
        values.append(float(value))
        errors.append(float(result.shares["class_ffn"].error[layer]))
    total = result.shares["total"]
    names.append("sum")
    values.append(float(total.value))
    errors.append(float(total.error))
    y, half = np.array(values), Z95 * np.nan_to_num(np.array(errors))
    bars = Series("", tuple(names), y, y - half, y + half, style="bars")
    return Plot(
        f"Components, {result.target}",
        f"mean share of the difference [{UNIT}]",
        "",
        (bars,),
        sentence=_sentence(result),
        about="direct_components",
    )


def _sentence(result: DirectResult) -> str:
    """Return which component that is no sum of others adds most, of those that differ from none."""
    names, values, errors = ["the embedding"], [result.shares["embedding"].value], [result.shares["embedding"].error]
    for title, key in (("layer", "ffn"), ("class layer", "class_ffn")):
        mean = result.shares[key]
        names += [f"the feed-forward part of {title} {layer + 1}" for layer in range(len(mean.value))]
        values += list(mean.value)
        errors += list(mean.error)
    heads = result.shares["heads"]
    names += head_names(heads.value.shape)
    value, error = np.append(values, heads.value), np.append(errors, heads.error)
    sides = "for the class", "against it"
    return farthest(value, Z95 * error, names, "Largest share", "components", unit=UNIT, sides=sides)
