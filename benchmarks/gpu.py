"""Compare the speed and memory of ParT on a GPU with weaver-core's: python benchmarks/gpu.py

The jets are those of the bundled sample. The reference is the ParticleTransformer of weaver 0.5.3, as `make test`
installs it, on batches as its loader returns them, padded to 128 and trimmed by the model itself, eager; with
--compiled also through torch.compile as its --compile does. Ours are the backends of attention, padded to the longest
jet of a batch, and packed tokens with and without CUDA graphs. In bf16 all run under autocast. Training is a forward
and a backward pass with the statistics of the batch, without dropout.

Each candidate alternates with weaver on the same batches, which each has processed once before, so that compilation and
recording do not count. Times are those of the host between synchronisations. A line is printed as soon as it is known:
weaver's time over the candidate's, as median over the batches with quartiles, and the candidate's peak of memory beyond
the weights over weaver's. A candidate that cannot run is named and left out.

--quick says what matters in less than three minutes, the most important first: packed logits and gradients beside the
model's, then bf16 beside weaver eager, inference at 512, training at 512 and 1024. --dry-run goes the same way on a CPU
with tiny models and Triton's interpreter, so that nothing is found missing once there is a GPU.
"""

import argparse
import copy
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]

BACKENDS = ("explicit", "fused", "flash")
PACKED, GRAPHS = "packed", "packed, graphs"
WEAVER, COMPILED = "weaver", "weaver compiled"
TINY = {"embed": (32,), "heads": 2, "layers": 1, "class_layers": 1, "pair_embed": (16,)}


