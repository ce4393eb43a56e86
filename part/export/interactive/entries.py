"""Entries of a file as people write them."""

import re

from part.errors import PartError


def parse_entries(text: str, most: int) -> tuple[int, ...]:
    """Return the entries of a text such as "0, 4, 10-15", whose ranges include both ends, each once.

    Raises
    ------
    PartError
        If the text is something else, or names none or more than `most`.
    """
    entries: dict[int, None] = {}
    for word in text.replace(",", " ").split():
        found = re.fullmatch(r"(\d{1,12})(?:-(\d{1,12}))?", word)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last:
            raise PartError(f"{word!r} is no entry and no range; expected some such as 0, 4, 10-15.")
        if last - first >= most:
            raise PartError(f"{word} are {last - first + 1} jets; expected at most {most}.")
        entries |= dict.fromkeys(range(first, last + 1))
    if not 1 <= len(entries) <= most:
        raise PartError(f"{text!r} names {len(entries)} jets; expected 1 to {most}.")
    return tuple(entries)
