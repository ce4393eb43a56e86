"""Compare one worker process with two that share the jets of files: python benchmarks/workers.py

The bundled jets, written several times over into a temporary folder, are predicted as `python -m part evaluate
--workers` does, on two workers and on one of them in turn, so that both meet the same load. Each uses one thread. The
ratio of wall-clock times says what the second process brings; 2 would be all of it. Beside it stands how busy the
processes were and how many jets an hour one core makes, with which one can plan a cluster.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import awkward as ak
import numpy as np

from part.benchmarking.machine import describe_machine
from part.inference.cluster import Cluster, open_cluster
from part.inference.loading import load_model
from part.inference.tagger import Tagger
from part.inference.worker_tasks import ModelSource
from part.jets.readers import read_jets
from part.jets.streaming import Chunk, EntryRange, entry_ranges
from part.simulate.writing import write_jets

ROOT = Path(__file__).parents[1]


def predict(taggers: Sequence[Tagger], chunk: Chunk) -> tuple[np.ndarray, float]:
    """Return the probabilities (J, C), and the processor time in seconds that they took."""
    start = time.process_time()
    return taggers[0].predict(chunk.jets), time.process_time() - start


def time_pass(cluster: Cluster, ranges: Sequence[EntryRange]) -> tuple[float, float, np.ndarray]:
    """Return the wall-clock time, the processor time of the models, and the probabilities (J, C) of all jets."""
    start = time.perf_counter()
    results = [result for _, result in cluster.map_chunks(predict, ranges)]
    seconds = time.perf_counter() - start
    return seconds, sum(used for _, used in results), np.concatenate([p for p, _ in results])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="part-full")
    parser.add_argument("--jets", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    tagger = load_model(options.model, "cpu")
    sources = [ModelSource(options.model, "cpu").matching(tagger)]
    with tempfile.TemporaryDirectory() as folder:
        jets = read_jets(ROOT / "data_samples" / "jetclass_like.root")
        copies = -(-options.jets // len(jets))
        write_jets(Path(folder) / "jets.root", ak.concatenate([jets] * copies)[: options.jets])
        ranges = entry_ranges([folder])
        passes: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
        with open_cluster(sources, 1) as one, open_cluster(sources, 2) as two:
            assert one is not None
            assert two is not None
            probabilities = {}
            for _ in range(options.rounds + 1):
                for count, cluster in ((1, one), (2, two)):
                    seconds, used, probabilities[count] = time_pass(cluster, ranges)
                    passes[count].append((seconds, used))
    print(describe_machine())
    gap = float(np.abs(probabilities[1] - probabilities[2]).max())
    ratios = [a / b for (a, _), (b, _) in list(zip(passes[1], passes[2], strict=True))[1:]]  # the first loads the model
    print(
        f"{options.model} ({tagger.backend}), {options.jets} jets: two workers x{statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}) of one; probabilities differ by at most {gap:.1e}"
    )
    for count, times in passes.items():
        seconds, used = (statistics.median(values) for values in zip(*times[1:], strict=True))
        print(f"{count} worker{'s' * (count > 1)}: {seconds:.1f} s, {used / seconds:.2f} cores busy with the model")
    used = statistics.median(used for _, used in passes[1][1:])
    print(f"{3600 * options.jets / used:,.0f} jets an hour and core, by processor time of the model alone")


if __name__ == "__main__":
    main()
