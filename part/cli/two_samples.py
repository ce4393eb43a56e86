"""One model on two samples, for the command `compare`."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from part.cli.columns import check_columns, needed_columns
from part.errors import PartError

if TYPE_CHECKING:
    import numpy as np

    from part.comparison.samples import SampleBatch
    from part.comparison.two_samples import SamplePair
    from part.inference.cluster import Cluster
    from part.inference.tagger import Tagger
    from part.jets.streaming import EntryRange


def compare_two_samples(
    args: argparse.Namespace,
    models: "Mapping[str, Tagger]",
    ranges: "Sequence[EntryRange]",
    paths: Mapping[str, Path],
    provenance: dict[str, Any],
    cluster: "Cluster | None" = None,
) -> None:
    """Write and print how a model does on `--jets` and on `--other-jets`. Raises PartError for several models."""
    from part.comparison.samples import FileSample
    from part.comparison.summary import jet_columns
    from part.comparison.two_samples import compare_samples, sample_rows
    from part.io import csv_bytes, write_table, write_together
    from part.jets.class_groups import merge_classes
    from part.jets.notices import so_far
    from part.jets.streaming import entry_ranges
    from part.progress import TerminalProgress

    if len(models) != 1:
        raise PartError(f"{len(models)} models with --other-jets; expected one, on two samples.")
    if args.by or args.slice:
        raise PartError("--by and --slice compare models on one sample; expected them without --other-jets.")
    if args.heads:
        raise PartError("--heads matches the heads of several models; expected it without --other-jets.")
    (name, tagger), names = next(iter(models.items())), needed_columns(args)
    merged = merge_classes(tagger.dataset, args.group, args.background)
    others = entry_ranges(args.other_jets, None, None, tagger.data_config, [tagger.features], args.strict)
    check_columns(names, others)
    provenance["other_files"] = [{"path": e.path, "start": e.start, "stop": e.stop} for e in others]
    with write_table(paths["parquet"], {key: json.dumps(value) for key, value in provenance.items()}) as table:

        def write(side: int, batch: "SampleBatch", probabilities: "np.ndarray") -> None:
            truth = None if batch.labels is None else merged.truth(batch.labels)
            own = jet_columns([name], merged.dataset, merged.probabilities(probabilities), truth)
            del own["divergence"]  # of several models
            table.append({"sample": [side + 1] * len(batch.rows), **batch.columns, **own})

        pair = compare_samples(
            tagger,
            FileSample(ranges, tagger.dataset, names, cluster),
            FileSample(others, tagger.dataset, names, cluster),
            merged=merged,
            replicas=args.replicas,
            seed=args.seed,
            progress=TerminalProgress(),
            on_batch=write,
        )
        rows = list(sample_rows(pair))
        provenance["notices"] = so_far()
        counts = {"jets": [len(sample) for sample in pair.samples]}
        content = provenance | {"model": name} | counts | {"rows": rows}
        summary = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_together({paths["json"]: summary.encode(), paths["csv"]: csv_bytes(rows)})
    print(_text(pair, rows))


def _text(pair: "SamplePair", rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a table: both samples and the change, with intervals."""
    lines = [["", *(f"sample {i + 1} ({len(s)} jets)" for i, s in enumerate(pair.samples)), "change"]]
    for row in rows:
        title = " ".join(filter(None, (row["measure"], row["class"])))
        lines.append([title, *(_cell(row, name) for name in ("first", "second", "change"))])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    texts = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    if not pair.has_labels:
        texts.append("Not both samples have labels, so only the scores of all jets are compared.")
    return "\n".join([*texts, "In brackets: 95 % intervals. Rejections change by a factor, all else by a difference."])


def _cell(row: Mapping[str, Any], name: str) -> str:
    if row.get(f"{name}_above") is not None:
        return f"> {row[f'{name}_above']:.2g} at 95 % (0 of {row[f'{name}_background']})"
    if row.get(name) is None:
        return "–"
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    ends = "" if low is None else f" [{low:.4g}, {'∞' if high is None else format(high, '.4g')}]"
    of = f" ({row[f'{name}_passing']} of {row[f'{name}_background']})" if f"{name}_passing" in row else ""
    return f"{row[name]:.4g}{ends}{of}"