class Bench:
    """The jets, the device and the models that are compared."""

    def __init__(self, options: argparse.Namespace):
        import torch

        import part

        self.options, self.torch = options, torch
        self.device = "cpu" if options.dry_run else "cuda"
        jets = part.read_jets(ROOT / "data_samples" / "jetclass_like.root", stop=40 if options.dry_run else None)
        self.jets = jets[np.random.default_rng(0).permutation(len(jets))]

    def model(self, training: bool):
        """Return our model: that of `part-full` in evaluation mode, one with random weights in training mode."""
        import part
        from part.models.build import build
        from part.models.config import ParTConfig

        if training or self.options.dry_run:
            sizes = TINY if self.options.dry_run else {}
            return build(ParTConfig(dropout=0.0, **sizes)).to(self.device).train(training)
        return part.load_model("part-full", device=self.device, backend="fused").model

    def weaver(self, compiled: bool, training: bool):
        from helpers.references import weaver_module

        sizes = {"embed_dims": [32], "pair_embed_dims": [16], "num_heads": 2, "num_layers": 1, "num_cls_layers": 1}
        options = {
            "use_pre_activation_pair": False,
            "compile_model": compiled,
            **(sizes if self.options.dry_run else {}),
        }
        dropout = {"block_params": {"dropout": 0, "attn_dropout": 0, "activation_dropout": 0}}
        network = weaver_module("0.5.3").ParticleTransformer
        model = network(17, 10, **options, **dropout).to(self.device).train(training)
        if not compiled:
            return model
        self.torch._dynamo.reset()  # otherwise graphs compiled for other sizes would count against this one's limit
        return self.torch.compile(model)

    def logits(self, name: str, training: bool, half: bool) -> Callable:
        """Return the logits of a batch as a function, by one of the candidates."""
        from part.models.attention import set_backend
        from part.models.backends import packed

        autocast = self.torch.autocast
        if name in (WEAVER, COMPILED):
            module, key = self.weaver(name == COMPILED, training), "weaver"
        elif name in (PACKED, GRAPHS) and not training:
            inference = packed.PackedModel(self.model(False), "bf16" if half else "fp32", graphs=name == GRAPHS)
            return lambda batch: inference(*batch["ours"])
        else:
            module, key = self.model(training), "ours"
            set_backend(module, name)
        run = (lambda *jets: packed.logits(module, *jets)) if name == PACKED else module

        def logits(batch):
            with autocast(self.device, self.torch.bfloat16, enabled=half):
                return run(*batch[key])

        return logits

    def candidate(self, name: str, training: bool, half: bool) -> Callable:
        logits, loss = self.logits(name, training, half), self.torch.nn.functional.cross_entropy
        return (lambda batch: loss(logits(batch).float(), batch["y"]).backward()) if training else logits

    def batches(self, size: int, count: int) -> list[dict]:
        from part.jets import make_batch
        from part.jets.benchmarks import FULL
        from part.jets.datasets import JETCLASS

        found = []
        for turn in range(count):
            chosen = self.jets[np.arange(turn * size, (turn + 1) * size) % len(self.jets)]
            ours, padded = (make_batch(chosen, FULL, JETCLASS, length=n).to(self.device) for n in (None, 128))
            x, v = (t.transpose(1, 2).contiguous() for t in (padded.x, padded.v))
            jets = {"ours": (ours.x, ours.v, ours.mask), "weaver": (x, v, padded.mask[:, None])}
            found.append(jets | {"y": ours.y})
        return found

    def synchronize(self) -> None:
        if self.device == "cuda":
            self.torch.cuda.synchronize()

    def seconds(self, run: Callable, batch: dict, training: bool) -> float:
        self.synchronize()
        start = time.perf_counter()
        with self.torch.inference_mode(not training):
            run(batch)
        self.synchronize()
        return time.perf_counter() - start

    def warmed_up(self, name: str, turns: list[dict], training: bool, half: bool) -> tuple[Callable, int]:
        """Return a candidate that has processed all batches, and its peak of bytes beyond the weights."""
        cuda = self.torch.cuda
        run = self.candidate(name, training, half)
        trims = [*turns, *turns, *turns[:6]] if name in (WEAVER, COMPILED) else turns  # weaver trims from its 6th batch
        peak = 0
        for measured, batches in ((name == GRAPHS, trims), (True, turns)):  # a graph keeps the memory of its first pass
            self.synchronize()
            before = cuda.memory_allocated() if self.device == "cuda" else 0
            if self.device == "cuda":
                cuda.reset_peak_memory_stats()
            for batch in batches:
                self.seconds(run, batch, training)
            if measured and self.device == "cuda":
                peak = max(peak, cuda.max_memory_allocated() - before)
        return run, peak

    def compare(self, size: int, training: bool, half: bool, names: list[str]) -> None:
        """Print a line for each candidate, which alternates with weaver."""
        title = f"{'training' if training else 'inference'}, batch {size}, {'bf16' if half else 'fp32'}"
        turns = self.batches(size, self.options.turns)
        reference = self.attempt(title, WEAVER, lambda: self.warmed_up(WEAVER, turns, training, half))
        if reference is None:
            return
        for name in names:
            line = self.attempt(title, name, partial(self.line, name, turns, training, half, *reference))
            if line is not None:
                print(f"{title}: {name:16}{line}", flush=True)

    def line(self, name: str, turns: list[dict], training: bool, half: bool, weaver: Callable, memory: int) -> str:
        run, peak = self.warmed_up(name, turns, training, half)
        times = np.array(
            [
                [self.seconds(function, batch, training) for function in (weaver, run)]
                for _ in range(self.options.rounds)
                for batch in turns
            ]
        )
        low, middle, high = np.quantile(times[:, 0] / times[:, 1], (0.25, 0.5, 0.75))
        ours, theirs = len(turns[0]["y"]) / np.median(times, axis=0)[::-1]
        used = f"; {peak / 2**20:.0f} MiB, x{peak / memory:.2f}" if memory else ""
        return f"x{middle:.2f} ({low:.2f} to {high:.2f}), {ours:.0f} jets/s, weaver {theirs:.0f}{used}"

    def attempt(self, title: str, name: str, function: Callable):
        """Return what a function returns, or None, and print why, if it fails."""
        try:
            return function()
        except Exception as error:  # a GPU, its driver and a compiler each raise errors of their own
            message = str(error).strip().splitlines()[0] if str(error).strip() else ""
            print(f"{title}: {name} cannot run: {type(error).__name__}: {message}", flush=True)
            return None

    def print_parity(self) -> None:
        """Print how far packed logits in fp32 are from the model's here and on a CPU, and packed gradients."""
        from part.models.backends import packed

        jets, model = self.batches(4 if self.options.dry_run else 256, 1)[0]["ours"], self.model(False)
        with self.torch.inference_mode():
            here, cpu = model(*jets), copy.deepcopy(model).cpu()(*(t.cpu() for t in jets)).to(self.device)
            print(f"parity: the model here is {(here - cpu).abs().max():.1e} from its logits on a CPU", flush=True)
            for name in self.packed_names:
                logits = packed.PackedModel(model, graphs=name == GRAPHS)(*jets)
                gaps = f"{(logits - here).abs().max():.1e} from the model's here"
                print(f"parity: logits of {name} are {gaps}, {(logits - cpu).abs().max():.1e} on a CPU", flush=True)
        model, gradients = copy.deepcopy(model).requires_grad_(), []
        for run in (model, lambda *jets: packed.logits(model, *jets)):
            model.zero_grad()
            run(*jets).logsumexp(1).sum().backward()
            gradients.append(self.torch.cat([p.grad.flatten() for p in model.parameters()]))
        gap = (gradients[0] - gradients[1]).norm() / gradients[0].norm()
        print(f"parity: gradients of packed are {gap:.1e} of their norm from the model's", flush=True)

    @property
    def packed_names(self) -> list[str]:
        return [PACKED] if self.options.dry_run else [GRAPHS, PACKED]  # graphs need a GPU

    def steps(self) -> Iterator[tuple[int, bool, bool, list[str]]]:
        """Yield batch size, training, bf16 and the candidates of each comparison, the most important first."""
        options, compiled = self.options, [COMPILED] if self.options.compiled else []
        if options.quick or options.dry_run:
            small, sizes = (3, (2,)) if options.dry_run else (512, (512, 1024))
            yield small, False, True, [*self.packed_names, "flash"]
            for size in sizes:
                yield size, True, True, [PACKED, "flash"]
            return
        for half in (precision == "bf16" for precision in options.precisions):
            for size in options.train_batches:
                yield size, True, half, [*compiled, *BACKENDS, PACKED]
            for size in options.batches:
                yield size, False, half, [*compiled, *BACKENDS, PACKED, GRAPHS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="what matters, in less than three minutes")
    parser.add_argument("--dry-run", action="store_true", help="the same on a CPU, with tiny models")
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 64, 256, 512], help="batch sizes for inference")
    parser.add_argument("--train-batches", type=int, nargs="*", default=[512, 1024], help="batch sizes for training")
    parser.add_argument("--precisions", nargs="+", choices=("bf16", "fp32"), default=["bf16", "fp32"])
    parser.add_argument(
        "--compiled", action="store_true", help="also weaver through torch.compile, which takes minutes"
    )
    parser.add_argument("--turns", type=int, default=4, help="different batches of each size")
    parser.add_argument("--rounds", type=int, default=5, help="passes over each batch")
    options = parser.parse_args()
    if options.dry_run:
        os.environ["TRITON_INTERPRET"] = "1"  # read once, when torch imports Triton
        options.turns, options.rounds = 1, 1
    import torch

    if not options.dry_run and not torch.cuda.is_available():
        print("There is no GPU here that torch can use; this benchmark has nothing to measure (see --dry-run).")
        return
    print(f"{torch.cuda.get_device_name() if not options.dry_run else 'CPU, a dry run'}, torch {torch.__version__}")
    bench = Bench(options)
    bench.attempt("parity", PACKED, bench.print_parity)
    for size, training, half, names in bench.steps():
        bench.compare(size, training, half, names)


if __name__ == "__main__":
    main()
