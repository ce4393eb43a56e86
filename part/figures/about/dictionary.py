"""Explanations of charts of sparse dictionaries, and of the similarity of layers."""

SPARSE, CKA = "arXiv:2406.04093", "arXiv:2010.15327"

DICTIONARY: dict[str, tuple[str, str]] = {
    "dictionary_quality": (
        "What the model is worth if the activations of all particles are replaced, by what the dictionary writes of "
        "them and by their mean: 0 % recovered is the mean, 100 % the model as it is. Bars: 95 %.",
        SPARSE,
    ),
    "dictionary_features": (
        "Each point is a feature of the dictionary: for how many of the particles it is active, and how strongly where "
        "it is, in standard deviations of the activations, on logarithmic axes. Features that are active for no "
        "particle are left out.",
        SPARSE,
    ),
    "dictionary_names": (
        "A feature has a name if the property that tells most about where it is active on one half of the jets holds "
        "on the other half, beyond shuffled particles and significantly for all features and properties together.",
        "",
    ),
    "dictionary_effects": (
        "By how much the logit of each class moves, relative to the mean of all logits, if what one feature adds to "
        "the activations is taken away; mean over the jets that have it. Red is up, blue down. The most "
        "important features are shown, by the slope of the predicted class's logit.",
        "",
    ),
    "dictionary_properties": (
        "How much of this feature's weight is on particles with a property, beyond shuffled particles of the jet, or "
        "how high they rank in a quantity: 0 is chance, 1 all of the weight, −1 none. Faint: what 95 % of as many "
        "random directions stay below. Bars: 95 %.",
        "",
    ),
    "dictionary_weights": (
        "How many particles have each weight of this feature, in standard deviations of the activations, on a "
        "logarithmic axis; the outermost bins hold the rest.",
        "",
    ),
    "dictionary_classes": (
        "For how many of the particles of each class's jets this feature is active.",
        "",
    ),
    "dictionary_logits": (
        "By how much the logit of each class moves, relative to the mean of all logits, without this feature and if "
        "its weight is doubled; mean over the jets that have it. Bars: 95 %.",
        "",
    ),
    "similarity_particles": (
        "Linear CKA, debiased, of the residual stream of all particles between two depths: 1 where they agree up to "
        "rotation and scale, 0 where they are independent; hover for the standard error over jets.",
        CKA,
    ),
    "similarity_jets": (
        "Linear CKA, debiased, over jets: of the mean of the residual stream over the particles at each depth, and of "
        "the class token after each class block. 1 is the same up to rotation and scale, 0 independent.",
        CKA,
    ),
}
