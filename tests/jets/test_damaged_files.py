"""Reading a damaged file gives jets or one sentence, whatever the damage."""

import ast
import subprocess
import sys
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from helpers.jet_samples import (
    columns,
    write_parquet,
    write_quarkgluon_npz,
    write_rntuple,
    write_toplandscape_h5,
    write_tree,
)

from part.errors import PartError
from part.jets import read_jets
from part.jets.schema import MOMENTA

TOP = np.arange(12) % 2
WRITERS = {
    "TTree": lambda path, table: write_tree(path, table, basket=5),
    "RNTuple": write_rntuple,
    "parquet": write_parquet,
    "HDF5": lambda path, table: write_toplandscape_h5(path, table, TOP),
    "npz": lambda path, table: write_quarkgluon_npz(path.with_suffix(".npz"), table, TOP),
}
# Reads each file and prints the outcome. It runs in its own process, since damage may crash it.
SCRIPT = """
import sys
from part.errors import PartError
from part.jets import count_jets, read_jets
for path in sys.stdin.read().splitlines():
    print(repr(path), end=": ", flush=True)
    try:
        print(len(read_jets(path)) == count_jets(path))
    except PartError as error:
        print(repr(str(error)))
"""


def damaged(content: bytes, kind: str, rng: np.random.Generator) -> bytes:
    """Return the content truncated, or with a few bytes changed, in the headers more often than in the data."""
    if kind == "cut":
        return content[: rng.integers(1, len(content))]
    copy = bytearray(content)
    near = min(rng.choice([400, 4000, len(content)]), len(content))
    for place in rng.integers(0, near, rng.integers(1, 6)):
        copy[place] = rng.integers(256)
    return bytes(copy)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, bool | str]:
    """Return the outcome of reading each damaged file, by path: True for jets, or the message of the PartError."""
    folder, rng = tmp_path_factory.mktemp("damaged"), np.random.default_rng(1)
    paths = []
    for name, write in WRITERS.items():
        content = Path(write(folder / name, columns(12))).read_bytes()
        for i, kind in enumerate(["cut"] * 40 + ["flip"] * 60):
            paths.append(folder / f"{name}_{kind}_{i}")
            paths[-1].write_bytes(damaged(content, kind, rng))
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        cwd=Path(__file__).parents[2],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout[-200:] + process.stderr[-2000:]
    outcomes = ast.literal_eval("{" + process.stdout.replace("\n", ",\n") + "}")
    assert list(outcomes) == [str(path) for path in paths]
    return outcomes


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_damage_gives_jets_or_one_sentence(outcomes, name):
    of_kind = {path: outcome for path, outcome in outcomes.items() if f"/{name}_" in path}
    assert len(of_kind) == 100
    for path, outcome in of_kind.items():
        assert outcome is True or (path in outcome and "\n" not in outcome)
    cut = [outcome for path, outcome in of_kind.items() if "_cut_" in path]
    assert sum(isinstance(outcome, str) for outcome in cut) >= 35  # few cuts lie behind all data


@pytest.mark.parametrize("magic", [b"root", b"PAR1", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", b""])
def test_garbage(tmp_path, magic):
    path = tmp_path / "garbage"
    path.write_bytes(magic + np.random.default_rng(3).bytes(5000))
    with pytest.raises(PartError, match="garbage"):
        read_jets(path)


def test_offsets_beyond_the_data(tmp_path):
    """awkward trusts offsets and would read foreign memory: they are checked first."""
    from part.jets.validation import to_jets

    flat = ak.contents.NumpyArray(np.ones(4, np.float32))
    beyond = ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(np.array([0, 2, 4000])), flat))
    with pytest.raises(PartError, match="branch part_px: jets that reach beyond its data"):
        to_jets("x", dict.fromkeys(MOMENTA, beyond), 0, 2)
