"""Compare `part predict` with weaver-core's own `--predict`, from file to scores: python benchmarks/predict.py

Both read the bundled jets from one ROOT file with one data config and the weights of part-full, and write a score for
each class. weaver 0.5.3 (`make .venv/bench.done` installs it, and the compiler of its loader) runs as a user calls it:
in fp32 and with its one loader process. Its scores' library, which is not used here, is left out. Both programs run in
turn as processes of their own, so that importing and starting count. The ratio of wall-clock times is what a user sees,
and needs an otherwise idle machine; that of processor times is steadier. Scores are compared jet by jet.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import torch
import uproot
from helpers.network_files import HEAD
from helpers.references import WEAVER, weaver_module
from helpers.weaver_run import STAND_INS

import part
from part.benchmarking.machine import describe_machine
from part.jets.readers import read_jets
from part.models.checkpoints.weaver import convert_part
from part.simulate.writing import write_jets

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "part" / "jets" / "config" / "benchmarks" / "JetClass_full.yaml"
GET_MODEL = """
def get_model(data_config, **kwargs):
    names = data_config.input_names
    options = dict(input_dim=17, num_classes=10, use_pre_activation_pair=False, trim=True) | kwargs
    return Wrapper(**options), {
        "input_names": list(names),
        "input_shapes": {name: ((-1,) + data_config.input_shapes[name][1:]) for name in names},
        "output_names": ["softmax"],
        "dynamic_axes": {},
    }


def get_loss(data_config, **kwargs):
    return torch.nn.CrossEntropyLoss()
"""


def write_inputs(folder: Path, n_jets: int) -> None:
    """Write the files that both programs read."""
    sample = read_jets(ROOT / "data_samples" / "jetclass_like.root")
    jets = ak.concatenate([sample] * -(-n_jets // len(sample)))[:n_jets]
    write_jets(folder / "jets.root", jets)
    (folder / "network.py").write_text(HEAD + GET_MODEL)
    for place, text in STAND_INS.items():
        if place.startswith("sklearn"):
            path = folder / "stand_ins" / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    ours = part.load_model("part-full", "cpu").model.state_dict()
    module = weaver_module("0.5.3")
    theirs = module.ParticleTransformer(17, 10, use_pre_activation_pair=False).state_dict()
    for name, tensor in convert_part(theirs, "weaver").state.items():
        tensor.copy_(ours[name])  # the tensors are renamed, but still those of `theirs`
    torch.save({f"mod.{name}": tensor for name, tensor in theirs.items()}, folder / "net_best_epoch_state.pt")


def commands(folder: Path, batch_size: int, loaders: int) -> dict[str, list[str]]:
    program = "import sys; sys.argv[0] = 'weaver'; from weaver.train import main; main()"
    weights, network, jets = folder / "net_best_epoch_state.pt", folder / "network.py", folder / "jets.root"
    weaver = f"--predict --data-test {jets} --data-config {CONFIG} --network-config {network} --model-prefix {weights} "
    weaver += f"--batch-size {batch_size} --num-workers {loaders} --predict-output {folder / 'weaver.root'} --gpus"
    ours = f"predict --model {weights} --config {CONFIG} --network {network} --jets {jets} --force"
    return {
        "weaver": [sys.executable, "-c", program, *weaver.split(" "), ""],
        "part": [sys.executable, "-m", "part", *ours.split(" "), "--out", str(folder / "part.parquet")],
    }


def run(command: list[str], folder: Path, threads: int) -> tuple[float, float]:
    """Return the wall-clock and the processor time of a program and its processes, in seconds."""
    paths = os.pathsep.join(map(str, (WEAVER / "0.5.3", WEAVER / "extra", folder / "stand_ins", ROOT)))
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": str(threads)}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def largest_difference(folder: Path) -> float:
    labels = part.load_model("part-full", "cpu").dataset.labels

    def ours(label: str) -> str:
        return f"score_{label.removeprefix('label_')}"

    theirs = next(folder.rglob("weaver.root"))
    table = pq.read_table(folder / "part.parquet")
    with uproot.open(f"{theirs}:Events") as tree:
        return max(
            float(np.abs(tree[f"score_{label}"].array(library="np") - table[ours(label)].to_numpy()).max())
            for label in labels
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jets", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--batch-size", type=int, default=512, help="of weaver; its default is 128")
    parser.add_argument("--loaders", type=int, default=1, help="of weaver, which is its default")
    options = parser.parse_args()
    print(f"{describe_machine()} · {options.threads} threads · {options.jets} jets, from file to scores")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder, options.jets)
        programs = commands(folder, options.batch_size, options.loaders)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for _ in range(options.rounds):
            for program, command in programs.items():
                times[program].append(run(command, folder, options.threads))
        for i, kind in enumerate(("wall clock", "processors")):
            theirs, ours = ([pair[i] for pair in times[program]] for program in programs)
            ratio = statistics.median(a / b for a, b in zip(theirs, ours, strict=True))
            seconds = [f"{statistics.median(values):.3g} s" for values in (theirs, ours)]
            print(f"{kind}: weaver {seconds[0]}, part {seconds[1]}, x{ratio:.3g}")
        print(f"Largest difference of a score: {largest_difference(folder):.1e}")


if __name__ == "__main__":
    main()
