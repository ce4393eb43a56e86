"""Explanations of charts of comparisons, of speed, and of training."""

MODELS: dict[str, tuple[str, str]] = {
    "rejections": (
        "Background rejection 1/ε of the background at the signal efficiency below each class, on a logarithmic axis: "
        "right is better. Bars: 95 % bootstrap. An arrow is a lower limit, where no background jet passes.",
        "arXiv:2202.03772",
    ),
    "pareto": (
        "Accuracy with its 95 % interval against the cost of a model, on a logarithmic axis: upper left is better. "
        "The dotted line joins models that no other beats in both.",
        "",
    ),
    "calibration": (
        "How often a model is right (vertical) in bins of the probability of its prediction (horizontal), and the "
        "number of jets in each bin. Below the diagonal it is overconfident.",
        "arXiv:1706.04599",
    ),
    "roc": (
        "Background rejection (logarithmic) against signal efficiency, by the score p(signal) / (p(signal) + "
        "p(background)); a panel for each signal. Higher is better. Dotted: the published working points.",
        "arXiv:2202.03772",
    ),
    "confusion": (
        "Per cent of the jets of each true class (row) that are predicted as each class (column), from 0 to 100; a "
        "row sums to 100. The diagonal is right.",
        "",
    ),
    "confusion_change": (
        "Difference of two models' confusion matrices in percentage points, linear about zero: on the diagonal red is "
        "an improvement, elsewhere blue is.",
        "",
    ),
    "agreement": (
        "Per cent of the jets that two models predict as the same class, whether that is right or not.",
        "",
    ),
    "outcomes": (
        "Per cent of the jets on which the first model and another are both right, only one is (in its colour), or "
        "neither: what combining them could gain.",
        "",
    ),
    "disagreement": (
        "Jets in the order of the Jensen-Shannon divergence [nats] of the models' probabilities, from 0 to ln M for M "
        "models. A coloured dot marks the only model that is right; a click opens the jet in Explore.",
        "",
    ),
    "attention_divergence": (
        "Jensen-Shannon divergence [nats] of the same head's attention in two models, averaged over queries: 0 for "
        "equal patterns, ln 2 for disjoint ones. Linear scale.",
        "",
    ),
    "attention_flips": (
        "Per cent of the queries whose strongest key differs between two models in the same head, on a linear scale.",
        "",
    ),
    "head_matches": (
        "The head of the other model whose attention is most like each head's on the same jets. Similarity: "
        "correlation over all pairs of particles, from 0 (shuffled keys) to 1 (the same). Matches are chosen on half "
        "of the jets and measured on the others, so that choosing does not inflate them.",
        "",
    ),
    "head_likeness": (
        "Correlation of one head's attention with that of each head of the other model, over all pairs of particles of "
        "a jet, averaged over jets: 1 for the same attention, 0 for shuffled keys, below 0 where one looks away.",
        "",
    ),
    "drift": (
        "Number of jets by the root mean square difference of their logits, over classes, from the first model's, on "
        "a logarithmic axis. The dotted line is the median.",
        "",
    ),
    "quality_by_column": (
        "Accuracy, signal efficiency or background rejection in bins of a number of the jets, each at its median. The "
        "cut is fixed on all jets that are shown. Bands: Wilson's 95 %.",
        "",
    ),
    "sculpting": (
        "Distribution of a number of the background jets that pass a cut, and of those that do not, each scaled to an "
        "area of 1. If the two differ, the tagger knows the number. Bands: Wilson's 95 %.",
        "arXiv:2001.05310",
    ),
    "scores_of_two_samples": (
        "Distribution of the probability of a class in two samples, each scaled to an area of 1. Bands: Wilson's 95 "
        "%. A difference may come from generators, detectors or the mixture of jets.",
        "",
    ),
    "latency": (
        "Median time [ms] of a forward pass, with the spread of its passes, against the jets of a pass or the "
        "constituents of a jet; both axes are logarithmic. A straight line is a power law.",
        "",
    ),
    "throughput": (
        "Jets per second at the median time of a pass, with the spread of its passes, against the jets of a pass or "
        "the constituents of a jet; both axes are logarithmic. Higher is better.",
        "",
    ),
    "memory": (
        "Weights and the peak of a pass's tensors in MB; both axes are logarithmic. On the CPU the buffers inside an "
        "operator are not counted.",
        "",
    ),
    "passes": (
        "Time [ms] of every pass in the order in which they ran, on a logarithmic axis; dashed ones warm up and do "
        "not count. Models alternate, so a disturbance hits all of them.",
        "",
    ),
    "operators": (
        "Time [ms] or new tensors [MB] of a pass by operator, or by module without the modules below it, from torch's "
        "profiler, which slows short operators most.",
        "",
    ),
    "flame": (
        "What a pass consists of: each row divides the one above it, and the width is time or memory. A click "
        "enlarges a part.",
        "",
    ),
    "roofline": (
        "Operations per second (GFLOP/s) against operations per byte, both logarithmic. The slanted line is what "
        "memory allows, the flat one what arithmetic allows; a point's distance below them is what is lost.",
        "",
    ),
    "loss": (
        "Cross-entropy [nats] against the step: faint for single batches, a line for their running mean, points for "
        "the validation jets after each epoch. Validation that rises while training falls is overfitting.",
        "",
    ),
    "settling": (
        "Correlation, over all pairs of query and key of one validation jet, of each head's attention after an epoch "
        "with that of the same head after the last one: mean over the heads of a layer. 1 is the attention at the "
        "end; epoch 0 is before the first step.",
        "",
    ),
    "accuracy_by_epoch": (
        "Share of the validation jets whose most probable class is right, after each epoch, on a linear scale that "
        "does not begin at 0.",
        "",
    ),
    "auc_by_epoch": (
        "Macro AUC on the validation jets after each epoch: one class against one other, averaged over all pairs; ½ "
        "is chance. The linear scale does not begin at 0.",
        "",
    ),
}
