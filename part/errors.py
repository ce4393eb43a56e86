"""The one error that users see, and what they are warned of."""

import re

_LONG_WORD = re.compile(r"(\S{60})\S{280,}(\S{60})")
_MOST = 2000  # letters of a sentence


class PartError(ValueError):
    """Bad input, described in one sentence: which file, branch or entry, and what was expected instead."""


class UndecidedError(PartError):
    """Something that neither the files nor the user said, and that one option can.

    Parameters
    ----------
    sentence : str
        What is not known, without the option.
    option : str
        The option's name as an argument of the library. A command, where it is a flag, words the end by itself.
    """

    def __init__(self, sentence: str, option: str):
        super().__init__(sentence, option)  # so that processes can send it to each other
        self.sentence, self.option = sentence, option

    def __str__(self) -> str:
        return f"{self.sentence}; say which with {self.option}=."


def shortened(text: str) -> str:
    """Return a sentence whose words, such as paths, and whose length are bounded, whatever the input that it quotes."""
    text = _LONG_WORD.sub(r"\1…\2", text)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


class AssumptionWarning(UserWarning):
    """Something that nothing says of a model, and that was assumed as it is in the published trainings."""
