"""The one error that users see, and what they are warned of."""


class PartError(ValueError):
    """Bad input, described in one sentence: which file, branch or entry, and what was expected instead."""


class AssumptionWarning(UserWarning):
    """Something that nothing says of a model, and that was assumed as it is in the published trainings."""
