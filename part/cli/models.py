"""python -m part models: list the bundled checkpoints, or those of a folder, with their quality."""

import argparse
from pathlib import Path
from typing import Any

from part.errors import PartError
from part.models.checkpoints.cards import parse_card, total_jets_seen
from part.models.checkpoints.catalogue import BUNDLED, checkpoints_in

COLUMNS = ("name", "model", "dataset", "inputs", "jets seen", "accuracy", "macro AUC", "real jets", "MB")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, help="folder of checkpoints (default: the shipped ones)")
    parser.add_argument("--markdown", action="store_true", help="print a table in Markdown")


def run(args: argparse.Namespace) -> None:
    folder = args.folder or BUNDLED
    cards = {n: p.with_suffix(".json") for n, p in checkpoints_in(folder).items() if p.with_suffix(".json").exists()}
    if not cards:
        raise PartError(f"{folder} has no checkpoints with cards.")
    rows = [COLUMNS, *(row(name, path, parse_card(path)) for name, path in cards.items())]
    if args.markdown:
        rows.insert(1, ("---",) * len(COLUMNS))
        print("\n".join(f"| {' | '.join(cells)} |" for cells in rows))
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print("\n".join("  ".join(f"{c:{w}}" for c, w in zip(cells, widths, strict=True)).rstrip() for cells in rows))


def row(name: str, path: Path, card: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of COLUMNS for a card; a cell is empty if the card does not hold it."""
    weights = path.with_suffix(".safetensors")
    if "weights" in card:  # an alias of another checkpoint
        return (name, f"{Path(card['weights']).stem}, {card.get('backend', '')}", *[""] * (len(COLUMNS) - 2))
    origin = card.get("quantized_from", {})
    config, training = card["config"], card.get("training") or origin.get("training", {})
    kind = f"{config['model']} {config.get('pair_bias', '')}".strip() + (" int8" if origin else "")
    seen = f"{total_jets_seen(training):,}" if training else ""
    held_out, real = card.get("held_out", {}), card.get("real", {})
    area = f"{held_out['macro_auc']:.4f}" if held_out.get("macro_auc") else ""
    size = f"{weights.stat().st_size / 1e6:.1f}" if weights.exists() else ""
    results = (with_error(held_out), area, with_error(real))
    return (name, kind, card["dataset"], card["features"], seen, *results, size)


def with_error(result: dict[str, Any]) -> str:
    """Return the accuracy of a result with its error, or nothing for an empty one."""
    return f"{result['accuracy']:.3f} ± {result['accuracy_error']:.3f}" if result else ""
