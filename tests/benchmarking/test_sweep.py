"""Points and measurements of a sweep whose values are known."""

import awkward as ak
import pytest
from helpers.jets import write_jets, write_model

import part
from part.benchmarking.inputs import first_jets_batch, random_batch, with_max_length
from part.benchmarking.sweep import MAX_PAIRS, SweepPlan, sweep
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.jets.features import make_batch
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.linpart import LinParTConfig
from part.models.pair_features import pair_features

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


def run_sweep(plan, taggers, jets=None):
    reports = []
    rows = list(sweep(plan, taggers, jets, lambda *report: reports.append(report)))
    return rows, reports


def test_every_point_has_a_measurement_per_model_and_is_reported(taggers):
    plan = SweepPlan(("toy", "lin"), (1, 2), (8, 16), repeats=3, warmup=2)
    rows, reports = run_sweep(plan, taggers)
    assert [[(row.model, row.batch, row.n) for row in point] for point in rows] == [
        [("toy", b, n), ("lin", b, n)] for n in (8, 16) for b in (1, 2)
    ]
    assert reports == [
        ("1 jet of 8 constituents", 0, 4),
        ("2 jets of 8 constituents", 1, 4),
        ("1 jet of 16 constituents", 2, 4),
        ("2 jets of 16 constituents", 3, 4),
        ("Done", 4, 4),
    ]
    for row in (row for point in rows for row in point):
        assert len(row.warmup) == 2
        assert len(row.seconds) == 3
        assert row.memory > 4 * row.parameters
        assert row.failed is None
        assert not row.reinitialised
        assert row.disk == taggers[row.model].path.stat().st_size


def test_jets_of_a_file_repeat_where_there_are_fewer(taggers, folder):
    jets = part.read_jets(folder / "jets.root")
    (point,), _ = run_sweep(SweepPlan(("toy",), (4,), repeats=1), {"toy": taggers["toy"]}, jets)
    assert point[0].from_file
    assert point[0].n == (12 + 30 + 5 + 12) / 4
    assert point[0].longest == 30
    batch = first_jets_batch(jets, taggers["toy"], 4)
    expected = make_batch(ak.concatenate([jets, jets[:1]]), FULL)
    assert (batch.x == expected.x).all()


def test_a_model_that_takes_fewer_constituents_is_reinitialised(taggers):
    (short, long), _ = run_sweep(SweepPlan(("toy", "lin"), (1,), (24, 25), repeats=1), taggers)
    assert [row.reinitialised for row in short] == [False, False]
    assert [row.reinitialised for row in long] == [False, True]
    larger = with_max_length(taggers["lin"], 25)
    assert larger.config.length == 25
    assert larger.config.slots == 4
    assert with_max_length(taggers["lin"], 24) is taggers["lin"]


def test_a_failure_for_lack_of_memory_is_reported(taggers, monkeypatch):
    def full(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(type(taggers["lin"]), "logits", full, raising=True)
    (point,), _ = run_sweep(SweepPlan(("lin",), (1,), (8,)), {"lin": taggers["lin"]})
    assert point[0].failed == "It does not fit into memory."


def test_other_runtime_errors_are_raised(taggers, monkeypatch):
    def broken(*_):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(type(taggers["lin"]), "logits", broken)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        run_sweep(SweepPlan(("lin",), (1,), (8,)), {"lin": taggers["lin"]})


def test_points_with_too_many_pairs_are_left_out():
    points = SweepPlan(("toy",), (1, 64, 512), (128, 1024, 4096)).points
    assert all(size * n * n <= MAX_PAIRS for size, n in points)
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


def test_a_plan_for_the_jets_of_a_file_needs_one(taggers):
    with pytest.raises(part.PartError, match="name one"):
        run_sweep(SweepPlan(("toy",)), {"toy": taggers["toy"]})


def test_random_jets_are_physical():
    batch = random_batch(17, 3, 40)
    assert batch.mask.all()
    assert batch.x.shape == (3, 40, 17)
    mass2 = batch.v[..., 3].double().square() - batch.v[..., :3].double().square().sum(-1)
    assert (mass2 > 0).all()
    features = pair_features(batch.v[:, :, None], batch.v[:, None])
    assert features.isfinite().all()
    pt = batch.v[..., :2].square().sum(-1)
    assert (pt.diff() <= 0).all()
