"""python -m part predict: probabilities of every class for every jet of files of any size."""

import argparse
from pathlib import Path

from part.errors import PartError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, help="shipped name, checkpoint or weaver .pt; NAME@bf16: in bfloat16")
    parser.add_argument("--jets", required=True, nargs="+", help="files, folders, globs or URLs")
    parser.add_argument("--start", type=int, help="first entry, through all files in a row")
    parser.add_argument("--stop", type=int, help="entry after the last")
    parser.add_argument("--out", required=True, type=Path, help=".parquet or .csv to write, a row a jet")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def run(args: argparse.Namespace) -> None:
    from part.inference.tagger import load_model
    from part.io import write_table
    from part.jets.streaming import chunks, spans
    from part.progress import Progress

    if args.out.exists() and not args.force:
        raise PartError(f"{args.out} exists; use --force to overwrite it.")
    tagger = load_model(args.model, args.device)
    metadata = {"model": tagger.name, "sha256": tagger.sha256, "jets": " ".join(args.jets)}
    with write_table(args.out, metadata) as rows:
        found = spans(args.jets, args.start, args.stop)
        total = sum(map(len, found))
        progress, done = Progress(), 0
        for chunk in chunks(found):
            with chunk.named():
                probabilities = tagger.predict(chunk.jets)
            columns = chunk.columns | {f"score_{c}": probabilities[:, i] for i, c in enumerate(tagger.dataset.classes)}
            truth = chunk.labels(tagger.dataset)
            rows.append(columns if truth is None else columns | {"label": truth})
            done += len(chunk.jets)
            progress("Jets", done, total)
    print(f"Wrote {total} jets to {args.out}.")
