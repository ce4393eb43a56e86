"""python -m part compare: two to four models on the same jets of files of any size.

Jets are read and discarded; the models' probabilities stay, 40 bytes a jet and model for ten classes.
"""

import argparse
import json
from pathlib import Path

from part.errors import PartError

FILES = ("per_jet.parquet", "summary.json", "summary.csv")
LISTED = 50  # jets of the largest disagreement in the summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    text = "two to four, the first beside the others: shipped names, project checkpoints or weaver .pt, also NAME@bf16"
    parser.add_argument("--models", required=True, nargs="+", help=text)
    parser.add_argument("--jets", required=True, nargs="+", help="files, folders, globs or URLs")
    parser.add_argument("--start", type=int, help="first entry, through all files in a row")
    parser.add_argument("--stop", type=int, help="entry after the last")
    parser.add_argument("--out", required=True, type=Path, help=f"folder to write {', '.join(FILES)} into")
    parser.add_argument("--attention-jets", type=int, default=200, help="how many attention is compared on")
    parser.add_argument("--replicas", type=int, default=200, help="draws that the intervals come from (0: none)")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--dataset", help="of weaver weights that fit more than one")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
    parser.add_argument("--force", action="store_true", help="overwrite existing files")


def run(args: argparse.Namespace) -> None:
    from part.comparison import compare_files, csv_text, load_distinct, most_different, summary, text_table
    from part.io import atomic_write, write_table
    from part.jets.streaming import spans
    from part.progress import Progress

    if taken := [name for name in FILES if (args.out / name).exists() and not args.force]:
        raise PartError(f"{args.out / taken[0]} exists; use --force to overwrite it.")
    models = load_distinct(args.models, args.device, args.dataset)
    found = spans(args.jets, args.start, args.stop)
    sha256 = {name: tagger.sha256 for name, tagger in models.items()}
    told = {
        "files": [{"path": span.path, "start": span.start, "stop": span.stop} for span in found],
        "sha256": sha256,
        "replicas": args.replicas,
        "seed": args.seed,
    }
    metadata = {name: json.dumps(value) for name, value in told.items()}
    with write_table(args.out / FILES[0], metadata) as jets:
        result = compare_files(models, found, jets, args.attention_jets, args.replicas, args.seed, Progress())
    told |= summary(result) | {"most_different": most_different(result, found, LISTED)}
    with atomic_write(args.out / FILES[1]) as path:
        path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    with atomic_write(args.out / FILES[2]) as path:
        path.write_text(csv_text(result))
    print(text_table(result))
