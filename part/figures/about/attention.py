"""Explanations of pictures of the attention itself: of one jet, its sparsity, and its bias."""

PARTICLE_TRANSFORMER = "arXiv:2202.03772"
SPARSE = "arXiv:2412.03673"
BIAS = "arXiv:2512.00210"
OF_QUERIES = "Mean over the queries of a jet, then over jets; layers are rows, heads columns; hover for the interval."

HEADS: dict[str, tuple[str, str]] = {
    "heads_entropy": (
        "Entropy of a query's weights in nats, on a linear scale: 0 if all weight is on one key, ln n for equal "
        "weights on n. Small is sparse.",
        SPARSE,
    ),
    "heads_effective_number": (
        "exp(entropy) of a query's weights: the number of keys that would give this entropy with equal weights, from "
        "1 to the number of constituents, on a linear scale. Small is sparse.",
        SPARSE,
    ),
    "heads_gini": (
        "Gini coefficient of a query's weights, without unit, on a linear scale: 0 for equal weights, near 1 if all "
        "weight is on one key. Large is sparse.",
        SPARSE,
    ),
    "heads_top1": (
        "The largest weight of a query, from 1/n to 1, on a linear scale. Large is sparse.",
        SPARSE,
    ),
    "heads_topk": (
        "The sum of the k largest weights of a query, up to 1, on a linear scale. Large is sparse.",
        SPARSE,
    ),
    "heads_near_binary": (
        "The share of queries that have one weight above the threshold and so look at one particle, on a linear scale "
        "from 0.",
        SPARSE,
    ),
    "heads_identity_distance": (
        "How far a pattern is from each particle attending to itself alone: 0 for that pattern, on a linear scale "
        "without unit.",
        SPARSE,
    ),
    "heads_inter_subjet": (
        "The share of a query's attention to other particles that leaves its own of the exclusive kT subjets, from 0 "
        "to 1. Compare with shuffled keys, which know no subjets.",
        SPARSE,
    ),
    "heads_inter_subjet_edges": (
        "The share of weights above the threshold that lead to another of the exclusive kT subjets, from 0 to 1. "
        "Compare with shuffled keys, which know no subjets.",
        SPARSE,
    ),
    "heads_to_leptons": (
        "The share of attention to other particles that goes to electrons and muons, from 0 to 1, in jets that have "
        "any. Compare with shuffled keys.",
        SPARSE,
    ),
}

