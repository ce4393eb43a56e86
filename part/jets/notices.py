"""What was left out of jets or replaced in them, said once for all jets of a call.

Jets are read and predicted batch by batch, and some studies read them twice. So a notice names the jets that it is
about, and a jet of several batches, passes or models counts once.
"""

import warnings
import zlib
from collections.abc import Callable, Generator, Hashable, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

WITHOUT_MOMENTUM = "Left out: {items} without momentum, in {jets}."
NOT_A_NUMBER = "NaN among the inputs of {jets} ({detail}); 0 was taken there, as in weaver-core."
UNKNOWN_CODE = "Taken as massless, neutral and of no species: {items} of unknown PDG codes, in {jets}."
UNUSABLE = "Left out: {jets} that cannot be used{example}."
UNCLEAR_CLASS = "Taken as of no class: {jets} whose labels say several, or none that there is{example}."
UNCLEAR_PARTONS = "Taken without their partons: {jets} whose branches of them differ in length{example}."
ENERGY_BELOW = "Taken as they are: {items} whose energy is below their momentum by up to a tenth, in {jets}."
MAX_COUNTED = 100_000  # jets of a notice


class JetWarning(UserWarning):
    """Something about jets that stops nothing but that one should know."""


class Notices:
    """Notices of jets, until they are said."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], dict[Hashable, int]] = {}
        self._examples: dict[str, str] = {}  # by the text of the notice

    def add(self, text: str, detail: str, items: Mapping[Hashable, int], example: str = "") -> None:
        """Add a notice; a jet that is there already is not counted again, and the first example stays."""
        known = self._items.setdefault((text, detail), {})
        self._examples.setdefault(text, example)
        if len(known) < MAX_COUNTED:
            known.update(items)

    def count(self, text: str) -> int:
        """Return how many jets the notices with this text are about."""
        return sum(len(items) for (own, _), items in self._items.items() if own == text)

    def example(self, text: str) -> str:
        """Return the sentence on the first of these jets."""
        return self._examples.get(text, "")

    def pass_on(self) -> None:
        """Notify of all of them here, where they come from another process."""
        for (text, detail), items in self._items.items():
            notify(text, items, detail, self._examples[text])

    def sentences(self, counted: bool = True) -> list[str]:
        """Return one sentence for each kind of notice, with the number of jets or without it."""
        return [
            _sentence(text, detail, items, self._examples[text], counted)
            for (text, detail), items in self._items.items()
        ]


_current: ContextVar[Notices | None] = ContextVar("notices", default=None)


def notify(text: str, jets: Iterable[Hashable] | Mapping[Hashable, int], detail: str = "", example: str = "") -> None:
    """Say something about some jets, or let the surrounding `gathered` say it.

    Parameters
    ----------
    text : str
        One of the constants of this module.
    jets : iterable or mapping
        What tells the jets apart, such as (file, entry); a mapping also says how many constituents of each.
    detail : str
        What the text calls `detail`.
    example : str
        A sentence on the first of the jets, for what the text calls `example`.
    """
    items = jets if isinstance(jets, Mapping) else dict.fromkeys(jets, 1)
    if not items:
        return
    notices = _current.get()
    if notices is None:
        warnings.warn(_sentence(text, detail, items, example), JetWarning, stacklevel=3)
    else:
        notices.add(text, detail, items, example)


def say(sentence: str) -> None:
    """Say a sentence that needs no counting, or let the surrounding `gathered` say it, once."""
    notify("{detail}", [0], sentence)


def notify_not_numbers(inputs: Iterable[tuple[int, str]], content: Callable[[int], bytes]) -> None:
    """Say which inputs of which jets are not numbers.

    Parameters
    ----------
    inputs : iterable of (int, str)
        Jets by their index, and the names of the inputs.
    content : callable
        Returns bytes that tell a jet from others, whichever batch it is in.
    """
    pairs = set(inputs)
    jets = sorted({jet for jet, _ in pairs})
    notify(NOT_A_NUMBER, [zlib.crc32(content(jet)) for jet in jets], ", ".join(sorted({name for _, name in pairs})))


@contextmanager
def gathered(say: Callable[[str], object] | None = None, counted: bool = True) -> Generator[Notices, None, None]:
    """Say the notices of this block once, at its end; inside another such block that one says them.

    Parameters
    ----------
    say : callable, optional
        Receives each sentence; by default it becomes a warning.
    counted : bool
        Whether sentences say how many jets; without, they are the same for all blocks, and Python warns only once.

    Yields
    ------
    Notices
        Those that will be said.
    """
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    notices = Notices()
    token = _current.set(notices)
    try:
        yield notices
    finally:
        _current.reset(token)
    for sentence in notices.sentences(counted):
        if say is None:
            warnings.warn(sentence, JetWarning, stacklevel=4)
        else:
            say(sentence)


def so_far() -> list[str]:
    """Return what the surrounding `gathered` is going to say, for results that keep it."""
    notices = _current.get()
    return [] if notices is None else notices.sentences()


def n_unusable() -> int:
    """Return how many jets the surrounding `gathered` knows that cannot be used."""
    notices = _current.get()
    return 0 if notices is None else notices.count(UNUSABLE)


def none_left(total: int) -> str:
    """Return why a result has none of the jets, as the beginning of a sentence."""
    notices = _current.get()
    if notices is None or not notices.count(UNUSABLE):
        return f"The data config selects none of the {total} jets"
    return f"None of the {total} jets can be used (the first: {notices.example(UNUSABLE).rstrip('.')})"


def plural(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def without_class(count: int, total: int) -> str:
    """Return the sentence on jets of no class."""
    return f"No class is known for {count:,} of {plural(total, 'jet')}; all that needs a class leaves them out."


def _sentence(text: str, detail: str, items: Mapping[Hashable, int], example: str = "", counted: bool = True) -> str:
    if not counted:
        return text.format(items="constituents", jets="some jets", detail=detail, example="")
    shown = f"; the first: {example.rstrip('.')}" if example else ""
    more = "more than " if len(items) >= MAX_COUNTED else ""
    constituents = more + plural(sum(items.values()), "constituent")
    return text.format(items=constituents, jets=more + plural(len(items), "jet"), detail=detail, example=shown)
