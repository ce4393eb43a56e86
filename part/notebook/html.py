"""Pieces of HTML for notebooks on light or dark pages: text takes the page's colour, pictures are on white."""

import base64
import html
from collections.abc import Sequence
from typing import Any

SMALL = "font-size:90%;opacity:0.8"
PICTURE = "max-width:100%;background:#ffffff;padding:4px;border-radius:4px"
CELL = "text-align:left;padding:2px 12px 2px 0;vertical-align:top"

escape = html.escape


def block(*parts: str) -> str:
    """Return parts one below the other."""
    return f'<div style="max-width:760px">{"".join(parts)}</div>'


def line(text: str, is_small: bool = False) -> str:
    """Return a line of text."""
    return f'<div style="margin:2px 0;{SMALL if is_small else ""}">{escape(text)}</div>' if text else ""


def heading(text: str) -> str:
    """Return a line in bold."""
    return f"<div><b>{escape(text)}</b></div>"


def table(rows: Sequence[Sequence[Any]], columns: Sequence[str] = ()) -> str:
    """Return a table of texts and numbers, these to four digits."""
    head = f"<tr>{''.join(f'<th style={CELL!r}>{escape(name)}</th>' for name in columns)}</tr>" if columns else ""
    body = "".join(f"<tr>{''.join(f'<td style={CELL!r}>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div style="overflow-x:auto"><table style="font-size:90%">{head}{body}</table></div>'


def image(content: bytes, kind: str, alternative: str, width: int) -> str:
    """Return a picture that is part of the page; kind is "png" or "svg+xml", width in px."""
    data = base64.b64encode(content).decode()
    return f'<img alt="{escape(alternative)}" width="{width}" style="{PICTURE}" src="data:image/{kind};base64,{data}">'


def _text(cell: Any) -> str:
    return escape("" if cell is None else f"{cell:.4g}" if isinstance(cell, float) else str(cell))
