"""ParT's speed and memory on a GPU beside weaver-core's, eager and compiled: python benchmarks/gpu.py

Jets of the shipped sample as they are. weaver is 0.5.3's ParticleTransformer as `make test` installs it, on batches as
its loader gives them, padded to 128 and trimmed by itself, eager and through torch.compile as its --compile has it.
Ours are the attention's backends, padded to the longest jet of a batch, and packed tokens, with CUDA graphs and
without. In bf16 all run under autocast. Training is forward and backward pass with the statistics of the batch, without
dropout. All take turns on the same batches, which each has seen once before: compilation and recording do not count.
Times are the host's between synchronisations. Given are weaver's time over the model's, the median over the batches
with its quartiles, and the model's peak of memory beyond the weights over weaver's. What cannot run is named and left
out.
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
    torch._dynamo.reset()  # else what was compiled for other sizes would count against this one's limit
    return torch.compile(model)


def of_weaver(compiled: bool, training: bool, half: bool) -> Callable:
    model = weaver(compiled, training)

    def logits(batch):
        with torch.autocast("cuda", torch.bfloat16, enabled=half):
            return model(*batch["weaver"])

    return logits


def of_ours(model: torch.nn.Module, backend: str, half: bool) -> Callable:
    from part.models.attention import set_backend
    from part.models.backends import packed

    if backend.startswith("packed") and not model.training:
        inference = packed.Packed(model, "bf16" if half else "fp32", "graphs" in backend)
        return lambda batch: inference(*batch["ours"])
    model = copy.deepcopy(model)
    set_backend(model, backend)
    run = (lambda *jets: packed.logits(model, *jets)) if backend == "packed" else model

    def logits(batch):
        with torch.autocast("cuda", torch.bfloat16, enabled=half):
            return run(*batch["ours"])

    return logits


def a_step(logits: Callable) -> Callable:
    def step(batch):
        torch.nn.functional.cross_entropy(logits(batch).float(), batch["y"]).backward()

    return step


def candidates(model: torch.nn.Module, half: bool) -> dict[str, Callable]:
    """Callables that make such a candidate: one that fails shall not end the others."""
    training = model.training
    made = {
        REFERENCE: lambda: of_weaver(False, training, half),
        "weaver compiled": lambda: of_weaver(True, training, half),
    }
    for backend in (*BACKENDS, "packed") if training else (*BACKENDS, "packed", "packed, graphs"):
        made[backend] = lambda backend=backend: of_ours(model, backend, half)
    return {name: (lambda make=make: a_step(make())) if training else make for name, make in made.items()}


def batches(jets, size: int, count: int) -> list[dict]:
    from part.jets import make_batch
    from part.jets.schema import FULL, JETCLASS

    made = []
    for turn in range(count):
        some = jets[np.arange(turn * size, (turn + 1) * size) % len(jets)]
        ours, whole = (make_batch(some, FULL, JETCLASS, length=n).to("cuda") for n in (None, 128))
        theirs = (whole.x.transpose(1, 2).contiguous(), whole.v.transpose(1, 2).contiguous(), whole.mask[:, None])
        made.append({"ours": (ours.x, ours.v, ours.mask), "weaver": theirs, "y": ours.y})
    return made


def warmed(make: Callable, name: str, turns: list[dict], training: bool) -> tuple[Callable, int] | None:
    """A candidate that has seen all batches, and the most bytes it took beyond the weights; None if it cannot run."""
    try:
        run = make()
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        for batch in turns if "weaver" not in name else [*turns, *turns, *turns[:6]]:  # it trims from its 6th batch on
            passed(run, batch, training)
        if "graphs" not in name:  # which keep what their first pass took
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
            for batch in turns:
                passed(run, batch, training)
        return run, torch.cuda.max_memory_allocated() - before
    except Exception as error:  # whatever a GPU, its driver or a compiler may say
        print(f"{name} cannot run: {type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}")
        return None


def passed(run: Callable, batch: dict, training: bool) -> float:
    """Seconds of one pass."""
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
    ready = {name: warmed(make, name, turns, training) for name, make in chosen.items()}
    ready = {name: found for name, found in ready.items() if found}
    times = {name: [] for name in ready}
    for _ in range(rounds):
        for batch in turns:
            for name, (run, _) in ready.items():
                times[name].append(passed(run, batch, training))
    if REFERENCE not in ready:
        return
    for name, (_, peak) in ready.items():
        ratio = np.array(times[REFERENCE]) / np.array(times[name])
        low, middle, high = np.quantile(ratio, (0.25, 0.5, 0.75))
        memory = f"{peak / 2**20:>8.0f} MiB   x{peak / ready[REFERENCE][1]:.2f}"
        speed = f"{size / np.median(times[name]):>9.0f} jets/s   x{middle:.2f} ({low:.2f} to {high:.2f})"
        print(f"{name:16}{speed:42}{memory}")


def parity(model: torch.nn.Module, batch: dict) -> None:
    """How far the packed logits are from those of the model on this GPU and on the CPU, fp32; likewise gradients."""
    from part.models.backends import packed

    jets = batch["ours"]
    with torch.inference_mode():
        here, cpu = model(*jets), copy.deepcopy(model).cpu()(*(t.cpu() for t in jets)).cuda()
        for name, graphs in (("packed", False), ("packed, graphs", True)):
            found = packed.Packed(model, graphs=graphs)(*jets)
            print(
                f"logits of {name}: to {(found - here).abs().max():.1e} those of the model here, "
                f"to {(found - cpu).abs().max():.1e} on the CPU; the model itself: {(here - cpu).abs().max():.1e}"
            )
    model, sums = copy.deepcopy(model).requires_grad_(), []
    for run in (model, lambda *jets: packed.logits(model, *jets)):
        model.zero_grad()
        torch.nn.functional.cross_entropy(run(*jets), batch["y"]).backward()
        sums.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    print(f"gradients of packed: to {((sums[0] - sums[1]).norm() / sums[0].norm()):.1e} of their norm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 64, 256, 512], help="sizes, for inference")
    parser.add_argument("--train-batches", type=int, nargs="*", default=[512], help="sizes, for training")
    parser.add_argument("--precisions", nargs="+", choices=("bf16", "fp32"), default=["bf16", "fp32"])
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME", help="candidates to leave out")
    parser.add_argument("--turns", type=int, default=8, help="different batches of each size")
    parser.add_argument("--rounds", type=int, default=5, help="times that each batch is taken")
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
    parity(tagger.model, batches(jets, 256, 1)[0])
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
