"""Compare the speed and memory of ParT on a GPU with weaver-core's, eager and compiled: python benchmarks/gpu.py

The jets are those of the bundled sample. The reference is the ParticleTransformer of weaver 0.5.3, as `make test`
installs it, on batches as its loader returns them, padded to 128 and trimmed by the model itself, eager and through
torch.compile as its --compile does. Ours are the backends of attention, padded to the longest jet of a batch, and
packed tokens with and without CUDA graphs. In bf16 all run under autocast. Training is a forward and a backward pass
with the statistics of the batch, without dropout. All models alternate on the same batches, which each has processed
once before, so that compilation and recording do not count. Times are those of the host between synchronisations.
Printed are weaver's time over the model's, as median over the batches with quartiles, and the model's peak of memory
beyond the weights over weaver's. Models that cannot run are named and left out.
"""

import argparse
import copy
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[1]

BACKENDS = ("explicit", "fused", "flash")
REFERENCE = "weaver"


def weaver(compiled: bool, training: bool) -> torch.nn.Module:
    from helpers.references import weaver_module

    options = {"use_pre_activation_pair": False, "compile_model": compiled}
    dropout = {"block_params": {"dropout": 0, "attn_dropout": 0, "activation_dropout": 0}}
    model = weaver_module("0.5.3").ParticleTransformer(17, 10, **options, **dropout).cuda().train(training)
    if not compiled:
        return model
    torch._dynamo.reset()  # otherwise graphs compiled for other sizes would count against the limit of this one
    return torch.compile(model)


def weaver_logits(compiled: bool, training: bool, half: bool) -> Callable:
    model = weaver(compiled, training)

    def logits(batch):
        with torch.autocast("cuda", torch.bfloat16, enabled=half):
            return model(*batch["weaver"])

    return logits


def our_logits(model: torch.nn.Module, backend: str, half: bool) -> Callable:
    from part.models.attention import set_backend
    from part.models.backends import packed

    if backend.startswith("packed") and not model.training:
        inference = packed.PackedModel(model, "bf16" if half else "fp32", "graphs" in backend)
        return lambda batch: inference(*batch["ours"])
    model = copy.deepcopy(model)
    set_backend(model, backend)
    run = (lambda *jets: packed.logits(model, *jets)) if backend == "packed" else model

    def logits(batch):
        with torch.autocast("cuda", torch.bfloat16, enabled=half):
            return run(*batch["ours"])

    return logits


def training_step(logits: Callable) -> Callable:
    def step(batch):
        torch.nn.functional.cross_entropy(logits(batch).float(), batch["y"]).backward()

    return step


def candidates(model: torch.nn.Module, half: bool) -> dict[str, Callable]:
    """Return functions that create each candidate, so that one that fails does not end the others."""
    training = model.training
    candidates = {
        REFERENCE: lambda: weaver_logits(False, training, half),
        "weaver compiled": lambda: weaver_logits(True, training, half),
    }
    for backend in (*BACKENDS, "packed") if training else (*BACKENDS, "packed", "packed, graphs"):
        candidates[backend] = lambda backend=backend: our_logits(model, backend, half)
    return {name: (lambda make=make: training_step(make())) if training else make for name, make in candidates.items()}


def batches(jets, size: int, count: int) -> list[dict]:
    from part.jets import make_batch
    from part.jets.benchmarks import FULL
    from part.jets.datasets import JETCLASS

    batches = []
    for turn in range(count):
        selection = jets[np.arange(turn * size, (turn + 1) * size) % len(jets)]
        packed, padded = (make_batch(selection, FULL, JETCLASS, length=n).to("cuda") for n in (None, 128))
        weaver_inputs = (
            padded.x.transpose(1, 2).contiguous(),
            padded.v.transpose(1, 2).contiguous(),
            padded.mask[:, None],
        )
        batches.append({"ours": (packed.x, packed.v, packed.mask), "weaver": weaver_inputs, "y": packed.y})
    return batches


def warm_up(make: Callable, name: str, turns: list[dict], training: bool) -> tuple[Callable, int] | None:
    """Return a candidate that has processed all batches, and its peak of bytes beyond the weights; None if it fails."""
    try:
        run = make()
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        for batch in (
            turns if "weaver" not in name else [*turns, *turns, *turns[:6]]
        ):  # weaver trims from its 6th batch on
            time_pass(run, batch, training)
        if "graphs" not in name:  # a graph keeps the memory of its first pass
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
            for batch in turns:
                time_pass(run, batch, training)
        return run, torch.cuda.max_memory_allocated() - before
    except Exception as error:  # a GPU, its driver and a compiler each raise errors of their own
        print(f"{name} cannot run: {type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}")
        return None


