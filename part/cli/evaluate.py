"""python -m part evaluate: accuracy, macro AUC, rejections, with their intervals, and calibration on labelled jets."""

import argparse
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from part.errors import PartError
from part.jets.schema import Dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, help="shipped name, checkpoint or weaver .pt; NAME@bf16: in bfloat16")
    parser.add_argument("--jets", required=True, nargs="+", help="files, folders or globs")
    parser.add_argument("--start", type=int, help="first entry, through all files in a row")
    parser.add_argument("--stop", type=int, help="entry after the last")
    parser.add_argument("--dataset", help="of weaver weights that fit more than one")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
    parser.add_argument("--devices", type=int, default=1, help="GPUs or processes that share the jets (default: 1)")
    parser.add_argument("--out", type=Path, help="JSON file to write as well")
    parser.add_argument("--replicas", type=int, default=200, help="bootstrap draws for the intervals (200), 0 for none")
    entry = "note the result in the model's card as well, under this name (held_out)"
    parser.add_argument("--card", nargs="?", const="held_out", metavar="ENTRY", help=entry)
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def run(args: argparse.Namespace) -> None:
    from part.analysis.statistics.metrics import per_class
    from part.inference.tagger import load_model
    from part.io import atomic_write
    from part.jets.streaming import spans
    from part.models.checkpoints.cards import amend_card, entry_named

    if args.out and args.out.exists() and not args.force:
        raise PartError(f"{args.out} exists; use --force to overwrite it.")
    if args.devices < 1:
        raise PartError(f"--devices is {args.devices}; expected at least one.")
    entry = args.card and entry_named(args.card)
    tagger = load_model(args.model, args.device, dataset=args.dataset)
    probabilities, truth = _scored(args, tagger, spans(args.jets, args.start, args.stop))
    result = measured(probabilities, truth, tagger.dataset, args.replicas)
    classes = per_class(probabilities, truth, tagger.dataset)
    if args.out:
        with atomic_write(args.out) as path:
            path.write_text(json.dumps(result | {"classes": classes}, indent=2) + "\n")
    if args.card:
        entry = entry if tagger.precision == "fp32" else f"{entry}_{tagger.precision}"
        amend_card(tagger.path, {entry: {"files": [Path(path).name for path in args.jets]} | result})
    print(_table(result, classes))


def measured(probabilities: np.ndarray, truth: np.ndarray, dataset: Dataset, count: int) -> dict:
    """What `metrics.measure` tells, the expected calibration error, and 95 % intervals by `count` bootstrap draws, by
    their names; where one has no end, there is None."""
    from part.analysis.statistics.bootstrap import interval, replicas
    from part.analysis.statistics.calibration import reliability
    from part.analysis.statistics.metrics import measure

    result = measure(probabilities, truth, dataset)
    drawn = replicas(probabilities[None], truth, dataset, count) if count else {}
    intervals = {name: [_rounded(name, end) for end in interval(values[0])] for name, values in drawn.items()}
    calibration = round(reliability(probabilities, truth).expected_error, 5)
    return result | {"calibration_error": calibration, "intervals": intervals}


def _rounded(name: str, value: float) -> float | None:
    return round(value, 1 if name.startswith("rejection") else 5) if np.isfinite(value) else None


def _scored(args: argparse.Namespace, tagger, found: Sequence) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (J, C) and classes (J,) of all jets, in their order, from as many processes as asked for."""
    from part.jets.streaming import CHUNK, Span
    from part.progress import Progress

    pieces = [
        Span(span.path, start, min(start + CHUNK, span.stop))
        for span in found
        for start in range(span.start, span.stop, CHUNK)
    ]
    progress, done, parts = Progress(), 0, []
    for piece, part in zip(pieces, _answers(args, tagger, pieces), strict=True):
        parts.append(part)
        done += len(piece)
        progress("Jets", done, sum(map(len, found)))
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


def _answers(args: argparse.Namespace, tagger, pieces: Sequence) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    if args.devices == 1:
        yield from (_score(tagger, piece) for piece in pieces)
        return
    spawn = multiprocessing.get_context("spawn")
    turns = spawn.Value("i", 0)
    choice = (args.model, args.device, args.dataset)
    with ProcessPoolExecutor(args.devices, spawn, _load, (choice, turns)) as processes:
        yield from processes.map(_score_here, pieces)


_tagger = None  # of a process that shares the work


def _load(choice: tuple, turns) -> None:
    """In such a process: each takes the next GPU, or a thread of its own."""
    import torch

    from part.inference.tagger import load_model

    global _tagger  # what an initializer leaves for its process
    model, device, dataset = choice
    with turns.get_lock():
        mine, turns.value = turns.value, turns.value + 1
    torch.set_num_threads(1)
    if device in ("auto", "cuda") and torch.cuda.is_available():
        device = f"cuda:{mine % torch.cuda.device_count()}"
    _tagger = load_model(model, device, dataset=dataset)


def _score_here(piece) -> tuple[np.ndarray, np.ndarray]:
    return _score(_tagger, piece)


def _score(tagger, piece) -> tuple[np.ndarray, np.ndarray]:
    from part.jets.streaming import chunks

    (chunk,) = chunks([piece])
    found = chunk.labels(tagger.dataset)
    if found is None:
        raise PartError(f"{piece.path} has no labels of {tagger.dataset.name}; evaluate needs them.")
    with chunk.named():
        return tagger.predict(chunk.jets), found


def _told(name: str, value: float | None) -> str:
    if value is None:
        return "∞" if name.startswith("rejection") else "none (jets of one class)"
    return str(value)


def _table(result: dict, classes: dict) -> str:
    lines = []
    for name, value in result.items():
        if name == "intervals":
            continue
        ends = result["intervals"].get(name)
        between = f"95 %: {ends[0]} to {_told(name, ends[1])}" if ends and ends[0] is not None else ""
        lines.append(f"{name:24} {_told(name, value):>10}  {between}".rstrip())
    lines += ["", f"{'class':8} {'jets':>9} {'efficiency':>11} {'purity':>8} {'AUC':>8}"]
    for name, row in classes.items():
        cells = ["" if row[key] is None else f"{row[key]:.4f}" for key in ("efficiency", "purity", "auc")]
        lines.append(f"{name:8} {row['jets']:>9,} {cells[0]:>11} {cells[1]:>8} {cells[2]:>8}")
    return "\n".join(lines)
