"""python -m part models: what ships, and how good it is, in a line each."""

import json

from part.__main__ import main
from part.cli.models import COLUMNS, row
from part.models.checkpoints.cards import seen_by
from part.models.checkpoints.checkpoint import SHIPPED, shipped


def test_every_shipped_checkpoint_has_its_line(capsys):
    assert main(["models", "--markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == shipped()
    assert {len(line.split("|")) for line in lines} == {len(COLUMNS) + 2}
    card = json.loads((SHIPPED / "part-full.json").read_text())
    (told,) = (line for line in lines if "| part-full |" in line)
    assert f"| {card['held_out']['accuracy']:.3f} ± {card['held_out']['accuracy_error']:.3f} |" in told


def test_a_terminal_gets_columns(capsys):
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    place = lines[0].index("dataset")
    assert {line[place:].split()[0] for line in lines[1:] if line[place:].strip()} <= {
        "JetClass",
        "QuarkGluon",
        "TopLandscape",
    }


def test_earlier_trainings_count_as_seen():
    assert seen_by({"jets_seen": 3, "before": {"jets_seen": 4, "before": {"jets_seen": 5}}}) == 12


def test_a_card_that_tells_little_leaves_cells_empty(tmp_path):
    card = {"config": {"model": "PFN"}, "features": "kin", "dataset": "JetClass"}
    cells = ("net", "PFN", "JetClass", "kin", "", "", "", "", "")
    assert row("net", tmp_path / "net.json", card) == cells


def test_a_folder_without_cards_is_told(tmp_path, capsys):
    assert main(["models", "--folder", str(tmp_path)]) == 2
    assert "has no checkpoints with cards" in capsys.readouterr().err
