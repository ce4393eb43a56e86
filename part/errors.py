"""The one error that users see."""


class PartError(ValueError):
    """Bad input, described in one sentence: which file, branch or entry, and what was expected instead."""
