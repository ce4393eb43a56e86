"""A report as PDF, in pages of A4."""

from functools import partial
from itertools import zip_longest

from part.figures.matplotlib.pages import Pages
from part.figures.matplotlib.style import publication_style
from part.report.content import Block, Bullets, Code, Paragraph, Pictures, Report, Subheading, Table
from part.report.drawing import Drawn, draw, ignore


def report_pdf(report: Report, drawn: Drawn = ignore) -> bytes:
    """Return the report as PDF; `drawn` receives each picture, and "" in place of its SVG."""
    with publication_style():
        pages = Pages(report.title)
        pages.text(report.title, "title")
        pages.text(report.subtitle, "small")
        _add(pages, Bullets(report.summary), drawn)
        for section in report.sections:
            pages.text(section.title, "heading")
            for block, following in zip_longest(section.blocks, section.blocks[1:]):
                _add(pages, block, drawn, isinstance(following, Pictures | Table | Subheading))
        return pages.to_bytes({"Title": report.title, "Subject": report.subtitle, "Creator": "ParTScope"})


def _add(pages: Pages, block: Block, drawn: Drawn, keep: bool = False) -> None:
    """Add a block; with `keep` a paragraph is on the same page as what follows."""
    match block:
        case Paragraph():
            pages.text(block.text, "small" if block.is_note else "text", keep=keep)
        case Bullets():
            for item in block.items:
                pages.text(f"•  {item}", indent=0.1)
        case Subheading():
            pages.text(block.text, "subheading")
        case Code():
            pages.text(block.text, "small")
        case Table():
            if block.title:
                pages.text(block.title, "small", keep=True)
            pages.table(block.columns, block.rows, block.wide)
        case Pictures():
            pages.figures([(partial(draw, item), item.caption) for item in block.items])
            for item in block.items:
                drawn(item, "")
