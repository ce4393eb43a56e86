"""The error inside this package: why an expression cannot be evaluated, without saying which one it is."""


class Refused(Exception):
    """A part of an expression that is not allowed or does not fit its values; `evaluation` makes it a PartError.

    Attributes
    ----------
    named : bool
        Whether the message says already which part it is.
    """

    def __init__(self, message: str, named: bool = False) -> None:
        super().__init__(message)
        self.named = named


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, which for awkward is followed by a page of context."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return shorten(lines[0].split(" (in compiled code")[0].rstrip(".")) if lines else type(error).__name__


def shorten(text: str, length: int = 160) -> str:
    """Return a text on one line, cut in the middle if it is long."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 40]} ... {text[-35:]}"
