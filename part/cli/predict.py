"""python -m part predict: probabilities of every class for every jet of a file, as parquet."""

import argparse
from pathlib import Path

from part.errors import PartError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, help="shipped name, project checkpoint or weaver .pt")
    parser.add_argument("--jets", required=True, help="file or URL of jets")
    parser.add_argument("--start", type=int, help="first entry")
    parser.add_argument("--stop", type=int, help="entry after the last")
    parser.add_argument("--out", required=True, type=Path, help="parquet file to write")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def run(args: argparse.Namespace) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from part.jets.readers import labels, read_jets
    from part.tagger import load_model

    if args.out.exists() and not args.force:
        raise PartError(f"{args.out} exists; use --force to overwrite it.")
    tagger = load_model(args.model, args.device)
    jets = read_jets(args.jets, args.start, args.stop)
    probabilities = tagger.predict(jets)
    start = args.start or 0
    columns = {"entry": range(start, start + len(jets))}
    columns |= {f"score_{name}": probabilities[:, i] for i, name in enumerate(tagger.dataset.classes)}
    truth = labels(jets, tagger.dataset)
    if truth is not None:
        columns["label"] = truth
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    table = table.replace_schema_metadata({"model": tagger.name, "sha256": tagger.sha256, "jets": args.jets})
    pq.write_table(table, args.out)
    print(f"Wrote {len(jets)} jets to {args.out}.")
