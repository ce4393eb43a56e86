"""Explanations of charts of attributions, of the truth, and of correlations with physics."""

ATTRIBUTION: dict[str, tuple[str, str]] = {
    "attribution": (
        "What each particle contributes to the log odds of the class: red speaks for it, blue against it, on a linear "
        "scale about zero; rollout instead gives shares of the class token. Large contributions need not be faithful: "
        "compare the methods.",
        "arXiv:1703.01365",
    ),
    "inputs": (
        "The attribution of each particle (row) divided among its inputs (column), in log odds; the last row sums "
        "over all particles. Red speaks for the class, blue against it, on a linear scale about zero.",
        "arXiv:1703.01365",
    ),
    "faithfulness": (
        "The probability of the class as particles are removed, or put back, the most important first; the gain is "
        "the area between a curve and that of random orders. A faithful method falls early in deletion and rises "
        "early in insertion. Bands: 95 %.",
        "arXiv:1806.07421",
    ),
    "infidelity": (
        "How badly an attribution predicts what leaving out random sets of particles does: 0 predicts all of it, 1 "
        "nothing; linear scale. Small is better.",
        "arXiv:1901.09392",
    ),
    "sensitivity": (
        "How far the attribution moves, relative to its size, if the scaled inputs move by 0.02: linear scale from 0. "
        "Small is better.",
        "arXiv:1901.09392",
    ),
    "agreement_of_methods": (
        "Spearman's rank correlation of the attributions that two methods give the particles of a jet, from −1 to 1: "
        "1 is the same order, 0 none in common. Methods that disagree cannot both be right.",
        "",
    ),
    "attribution_by_species": (
        "How the sizes of each method's attributions (row) divide among species (column), from 0 to 1. The row of pT "
        "shows the particles' own shares of the momentum: compare with it.",
        "",
    ),
    "attribution_by_rank": (
        "The share of the sizes of a method's attributions that the leading 1, 2, 3, … particles in pT hold, from 0 "
        "to 1. The curve of pT shows their own share of the momentum. Bands: 95 %.",
        "",
    ),
    "prong_excess": (
        "How much of the importance falls on the constituents of a prong, beyond what prongs shuffled among the "
        "constituents get: 0 is chance. Linear scale; for heads importance is the attention received.",
        "",
    ),
    "prong_auc": (
        "How often a constituent of the prong is more important than another one, minus ½: 0 is chance, 0.5 perfect, "
        "−0.5 the opposite. Linear scale.",
        "",
    ),
    "prong_overlap": (
        "AUC: how often a constituent of the prong is more important than another, ½ by chance. IoU: the overlap of "
        "the prong with as many of the most important constituents, from 0 to 1; faint is a random choice.",
        "",
    ),
    "prong_by_pt": (
        "The share of the importance on the prong in bins of jet pT, from 0 to 1, at the mean pT of each bin. Faint: "
        "prongs shuffled among the constituents. Bands: 95 %.",
        "",
    ),
    "jet_prongs": (
        "How this jet's attribution, and the attention received from the chosen head, divide among its prongs, from 0 "
        "to 1. Faint: the prongs shuffled among the particles, with the central 95 %.",
        "",
    ),
    "received_and_physics": (
        "Spearman's ρ, within each jet, of the importance of particles with one of their quantities, averaged over "
        "jets: from −1 to 1, 0 is none. kT is pT times ΔR to the axis. A correlation does not say that the model uses "
        "it.",
        "",
    ),
    "heads_and_observables": (
        "Spearman's ρ over jets of a number of each head, its entropy or what its ablation does, with an observable "
        "of the jet: from −1 to 1. Entropy grows with the number of constituents, and so do many observables.",
        "arXiv:1011.2268",
    ),
    "correlations_by_pt": (
        "Spearman's ρ in bins of jet pT, at the mean pT of each bin: a correlation of all jets may come from their pT "
        "alone. From −1 to 1; bands: 95 % of a bootstrap over jets.",
        "",
    ),
}
