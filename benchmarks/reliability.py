"""Damage files of every kind and count what reading them ends in: python benchmarks/reliability.py --files 10000

Each file is a sound one with some bits flipped, its end cut off, a block zeroed or two blocks swapped, as the seed
says. Processes read them, each with a gigabyte of memory beyond what its imports take. Outcomes: `equal` to the sound
file; `refused` with a PartError of one sentence; `changed`, other content without a word, which is right only where the
file has no checksum; `exception`, any other one; `memory`, more than a gigabyte; `died` or `hung`. After that jets that
no detector has measured go through every model: `finite` probabilities, `refused`, `NaN`, or `exception`.
"""

import argparse
import importlib.util
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import cast

import awkward as ak
import numpy as np
import torch
from helpers.jet_samples import columns, write_quarkgluon_npz, write_rntuple, write_toplandscape_h5, write_tree
from helpers.jets import write_model
from helpers.runs import write_run

import part
from part.errors import PartError
from part.inference.engines import Engine
from part.inference.tagger import Tagger
from part.models.checkpoints.catalogue import bundled_names
from part.models.checkpoints.checkpoint import load_checkpoint
from part.models.checkpoints.weights_file import read_state
from part.models.transformer import ParticleTransformer
from part.training.runs.folder import list_readable

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 1, "class_layers": 1}
CHECKED = ("parquet", "npz", ".pt", "safetensors")  # formats with a checksum over their content
OUTCOMES = ("equal", "refused", "changed", "exception", "memory", "died", "hung")
GIGABYTE, PATIENCE = 2**30, 60.0  # bytes, and seconds for a file
N_JETS = 40


def write_sound_files(folder: Path) -> dict[str, tuple[Path, Callable[[Path], object]]]:
    """Write a sound file of each kind and return it with what reads it, whose results can be compared."""
    import pyarrow.parquet as pq

    table, half = columns(N_JETS), np.arange(N_JETS) % 2
    write_tree(folder / "tree.root", table)
    write_rntuple(folder / "rntuple.root", table)
    write_toplandscape_h5(folder / "top.h5", table, half)
    write_quarkgluon_npz(folder / "quarkgluon.npz", table, half)
    pq.write_table(ak.to_arrow_table(ak.Array(table)), folder / "jets.parquet", write_page_checksum=True)
    model = write_model(folder / "model.safetensors", **SMALL)
    torch.save(load_checkpoint(model).model.state_dict(), folder / "state.pt")
    run = write_run(folder / "runs", "run")
    names = {"TTree": "tree.root", "RNTuple": "rntuple.root", "HDF5": "top.h5", "npz": "quarkgluon.npz"}
    jets = {kind: (folder / name, read_jets) for kind, name in (names | {"parquet": "jets.parquet"}).items()}
    weights = {"safetensors": (model, read_model), "card": (model.with_suffix(".json"), read_model)}
    return jets | weights | {".pt": (folder / "state.pt", read_weights), "plan": (run / "plan.json", read_run)}


def read_jets(path: Path) -> list:
    return ak.to_list(ak.nan_to_num(part.read_jets(path), nan=-9.0))


def read_model(path: Path) -> list:
    state = load_checkpoint(path.with_suffix(".safetensors")).model.state_dict()
    return [(name, value.tolist()) for name, value in state.items()]


def read_weights(path: Path) -> list:
    return [(name, value.tolist()) for name, value in read_state(path).items()]


