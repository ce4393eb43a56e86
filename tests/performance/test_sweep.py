"""Points, rows and fits of a sweep, where they are known beforehand."""

import awkward as ak
import numpy as np
import pytest
from helpers.jets import write_jets, write_model

import part
from part.benchmarking.inputs import as_they_are, made_up, with_room
from part.benchmarking.sweep import MOST_PAIRS, SweepPlan, crossover, exponent, sweep
from part.jets.features import make_batch
from part.jets.schema import FULL, JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import LinParTConfig
from part.models.pair import pair_features

SMALL = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 1, "class_layers": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    write_model(folder / "toy.safetensors", **SMALL)
    config = LinParTConfig(slots=4, length=24, **SMALL)
    save_checkpoint(folder / "lin.safetensors", build(config), FULL, JETCLASS, {})
    write_jets(folder / "jets.root", [12, 30, 5])
    return folder


@pytest.fixture(scope="module")
def taggers(folder):
    return {name: part.load_model(folder / f"{name}.safetensors", device="cpu") for name in ("toy", "lin")}


def swept(plan, taggers, jets=None):
    told = []
    rows = list(sweep(plan, taggers, jets, lambda *what: told.append(what)))
    return rows, told


def test_every_point_has_a_row_a_model_and_is_told_of(taggers):
    plan = SweepPlan(("toy", "lin"), (1, 2), (8, 16), repeats=3, warmup=2)
    rows, told = swept(plan, taggers)
    assert [[(row.model, row.batch, row.n) for row in found] for found in rows] == [
        [("toy", b, n), ("lin", b, n)] for n in (8, 16) for b in (1, 2)
    ]
    assert told == [
        ("1 jet of 8 constituents", 0, 4),
        ("2 jets of 8 constituents", 1, 4),
        ("1 jet of 16 constituents", 2, 4),
        ("2 jets of 16 constituents", 3, 4),
        ("Done", 4, 4),
    ]
    for row in (row for found in rows for row in found):
        assert len(row.warmup) == 2
        assert len(row.seconds) == 3
        assert row.memory > 4 * row.parameters
        assert row.failed is None
        assert not row.untrained
        assert row.disk == taggers[row.model].path.stat().st_size


def test_jets_as_they_are_come_again_where_there_are_fewer(taggers, folder):
    jets = part.read_jets(folder / "jets.root")
    (found,), _ = swept(SweepPlan(("toy",), (4,), repeats=1), {"toy": taggers["toy"]}, jets)
    assert found[0].as_they_are
    assert found[0].n == (12 + 30 + 5 + 12) / 4
    assert found[0].longest == 30
    batch = as_they_are(jets, taggers["toy"], 4)
    expected = make_batch(ak.concatenate([jets, jets[:1]]), FULL)
    assert (batch.x == expected.x).all()


def test_a_model_without_room_is_measured_with_fresh_weights(taggers):
    (short, long), _ = swept(SweepPlan(("toy", "lin"), (1,), (24, 25), repeats=1), taggers)
    assert [row.untrained for row in short] == [False, False]
    assert [row.untrained for row in long] == [False, True]
    larger = with_room(taggers["lin"], 25)
    assert larger.config.length == 25
    assert larger.config.slots == 4
    assert with_room(taggers["lin"], 24) is taggers["lin"]


def test_what_does_not_fit_is_told_and_the_others_go_on(taggers, monkeypatch):
    def full(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(type(taggers["lin"]), "logits", full, raising=True)
    (found,), _ = swept(SweepPlan(("lin",), (1,), (8,)), {"lin": taggers["lin"]})
    assert found[0].failed == "It does not fit into memory."


def test_a_fault_of_ours_is_none_of_memory(taggers, monkeypatch):
    def broken(*_):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(type(taggers["lin"]), "logits", broken)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        swept(SweepPlan(("lin",), (1,), (8,)), {"lin": taggers["lin"]})


def test_more_pairs_than_a_machine_can_take_are_left_out():
    points = SweepPlan(("toy",), (1, 64, 512), (128, 1024, 4096)).points
    assert all(size * n * n <= MOST_PAIRS for size, n in points)
    assert (1, 4096) in points
    assert (512, 128) in points
    assert (64, 1024) not in points


@pytest.mark.parametrize(
    "wrong",
    [{"models": ()}, {"models": ("a", "a")}, {"batches": (0,)}, {"lengths": (0,)}, {"threads": 0}, {"repeats": 0},
     {"warmup": -1}, {"batches": ()}],
)  # fmt: skip
def test_plans_that_make_no_sense_are_refused(wrong):
    with pytest.raises(part.PartError):
        SweepPlan(**{"models": ("a",)} | wrong)


def test_jets_as_they_are_need_a_file(taggers):
    with pytest.raises(part.PartError, match="name one"):
        swept(SweepPlan(("toy",)), {"toy": taggers["toy"]})


def test_made_up_jets_are_physical():
    batch = made_up(17, 3, 40)
    assert batch.mask.all()
    assert batch.x.shape == (3, 40, 17)
    mass2 = batch.v[..., 3].double().square() - batch.v[..., :3].double().square().sum(-1)
    assert (mass2 > 0).all()
    features = pair_features(batch.v[:, :, None], batch.v[:, None])
    assert features.isfinite().all()
    pt = batch.v[..., :2].square().sum(-1)
    assert (pt.diff() <= 0).all()


def test_exponents_of_powers_are_exact_and_taken_from_the_upper_half():
    x = np.array([16.0, 32, 64, 128, 256, 512, 1024])
    assert exponent(x, 3 * x**1.7) == (pytest.approx(1.7), 4)
    bent = np.where(x < 100, 7.0, x**2)
    assert exponent(x[::-1], bent[::-1]) == (pytest.approx(2), 4)
    assert exponent(x[:2], x[:2]) is None


def test_models_cross_where_their_lines_do():
    x = np.array([10.0, 100, 1000])
    assert crossover(x, x**2, 50 * x) == pytest.approx(50)
    assert crossover(x, x**2, x) is None  # below throughout
    assert crossover(x, x, x**2) is None
