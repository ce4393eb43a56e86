"""What a report consists of: sections of paragraphs, tables and figures, before they become HTML or PDF."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from part.figures.charts import Chart
from part.figures.data import FigureData


@dataclass(frozen=True)
class Paragraph:
    """Some sentences; `is_note` for what matters less."""

    text: str
    is_note: bool = False


@dataclass(frozen=True)
class Bullets:
    """Sentences that stand by themselves."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Subheading:
    """The title of a part of a section."""

    text: str


@dataclass(frozen=True)
class Code:
    """Lines that one copies as they are."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes
    ----------
    columns : tuple of str
    rows : tuple of tuple of str
    title : str
        What it is a table of.
    wide : int, optional
        The column of long texts, which are wrapped.
    is_long : bool
        Whether HTML folds it until the reader asks for it.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    wide: int | None = None
    is_long: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """A chart or a figure of a jet, with its caption.

    Attributes
    ----------
    name : str
        The name of its file, without ending.
    data : Chart or FigureData
        What is drawn.
    caption : str
        Sentences below it.
    width : float
        Inches; a figure whose cells need more is wider.
    """

    name: str
    data: Chart | FigureData
    caption: str = ""
    width: float = 3.15


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures that belong together, as many side by side as fit."""

    items: tuple[Picture, ...]


Block = Paragraph | Bullets | Subheading | Code | Table | Pictures


@dataclass(frozen=True, eq=False)
class Section:
    """A section of a report."""

    name: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def pictures(self) -> list[Picture]:
        return [picture for block in self.blocks if isinstance(block, Pictures) for picture in block.items]


@dataclass(frozen=True, eq=False)
class Report:
    """A whole report.

    Attributes
    ----------
    title, subtitle : str
        The heading, and a line on what it is about.
    summary : tuple of str
        What comes out, in sentences.
    sections : tuple of Section
    numbers : dict
        Everything that was measured, as JSON holds it.
    tables : dict of str to list of dict
        The tables of all results by name, as CSV holds them.
    """

    title: str
    subtitle: str
    summary: tuple[str, ...]
    sections: tuple[Section, ...]
    numbers: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, list[dict]] = field(default_factory=dict)


def named_rows(pairs: Sequence[tuple[str, str]]) -> Table:
    """Return a table of names and texts, without a header; a name is not repeated below itself."""
    rows, before = [], ""
    for name, text in pairs:
        rows.append((name if name != before else "", text))
        before = name
    return Table(("", ""), tuple(rows), wide=1)
