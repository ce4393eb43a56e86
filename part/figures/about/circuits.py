"""Explanations of charts of circuits: sets of heads that were searched for."""

SEARCH = "arXiv:2304.14997"
LIMITS = "arXiv:2211.00593"

CIRCUITS: dict[str, tuple[str, str]] = {
    "circuit_kept": (
        "How much of the difference of logits between two classes is left if only the set computes and all else "
        "is replaced: 0 with none, 1 with all, on jets on which they were not searched. Bands: 95 % over jets, "
        "and over random sets of as many.",
        SEARCH,
    ),
    "circuit_removed": (
        "How much of the difference of logits is left if all compute but the set: 0 if it does all the work, "
        "1 if the others can do it too. Bands: 95 % over jets, and over random sets of as many.",
        LIMITS,
    ),
    "circuit_lost": (
        "What the set of each size loses if one of its members is replaced, too, on jets on which it was not searched: "
        "the mean over its members, and the one that is missed least; above zero all are needed. Bands: 95 % over "
        "jets, and over random sets, each without a random member.",
        LIMITS,
    ),
    "circuit_auc": (
        "The area under the ROC curve of the difference of logits with the set alone: 0.5 is chance. Faint: the whole "
        "model. Bands: 95 % over jets, and over random sets of as many.",
        "",
    ),
    "circuit_heads": (
        "Numbers: the order in which heads entered the growing set. Frames: the set of the chosen size, after pruning. "
        "Colour: the share of the difference of logits that this set loses without the head, red a loss, blue a gain.",
        "",
    ),
    "circuit_edges": (
        "How many edges of the set lead from the components of one layer to those of another one: from the embedding, "
        "heads and feed-forward parts to the queries, keys, values and inputs of later ones.",
        "",
    ),
    "circuit_members": (
        "The share of the difference of logits that the set loses if one of its members is replaced, too, on jets "
        "on which it was not searched; one at zero is not needed. Bars: 95 %.",
        LIMITS,
    ),
    "circuit_stability": (
        "What is in the sets of two disjoint samples of jets over what is in either: 1 if both found the same. Band: "
        "two random sets. Stable: half or more, and more than 95 % of random pairs.",
        "",
    ),
}
