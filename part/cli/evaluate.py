"""python -m part evaluate: accuracy, macro AUC and rejections of a model on labelled jets."""

import argparse
import json
from pathlib import Path

import numpy as np

from part.analysis.metrics import measure
from part.errors import PartError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, help="shipped name, checkpoint or weaver .pt; NAME@bf16: in bfloat16")
    parser.add_argument("--jets", required=True, nargs="+", help="files, folders or globs")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
    parser.add_argument("--out", type=Path, help="JSON file to write as well")
    parser.add_argument("--card", action="store_true", help="note the result in the model's card as well")


def run(args: argparse.Namespace) -> None:
    from part.models.cards import amend_card
    from part.streaming import chunks, spans
    from part.tagger import load_model

    tagger = load_model(args.model, args.device)
    probabilities, truth = [], []
    for chunk in chunks(spans(args.jets)):
        found = chunk.labels(tagger.dataset)
        if found is None:
            raise PartError(f"{chunk.span.path} has no labels of {tagger.dataset.name}; evaluate needs them.")
        with chunk.named():
            probabilities.append(tagger.predict(chunk.jets))
        truth.append(found)
    result = measure(np.concatenate(probabilities), np.concatenate(truth), tagger.dataset)
    for name, value in result.items():
        print(f"{name:24} {value}")
    if args.out:
        args.out.write_text(json.dumps(result, indent=2) + "\n")
    if args.card:
        entry = "held_out" if tagger.precision == "fp32" else f"held_out_{tagger.precision}"
        amend_card(tagger.path, {entry: {"files": [Path(path).name for path in args.jets]} | result})
