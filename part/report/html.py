"""A report as one HTML file: no script, no request, light and dark, and printable.

Figures are SVG of matplotlib. On a dark page their lightness is inverted and their hues are kept, so that small values
fade into the background there, too.
"""

import base64
import html
from importlib.resources import files

from part.io import csv_bytes
from part.report.content import Block, Bullets, Code, Paragraph, Picture, Pictures, Report, Section, Subheading, Table
from part.report.drawing import Drawn, ignore, svg

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
SCALE = 136  # px of an inch of a figure, whose letters are then as large as those of captions

escape = html.escape


def report_html(report: Report, drawn: Drawn = ignore) -> str:
    """Return the report as a page; `drawn` receives each picture and its SVG."""
    style = files("part.report").joinpath("report.css").read_text()
    sections = "\n".join(_section(section, report, drawn) for section in report.sections)
    links = "".join(f'<a href="#{section.name}">{escape(section.title)}</a>' for section in report.sections)
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in report.summary)
    summary = f'<div class="summary"><b>In short</b><ul>{items}</ul></div>' if items else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<link rel="icon" href="data:,">
<title>{escape(report.title)}</title>
<style>
{style}</style>
</head>
<body>
<nav><b>{escape(report.title)}</b>{links}</nav>
<main>
<h1>{escape(report.title)}</h1>
<p class="subtitle">{escape(report.subtitle)}</p>
{summary}
{sections}
</main>
</body>
</html>
"""


def _section(section: Section, report: Report, drawn: Drawn) -> str:
    blocks = "\n".join(_block(block, drawn) for block in section.blocks)
    downloads = _downloads(report) if section is report.sections[-1] and report.tables else ""
    return f'<section id="{section.name}">\n<h2>{escape(section.title)}</h2>\n{blocks}\n{downloads}</section>'


def _block(block: Block, drawn: Drawn) -> str:
    match block:
        case Paragraph():
            return f"<p{' class=note' if block.is_note else ''}>{escape(block.text)}</p>"
        case Bullets():
            return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in block.items)}</ul>"
        case Subheading():
            return f"<h3>{escape(block.text)}</h3>"
        case Code():
            return f"<pre>{escape(block.text)}</pre>"
        case Table():
            return _table(block)
        case Pictures():
            return f'<div class="pictures">{"".join(_picture(item, drawn) for item in block.items)}</div>'
    raise TypeError(f"a report has no {type(block).__name__}")


def _table(table: Table) -> str:
    title = table.title and not table.is_long
    caption = f"<caption>{escape(table.title)}</caption>" if title else ""
    head = "".join(f"<th>{escape(name)}</th>" for name in table.columns) if any(table.columns) else ""
    rows = "".join(
        f"<tr>{''.join(_cell(text, i == table.wide) for i, text in enumerate(row))}</tr>" for row in table.rows
    )
    text = f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    return f"<details><summary>{escape(table.title)}</summary>{text}</details>" if table.is_long else text


def _cell(text: str, is_wide: bool) -> str:
    return f"<td{' class=wide' if is_wide else ''}>{escape(text)}</td>"


def _picture(picture: Picture, drawn: Drawn) -> str:
    text, width = svg(picture)
    drawn(picture, text)
    source = f"data:image/svg+xml;base64,{base64.b64encode(text.encode()).decode()}"
    alternative = escape(f"{picture.data.title}. {picture.caption}".strip())
    caption = f"<figcaption>{escape(picture.caption)}</figcaption>" if picture.caption else ""
    return f'<figure style="width:{SCALE * width:.0f}px"><img alt="{alternative}" src="{source}">{caption}</figure>\n'


def _shortened(row: dict) -> dict:
    """Return a row with six digits of each number, since thousands of rows make a page large."""
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in row.items()}


def _downloads(report: Report) -> str:
    """Return links to the tables of all results, which are in the page."""
    links = []
    for name, rows in report.tables.items():
        if rows:
            data = base64.b64encode(csv_bytes([_shortened(row) for row in rows])).decode()
            links.append(
                f'<a download="{name}.csv" href="data:text/csv;base64,{data}">{name}.csv ({len(rows):,} rows)</a>'
            )
    return f'<div class="downloads"><h3>All numbers</h3><p>To six digits: {" ".join(links)}</p></div>\n'
