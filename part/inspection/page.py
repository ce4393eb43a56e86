"""A page of what was found out about files: sections of named texts."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

NAME_WIDTH, PAGE_WIDTH = 18, 110
MAX_NAMES = 40


@dataclass(frozen=True)
class Section:
    """What is known of one file, or of several together.

    Attributes
    ----------
    title : str
        The file's path, or what the section is about.
    rows : tuple of (str, str)
        What a text is about, such as "needs", and the text; several texts may be about the same.
    """

    title: str
    rows: tuple[tuple[str, str], ...]

    def texts(self, name: str) -> list[str]:
        """Return all texts about something."""
        return [text for about, text in self.rows if about == name]


@dataclass(frozen=True)
class Page:
    """Sections in the order in which they are read."""

    sections: tuple[Section, ...]

    def __str__(self) -> str:
        return "\n\n".join(map(_section_text, self.sections))


def _section_text(section: Section) -> str:
    lines, before = [section.title, "-" * min(len(section.title), PAGE_WIDTH)], ""
    for name, text in section.rows:
        shown = f"{name if name != before else '':{NAME_WIDTH}}"
        lines += textwrap.wrap(
            text,
            PAGE_WIDTH,
            initial_indent=shown,
            subsequent_indent=" " * NAME_WIDTH,
            break_long_words=False,
            break_on_hyphens=False,
        )
        before = name
    return "\n".join(lines)


def listed(names: Iterable[str], most: int = MAX_NAMES) -> str:
    """Return names as one text, of many the first ones and how many there are."""
    names = list(names)
    if len(names) <= most:
        return ", ".join(names) or "none"
    return f"{', '.join(names[:most])}, ... ({len(names)} in all)"


def rows(name: str, texts: Iterable[str]) -> list[tuple[str, str]]:
    """Return a row for each text."""
    return [(name, text) for text in texts]