ATTENTION: dict[str, tuple[str, str]] = {
    "prediction": (
        "The model's probability of each class, from 0 to 100 %; they sum to 100 %. The model's colour marks the "
        "prediction, bold type the true class, where the file says it.",
        PARTICLE_TRANSFORMER,
    ),
    "mosaic": (
        "Every head's matrix: layers from top to bottom, heads from left to right, queries as rows and keys as "
        "columns. All models share the colours. A click opens a head. Vertical stripes are keys that all queries "
        "attend to; blocks, in the order by subjet, are attention within subjets.",
        PARTICLE_TRANSFORMER,
    ),
    "head": (
        "One head: each row is a query and sums to 1, each column a key. Rows below are the class token's, from which "
        "the prediction is read. Colours are logarithmic or linear, as chosen; quantities with both signs are linear "
        "about zero. A click on a row chooses that constituent.",
        PARTICLE_TRANSFORMER,
    ),
    "slots": (
        "One head of a model whose particles attend to a few slots: rows are queries, columns slots, and each row "
        "sums to 1. The second panel shows the weight of each constituent in each slot. Colours are logarithmic or "
        "linear, as chosen.",
        "arXiv:2006.04768",
    ),
    "display": (
        "Constituents in η and φ about the jet axis: area by pT, symbol by species, colour by subjet. Lines are the "
        "largest weights of the chosen head, from query to key, the wider the larger; a particle's attention to "
        "itself is left out. A chosen constituent has only its own lines. At the border: what lies beyond.",
        "",
    ),
    "constituents": (
        "Momentum [GeV], position, subjet and displacement significance of each constituent, and the attention that "
        "it receives in the chosen head, averaged over all queries. A click chooses it on the whole page.",
        "",
    ),
    "bias_heads": (
        "The interaction bias of all pairs of this jet in each head: a number that is added to q·k/√d before the "
        "softmax. Red is above zero, blue below, on a linear scale that all heads share. A click chooses a head. All "
        "layers have the same bias.",
        PARTICLE_TRANSFORMER,
    ),
    "weights": (
        "Histograms of all attention weights between real particles, one line for a layer or a model; the vertical "
        "axis is logarithmic. Faint: untrained weights of the same architecture. A peak near 1 is attention to one "
        "particle.",
        SPARSE,
    ),
    "attention_by_species": (
        "How one head divides each species' (row) attention to other particles among species (column), minus what "
        "shuffled keys give. Red is more than by chance, blue less; linear scale.",
        SPARSE,
    ),
    "collections": (
        "The share of one collection's attention to other tokens that another one receives, in jets that have both, "
        "from 0 to 1; in maps minus what shuffled keys give, red more, blue less. Bars have intervals of 95 %.",
        "",
    ),
    "variance_shares": (
        "The variance over the keys of a head's logits is the sum of that of q·k, that of the bias and twice their "
        "covariance; the three shares sum to 1. Linear scale; hover for the standard error. A negative covariance: "
        "the two work against each other.",
        BIAS,
    ),
    "flips": (
        "The share of queries whose strongest key would be another one without the bias, from 0 to 1, on a linear "
        "scale. Hover for the standard error.",
        BIAS,
    ),
    "ratio": (
        "Distribution over pairs of |q·k| / |bias|, in quarter decades on a logarithmic axis. Right of 1, q·k is "
        "larger. A softmax ignores the mean of a row of logits, so it is subtracted first where the chart says so.",
        BIAS,
    ),
    "shapley_of_bias": (
        "By how many logits each pair feature moves a head's bias: the mean size of its exact Shapley values, against "
        "pairs drawn from the sample; linear scale from 0. Intervals of 95 % are over jets.",
        "arXiv:1705.07874",
    ),
    "pair_shapley": (
        "Each row is a pair: the mean bias of pairs of the sample, then the exact Shapley value of each feature, then "
        "their sum, the bias of the pair, in logits. Red raises the attention, blue lowers it.",
        "arXiv:1705.07874",
    ),
    "lund_bias": (
        "A head's bias, in logits, averaged over all pairs of the sample at this distance (ln 1/Δ) and relative "
        "transverse momentum (ln kT). Red raises the attention, blue lowers it; empty cells have no pairs. Wide "
        "splittings are left, hard ones on top.",
        "arXiv:1807.04758",
    ),
    "lund_attention": (
        "A head's attention averaged over all pairs of the sample at this distance (ln 1/Δ) and relative transverse "
        "momentum (ln kT), on a linear scale; empty cells have no pairs. Wide splittings are left, hard ones on top.",
        "arXiv:1807.04758",
    ),
    "lund_pairs": (
        "The share of pairs of a jet at each distance (ln 1/Δ) and relative transverse momentum (ln kT): where the "
        "other pictures of this plane rest on many pairs.",
        "arXiv:1807.04758",
    ),
    "bias_function": (
        "The learned bias of a head, in logits, as a function of ln 1/Δ and ln kT at the chosen lnz and lnm². Red "
        "raises the attention, blue lowers it. Dots are pairs of these jets nearby; without dots the function is an "
        "extrapolation.",
        PARTICLE_TRANSFORMER,
    ),
    "bias_switch": (
        "What is left of predictions and quality without the bias (off) or with the bias as the only logits (alone), "
        "in all layers or in one. Bars and rejections have 95 % intervals of a paired bootstrap; the title has the "
        "untouched model.",
        BIAS,
    ),
    "bias_switch_jet": (
        "This jet's class probabilities in per cent: untouched in the first row, then without the bias (off) or with "
        "the bias as the only logits (alone). Colours are linear from 0 to the largest.",
        BIAS,
    ),
} | {kind: (f"{text} {OF_QUERIES}", paper) for kind, (text, paper) in HEADS.items()}
