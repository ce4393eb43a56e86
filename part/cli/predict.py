"""python -m part predict: class probabilities of every jet in files of any size."""

import argparse
from collections.abc import Sequence

import numpy as np

from part.cli.options import add_device, add_entries, add_jets, add_model, add_output, check_overwrite


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser, dataset=False)
    add_jets(parser)
    add_entries(parser)
    add_output(parser, ".parquet or .csv to write, one row per jet")
    add_device(parser)


def run(args: argparse.Namespace) -> None:
    from part.inference.loading import load_model
    from part.io import write_table
    from part.jets.streaming import chunks, entry_ranges
    from part.progress import TerminalProgress

    check_overwrite(args.force, args.out)
    tagger = load_model(args.model, args.device)
    metadata = {"model": tagger.name, "sha256": tagger.sha256, "jets": " ".join(args.jets)}
    with write_table(args.out, metadata) as table:
        ranges = entry_ranges(args.jets, args.start, args.stop)
        total = sum(map(len, ranges))
        progress, done = TerminalProgress(), 0
        for chunk in chunks(ranges):
            with chunk.error_context():
                probabilities = tagger.predict(chunk.jets)
            columns: dict[str, Sequence | np.ndarray] = dict(chunk.columns)
            columns |= {f"score_{c}": probabilities[:, i] for i, c in enumerate(tagger.dataset.classes)}
            labels = chunk.labels(tagger.dataset)
            table.append(columns if labels is None else columns | {"label": labels})
            done += len(chunk.jets)
            progress("Jets", done, total)
    print(f"Wrote {total} jets to {args.out}.")
