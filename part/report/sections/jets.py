"""The jets: files, counts by class, what was left out or noticed."""

import numpy as np

from part.jets.notices import plural, without_class
from part.report.content import Block, Bullets, Paragraph, Section, Table
from part.report.measured import Measured

MAX_FILES, MAX_CLASSES = 20, 40


def section(measured: Measured) -> Section:
    blocks: list[Block] = []
    rows = [(r.path, f"{r.start:,}", f"{r.stop:,}") for r in measured.ranges]
    total = sum(map(len, measured.ranges))
    more = f" (the first {MAX_FILES} are listed)" if len(rows) > MAX_FILES else ""
    used = "" if measured.quality is None else f"; {len(measured.quality):,} of them are used"
    blocks.append(Paragraph(f"{total:,} entries of {plural(len(rows), 'file')}{more}{used}."))
    blocks.append(Table(("file", "from entry", "to before entry"), tuple(rows[:MAX_FILES]), wide=0))
    if measured.quality is not None and measured.quality.truth is not None:
        counts = np.bincount(measured.quality.labels, minlength=len(measured.quality.dataset.titles))
        titles = measured.quality.dataset.titles
        order = np.argsort(-counts, kind="stable") if (counts > 0).sum() > MAX_CLASSES else np.arange(len(counts))
        named = [f"{counts[index]:,} {titles[index]}" for index in order.tolist() if counts[index]]
        few = f", the {MAX_CLASSES} most frequent of {len(named)}" if len(named) > MAX_CLASSES else ""
        blocks.append(Paragraph(f"By class{few}: {', '.join(named[:MAX_CLASSES])}."))
        if n := measured.quality.without_class:
            blocks.append(Paragraph(without_class(n, len(measured.quality))))
    elif measured.quality is not None:
        blocks.append(Paragraph("The jets have no labels of these classes."))
    if measured.notices:
        blocks.append(Bullets(measured.notices))
    else:
        blocks.append(Paragraph("No jet was left out, and nothing in them was replaced.", is_note=True))
    return Section("jets", "The jets", tuple(blocks))
