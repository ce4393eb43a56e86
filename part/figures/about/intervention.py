"""Explanations of charts of interventions: ablation, patching, edits, probes, the lens, top-k attention."""

INTERVENTION: dict[str, tuple[str, str]] = {
    "importance": (
        "How a measure changes if a head, a layer's attention, bias or q·k, or a species is taken out. Red is a rise, "
        "blue a fall; linear about zero. A frame or a star: significant at 5 % for all comparisons together. One "
        "head's work may be taken over by others.",
        "arXiv:2605.09881",
    ),
    "jet_without_heads": (
        "How the probability of the class, for this jet alone, changes without each head, in percentage points: red "
        "is a rise, blue a fall, on a linear scale about zero.",
        "arXiv:2605.09881",
    ),
    "before_and_after": (
        "Class probabilities of this jet, from 0 to 1: faint for the untouched jet and model, in colour with the "
        "chosen component or constituent taken out, or the jet edited.",
        "",
    ),
    "recovery": (
        "How much of the difference in log odds between a clean and a corrupted jet comes back if one activation of "
        "the clean jet is put into the corrupted one: 0 is no effect, 1 all of it. Linear scale; the last column is "
        "all places of a row.",
        "arXiv:2202.05262",
    ),
    "irc_divergence": (
        "Jensen-Shannon divergence [nats] of the predictions with and without an added soft photon, or a collinear "
        "split, against its scale; both axes are logarithmic. An infrared and collinear safe tagger goes to 0 on the "
        "left.",
        "arXiv:1810.05165",
    ),
    "irc_changed": (
        "The share of jets that are predicted as another class after a soft emission, or a collinear split, against "
        "its scale on a logarithmic axis. For a safe tagger it goes to 0 on the left.",
        "arXiv:1810.05165",
    ),
    "probes": (
        "R² of a linear fit of an observable to the particles' mean state after each layer, on jets that it was not "
        "fitted to: 1 is perfect, 0 no better than the mean. Compare with the mean inputs. Bands: standard errors "
        "over folds.",
        "arXiv:1610.01644",
    ),
    "lens_quality": (
        "What the class blocks predict from the state after each layer, as if the layers between were missing: "
        "accuracy and the probability of the true class, from 0 to 1. Bands: 95 %.",
        "arXiv:2303.08112",
    ),
    "lens_divergence": (
        "How far the prediction read after each layer is from the final one: Jensen-Shannon divergence in nats, "
        "linear scale, 0 at the end. Bands: 95 %.",
        "arXiv:2303.08112",
    ),
    "lens_jet": (
        "Class probabilities of this jet as the class blocks read them from the state after each layer, from 0 to 1: "
        "where a curve rises, the prediction forms.",
        "arXiv:2303.08112",
    ),
    "explained_variance": (
        "The share of the variance of a head's outputs for particles that lies along their first principal component, "
        "from 0 to 1. Near 1, the head writes one number for each particle.",
        "arXiv:2512.00210",
    ),
    "component_correlation": (
        "Pearson correlation of the first principal component of each head's outputs with features of the particles, "
        "from −1 to 1. Its sign is chosen so that it grows with pT.",
        "arXiv:2512.00210",
    ),
    "component_profile": (
        "The mean of a head's first principal component against a feature of the particles, in its standard "
        "deviations, with 95 % intervals over jets. Faint: the other heads of the layer.",
        "arXiv:2512.00210",
    ),
    "top_k": (
        "What is left if each query keeps its k largest weights, in all layers and without retraining: the change of "
        "accuracy, the share of jets with the same class, or the divergence, against k on a logarithmic axis. Bands: "
        "95 %.",
        "arXiv:2512.00210",
    ),
    "top_k_jet": (
        "This jet's class probabilities, from 0 to 1, if each query keeps its k largest weights in all layers, "
        "rescaled to a sum of 1; against k on a logarithmic axis, or beside those with all keys.",
        "arXiv:2512.00210",
    ),
}
