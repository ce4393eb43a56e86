"""python -m part evaluate: accuracy, macro AUC and rejections of a model on labelled jets."""

import argparse
import json
from pathlib import Path

import numpy as np

from part.analysis.metrics import accuracy, macro_auc, rejection
from part.errors import PartError
from part.jets.schema import JETCLASS, Dataset

_EFFICIENCY = {"Hqql": 0.99, "Tbl": 0.995}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, help="shipped name, project checkpoint or weaver .pt")
    parser.add_argument("--jets", required=True, nargs="+", help="files, folders or globs")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
    parser.add_argument("--out", type=Path, help="JSON file to write as well")
    parser.add_argument("--card", action="store_true", help="note the result in the model's card as well")


def run(args: argparse.Namespace) -> None:
    from part.jets.readers import labels, read_jets
    from part.models.checkpoint import amend_card
    from part.tagger import load_model
    from part.training.data import find_files

    tagger = load_model(args.model, args.device)
    probabilities, truth = [], []
    for path in find_files(args.jets):
        jets = read_jets(path)
        found = labels(jets, tagger.dataset)
        if found is None:
            raise PartError(f"{path} has no labels of {tagger.dataset.name}; evaluate needs them.")
        probabilities.append(tagger.predict(jets))
        truth.append(found)
    result = measure(np.concatenate(probabilities), np.concatenate(truth), tagger.dataset)
    for name, value in result.items():
        print(f"{name:24} {value}")
    if args.out:
        args.out.write_text(json.dumps(result, indent=2) + "\n")
    if args.card:
        amend_card(tagger.path, {"held_out": {"files": [Path(path).name for path in args.jets]} | result})


def measure(probabilities: np.ndarray, truth: np.ndarray, dataset: Dataset) -> dict:
    """Accuracy with its binomial error, macro AUC and, for JetClass, the rejection of QCD by class."""
    value = accuracy(probabilities, truth)
    result = {
        "jets": len(truth),
        "accuracy": round(value, 5),
        "accuracy_error": round((value * (1 - value) / len(truth)) ** 0.5, 5),
        "macro_auc": round(macro_auc(probabilities, truth), 5),
    }
    if dataset is JETCLASS:
        for index, name in enumerate(dataset.classes[1:], 1):
            if (truth == index).any() and (truth == 0).any():
                efficiency = _EFFICIENCY.get(name, 0.5)
                factor = rejection(probabilities, truth, index, 0, efficiency)
                result[f"rejection_{name}_{100 * efficiency:g}%"] = round(factor, 1) if np.isfinite(factor) else None
    return result
