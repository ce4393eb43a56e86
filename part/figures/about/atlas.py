"""Explanations of charts of what heads are called, and of their direct shares of logits."""

LOGITS = "arXiv:2211.00593"

ATLAS: dict[str, tuple[str, str]] = {
    "head_names": (
        "The hypothesis that holds for each head, tested on jets on which it was not chosen, against shuffled keys and "
        "untrained weights; no name where none holds. Colour: its effect, from 0 (shuffled keys) to 1 (all attention). "
        "Layers are rows, heads columns.",
        "arXiv:2605.09881",
    ),
    "hypotheses_of_head": (
        "How far this head prefers the keys of each hypothesis: the share of its attention beyond shuffled keys, over "
        "what is possible; 0 is chance, 1 all of it. Faint: the largest effect of any head with untrained weights. "
        "Bars: 95 %.",
        "",
    ),
    "hypothesis_by_class": (
        "How far this head prefers the keys of the hypothesis in the jets of each class; in brackets the number of "
        "jets that have such keys. 0 is chance, 1 all attention. Bars: 95 %.",
        "",
    ),
    "hypothesis_effect": (
        "How far each head prefers the keys of one hypothesis: red is more than shuffled keys receive, blue less, on a "
        "linear scale from −1 to 1. Layers are rows, heads columns; hover for the error.",
        "",
    ),
    "rank_variance": (
        "How much of the variance of a head's attention, times the number of particles, the rank of the key in the "
        "file explains, on jets that did not enter the mean by rank: 0 is nothing, 1 all of it.",
        "",
    ),
    "spread": (
        "The effective number of keys, exp(entropy), as a share of the particles of the jet, on a linear scale: 1 "
        "where all keys receive the same.",
        "",
    ),
    "direct_components": (
        "What each component adds directly to the mean difference of logits, with patterns and scales of norms held: "
        "the bars add up to the sum. Effects through later patterns and feed-forward parts are not in a share. Bars: "
        "95 %.",
        LOGITS,
    ),
    "particle_shares": (
        "What all components add to one particle of this jet, as far as it reaches the difference of logits directly, "
        "with patterns and scales of norms held: red speaks for the class, blue against it. Particles and what is no "
        "particle's add up to the sum.",
        LOGITS,
    ),
    "direct_heads": (
        "What each head of the layers adds directly to the mean difference of logits: red speaks for the class, blue "
        "against it, on a linear scale about zero; hover for the error.",
        LOGITS,
    ),
    "direct_class_heads": (
        "The same difference of logits by what each head of the class token reads from the particles: red speaks for "
        "the class, blue against it, on a linear scale about zero.",
        LOGITS,
    ),
}