def read_run(path: Path) -> list:
    runs, left_out = list_readable(path.parent.parent)
    if left_out or not runs:
        raise PartError(f"{left_out}")
    return [runs[0].config["epochs"], runs[0].config["dataset"], runs[0].card["metrics"]]


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the content with one kind of damage."""
    copy, size = bytearray(content), len(content)
    match rng.integers(4):
        case 0:
            near = min(int(rng.choice([400, 4000, size])), size)  # headers more often than data
            for place in rng.integers(0, near, rng.integers(1, 6)):
                copy[place] ^= 1 << rng.integers(8)
        case 1:
            del copy[rng.integers(1, size) :]
        case 2:
            start = rng.integers(size)
            copy[start : start + 512] = bytes(len(copy[start : start + 512]))
        case _:
            block = min(256, size // 4)
            a, b = rng.integers(0, size // 2 - block + 1), rng.integers(size // 2, size - block + 1)
            copy[a : a + block], copy[b : b + block] = copy[b : b + block], copy[a : a + block]
    return bytes(copy)


def outcome_of(read: Callable[[Path], object], path: Path, expected: object) -> tuple[str, str]:
    """Return what reading a file ends in, and the error if it is an unforeseen one."""
    try:
        return ("equal" if read(path) == expected else "changed"), ""
    except PartError as error:
        one_line = "\n" not in str(error)
        return ("refused" if one_line else "exception"), "" if one_line else str(error)
    except MemoryError:
        return "memory", ""
    except Exception as error:
        return "exception", f"{type(error).__name__}: {error}"[:300]


def work(pipe: multiprocessing.connection.Connection, folder: Path, kind: str) -> None:
    """Read the file of a kind again and again, each time as the parent damaged it."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    path, read = write_sound_files(folder)[kind]
    expected = read(path)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + GIGABYTE, resource.RLIM_INFINITY))
    pipe.send("ready")
    while (content := pipe.recv_bytes()) != b"end":
        path.write_bytes(content)
        pipe.send(outcome_of(read, path, expected))


class Reader:
    """A process that reads damaged files of one kind, and another one after it has died."""

    def __init__(self, folder: Path, kind: str):
        self.folder, self.kind = folder, kind
        self._start()

    def _start(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=work, args=(other, self.folder, self.kind), daemon=True)
        self.process.start()
        other.close()
        self.pipe.recv()

    def read(self, content: bytes) -> tuple[str, str]:
        """Return the outcome of one file."""
        self.pipe.send_bytes(content)
        try:
            if self.pipe.poll(PATIENCE):
                return self.pipe.recv()
            outcome = "hung"
        except (EOFError, ConnectionResetError):
            outcome = "died"
        self.process.kill()
        self.process.join()
        self._start()
        return outcome, ""

    def end(self) -> None:
        self.pipe.send_bytes(b"end")
        self.process.join()


def damage_files(count: int, seed: int, folder: Path, only: list[str] | None) -> Iterator[tuple[str, Counter, Counter]]:
    """Yield each kind of file with the numbers of its outcomes and of its unforeseen errors."""
    sound = folder / "sound"
    sound.mkdir()
    kinds = {kind: path.read_bytes() for kind, (path, _) in write_sound_files(sound).items()}
    for kind in only or kinds:
        rng = np.random.default_rng((seed, *kind.encode()))
        reader, outcomes, errors = Reader(folder / "work", kind), Counter(), Counter()
        assert reader.read(kinds[kind]) == ("equal", ""), kind
        for _ in range(count):
            outcome, error = reader.read(damaged(kinds[kind], rng))
            outcomes[outcome] += 1
            errors[error] += bool(error)
        reader.end()
        yield kind, outcomes, errors


def odd_jets() -> Iterator[tuple[str, ak.Array]]:
    """Yield jets that no detector has measured, each with what is odd about it."""
    jets = part.read_jets(Path(__file__).parents[1] / "data_samples" / "jetclass_like.root", stop=1)
    n = len(jets["part_px"][0])
    for pt in (1e-3, 1.0, 1e5, 1e30):
        for eta in (-12.0, -10.0, -8.5, 0.0, 8.5, 10.0, 12.0, 40.0):
            p4 = [pt, 0.0, pt * np.sinh(eta), pt * np.cosh(eta)]
            yield f"pT {pt:g}, eta {eta:g}", with_first(jets, dict(zip(["px", "py", "pz", "energy"], p4, strict=True)))
    for name in ("part_px", "part_energy", "part_deta", "part_d0val", "part_charge"):
        for value in (np.nan, np.inf, -np.inf, 3e38, -1.0, 0.0):
            yield f"{name} {value:g}", with_first(jets, {name.removeprefix("part_"): value})
    same = {name: ak.Array([[jets[name][0][0]] * n]) for name in jets.fields if name.startswith("part_")}
    yield (
        "all constituents the same",
        ak.with_field(jets, same["part_px"], "part_px") if not same else _replaced(jets, same),
    )
    for count in (1, 2, 500):
        taken = {name: ak.Array([[jets[name][0][i % n] for i in range(count)]]) for name in same}
        yield f"{count} constituents", _replaced(jets, taken)


