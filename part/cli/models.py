"""python -m part models: the checkpoints that ship, or those of a folder, and how good they are."""

import argparse
from pathlib import Path

from part.errors import PartError

COLUMNS = ("name", "model", "dataset", "inputs", "jets seen", "accuracy", "macro AUC", "real jets", "MB")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, help="with checkpoints (default: those that ship)")
    parser.add_argument("--markdown", action="store_true", help="as a table for a text")


def run(args: argparse.Namespace) -> None:
    from part.models.checkpoints.cards import parse_card
    from part.models.checkpoints.checkpoint import SHIPPED, checkpoints_in

    folder = args.folder or SHIPPED
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


def row(name: str, path: Path, card: dict) -> tuple[str, ...]:
    """A card in a line, by COLUMNS; empty where it does not tell."""
    from part.models.checkpoints.cards import seen_by

    weights = path.with_suffix(".safetensors")
    if "weights" in card:  # another's
        return (name, f"{Path(card['weights']).stem}, {card.get('backend', '')}", *[""] * (len(COLUMNS) - 2))
    origin = card.get("quantized_from", {})
    config, training = card["config"], card.get("training") or origin.get("training", {})
    kind = f"{config['model']} {config.get('pair_bias', '')}".strip() + (" int8" if origin else "")
    seen = f"{seen_by(training):,}" if training else ""
    held_out, real = card.get("held_out", {}), card.get("real", {})
    area = f"{held_out['macro_auc']:.4f}" if held_out.get("macro_auc") else ""
    size = f"{weights.stat().st_size / 1e6:.1f}" if weights.exists() else ""
    results = (with_error(held_out), area, with_error(real))
    return (name, kind, card["dataset"], card["features"], seen, *results, size)


def with_error(result: dict) -> str:
    return f"{result['accuracy']:.3f} ± {result['accuracy_error']:.3f}" if result else ""
