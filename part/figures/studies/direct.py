"""Charts of the study `direct`: what each component adds directly to a difference of logits."""

import numpy as np

from part.analysis.circuits.study import DirectResult
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, HeadMap, Plot, Series
from part.figures.sentences import number

UNIT = "logit"


def charts(result: DirectResult) -> dict[str, Chart]:
    """Return the maps of the heads and the bars of the components."""
    drawn: dict[str, Chart] = {"components": components(result), "heads": head_map(result)}
    return drawn if result.class_heads is None else drawn | {"class_heads": class_head_map(result)}


def head_map(result: DirectResult) -> HeadMap:
    """Return what each head of the layers adds."""
    mean = result.shares["heads"]
    return HeadMap(f"Direct share of each head, {result.target}", UNIT, mean.value, mean.error, signed=True)


def class_head_map(result: DirectResult) -> HeadMap:
    """Return what each head of the class blocks adds by what it reads."""
    mean = result.class_heads
    assert mean is not None
    return HeadMap(f"Read by the class token's heads, {result.target}", UNIT, mean.value, mean.error, signed=True)


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
    )


def _sentence(result: DirectResult) -> str:
    """Return which head adds most; nothing where none differs from the others by its interval."""
    mean, total = result.shares["heads"], result.shares["total"]
    if not np.isfinite(mean.error).all():
        return ""
    order = np.argsort(-np.abs(mean.value), axis=None)
    first, second = (np.unravel_index(i, mean.value.shape) for i in order[:2])
    gap = abs(mean.value[first]) - abs(mean.value[second])
    if gap <= Z95 * np.hypot(mean.error[first], mean.error[second]):
        return ""
    share = number(float(mean.value[first]), float(Z95 * mean.error[first]))
    return (
        f"Layer {first[0] + 1} head {first[1] + 1} adds most of all heads, {share}; the whole difference is "
        f"{number(float(total.value), float(Z95 * total.error))}."
    )