def with_first(jets: ak.Array, values: dict[str, float]) -> ak.Array:
    """Return the jet with other values of its first constituent."""
    changed = {f"part_{name}": ak.to_list(jets[f"part_{name}"]) for name in values}
    for name, value in values.items():
        changed[f"part_{name}"][0][0] = value
    return _replaced(jets, {name: ak.Array(lists) for name, lists in changed.items()})


def _replaced(jets: ak.Array, lists: dict[str, ak.Array]) -> ak.Array:
    return ak.zip({name: lists.get(name, jets[name]) for name in jets.fields}, depth_limit=1)


def predict_odd_jets(models: dict[str, Callable[[], Tagger]]) -> Iterator[tuple[str, Counter, Counter]]:
    """Yield each model with the numbers of outcomes for odd jets and of unforeseen errors."""
    for name, load in models.items():
        outcomes, errors = Counter(), Counter()
        for about, jets in odd_jets():
            try:
                is_finite = np.isfinite(load().predict(jets)).all()
                outcomes["finite" if is_finite else "NaN"] += 1
            except PartError:
                outcomes["refused"] += 1
            except Exception as error:
                outcomes["exception"] += 1
                errors[f"{about}: {type(error).__name__}: {error}"[:200]] += 1
        yield name, outcomes, errors


def packed_tagger(path: Path) -> Tagger:
    """Return an untrained ParT whose passes are the packed Triton kernels: on a GPU, else in Triton's interpreter."""
    from part.models.backends.packed import PackedModel

    tagger = part.load_model(path, backend="auto" if torch.cuda.is_available() else "fused")
    if tagger.backend != "packed":  # the kernels run in the interpreter, which a tagger does not offer
        model = cast(ParticleTransformer, tagger.model)
        tagger.engine = Engine(model, lambda: PackedModel(model, graphs=False))
    return tagger


def print_table(names: tuple[str, ...], rows: Iterator[tuple[str, Counter, Counter]]) -> bool:
    """Print a table in Markdown as its rows come, and below it the errors; return whether there were none."""
    print(f"| | {' | '.join(names)} |\n|---|{'---|' * len(names)}", flush=True)
    said: Counter = Counter()
    is_clean = True
    for title, outcomes, errors in rows:
        print(f"| {title} | {' | '.join(str(outcomes[name]) for name in names)} |", flush=True)
        said += Counter({f"{title}: {text}": count for text, count in errors.items() if text})
        silent = outcomes["changed"] if title in CHECKED else 0
        is_clean &= not silent and not any(outcomes[name] for name in ("exception", "memory", "died", "hung", "NaN"))
    for text, count in said.most_common(20):
        print(f"{count:6} {text}", file=sys.stderr)
    return is_clean


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000, help="damaged files, over all kinds (default: 10000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", help="some kinds of files alone")
    parser.add_argument("--models", nargs="*", help="the models that odd jets go through (default: all that ship)")
    parser.add_argument("--quick", action="store_true", help="a hundred files of each kind, and three models")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if not torch.cuda.is_available():
        os.environ["TRITON_INTERPRET"] = "1"  # kernels run on the CPU; read once, when torch imports Triton
    multiprocessing.set_start_method("spawn")
    models = ["part-full", "part-kin", "particlenet-full"] if options.quick else bundled_names()
    models = models if options.models is None else options.models
    taggers: dict[str, Callable[[], Tagger]] = {name: partial(part.load_model, name) for name in models}
    with tempfile.TemporaryDirectory() as folder:
        count = 100 if options.quick else options.files // 9
        is_clean = print_table(OUTCOMES, damage_files(count, options.seed, Path(folder), options.kinds))
        print()
        if importlib.util.find_spec("triton") is not None:
            small = write_model(Path(folder) / "small.safetensors", **SMALL | {"heads": 1, "pair_embed": (16,)})
            taggers["an untrained ParT, packed kernels"] = partial(packed_tagger, small)
        is_clean &= print_table(("finite", "refused", "NaN", "exception"), predict_odd_jets(taggers))
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