def time_pass(run: Callable, batch: dict, training: bool) -> float:
    """Return the seconds of one pass."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    with torch.inference_mode(not training):
        run(batch)
    torch.cuda.synchronize()
    return time.perf_counter() - start


def compare(
    title: str, model: torch.nn.Module, half: bool, turns: list[dict], rounds: int, without: Sequence[str]
) -> None:
    training, size = model.training, len(turns[0]["y"])
    print(f"\n{title}, batch {size}, {'bf16' if half else 'fp32'}")
    chosen = {name: make for name, make in candidates(model, half).items() if name not in without}
    ready = {name: warm_up(make, name, turns, training) for name, make in chosen.items()}
    ready = {name: candidate for name, candidate in ready.items() if candidate}
    times = {name: [] for name in ready}
    for _ in range(rounds):
        for batch in turns:
            for name, (run, _) in ready.items():
                times[name].append(time_pass(run, batch, training))
    if REFERENCE not in ready:
        return
    for name, (_, peak) in ready.items():
        ratio = np.array(times[REFERENCE]) / np.array(times[name])
        low, middle, high = np.quantile(ratio, (0.25, 0.5, 0.75))
        memory = f"{peak / 2**20:>8.0f} MiB   x{peak / ready[REFERENCE][1]:.2f}"
        speed = f"{size / np.median(times[name]):>9.0f} jets/s   x{middle:.2f} ({low:.2f} to {high:.2f})"
        print(f"{name:16}{speed:42}{memory}")


def print_differences(model: torch.nn.Module, batch: dict) -> None:
    """Print how far packed logits in fp32 are from the model's on this GPU and on the CPU, and packed gradients."""
    from part.models.backends import packed

    jets = batch["ours"]
    with torch.inference_mode():
        here, cpu = model(*jets), copy.deepcopy(model).cpu()(*(t.cpu() for t in jets)).cuda()
        for name, graphs in (("packed", False), ("packed, graphs", True)):
            logits = packed.PackedModel(model, graphs=graphs)(*jets)
            print(
                f"logits of {name}: to {(logits - here).abs().max():.1e} those of the model here, "
                f"to {(logits - cpu).abs().max():.1e} on the CPU; the model itself: {(here - cpu).abs().max():.1e}"
            )
    model, gradients = copy.deepcopy(model).requires_grad_(), []
    for run in (model, lambda *jets: packed.logits(model, *jets)):
        model.zero_grad()
        torch.nn.functional.cross_entropy(run(*jets), batch["y"]).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    print(f"gradients of packed: to {((gradients[0] - gradients[1]).norm() / gradients[0].norm()):.1e} of their norm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 64, 256, 512], help="batch sizes for inference")
    parser.add_argument("--train-batches", type=int, nargs="*", default=[512], help="batch sizes for training")
    parser.add_argument("--precisions", nargs="+", choices=("bf16", "fp32"), default=["bf16", "fp32"])
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME", help="candidates to leave out")
    parser.add_argument("--turns", type=int, default=8, help="different batches of each size")
    parser.add_argument("--rounds", type=int, default=5, help="passes over each batch")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("There is no GPU here that torch can use; this benchmark has nothing to measure.")
        return
    import part
    from part.models.build import build
    from part.models.config import ParTConfig

    driver = subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], capture_output=True)
    print(f"{torch.cuda.get_device_name()}, driver {driver.stdout.decode().strip()}, torch {torch.__version__}")
    jets = part.read_jets(ROOT / "data_samples" / "jetclass_like.root")
    jets = jets[np.random.default_rng(0).permutation(len(jets))]
    tagger = part.load_model("part-full", device="cuda", backend="fused")
    print_differences(tagger.model, batches(jets, 256, 1)[0])
    for half in (precision == "bf16" for precision in options.precisions):
        for size in options.train_batches:
            model = build(ParTConfig(dropout=0.0)).cuda().train()
            compare("Training", model, half, batches(jets, size, options.turns), options.rounds, options.without)
        for size in options.batches:
            compare(
                "Inference", tagger.model, half, batches(jets, size, options.turns), options.rounds, options.without
            )


if __name__ == "__main__":
    main()
