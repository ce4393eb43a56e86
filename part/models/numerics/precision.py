"""Inference in bfloat16, as a choice at the end of a model's name: "part-full@bf16"."""

from functools import cache
from pathlib import Path

import torch

PRECISIONS = ("fp32", "bf16")


def split_precision(name: str | Path) -> tuple[str, str]:
    """ "part-full@bf16" -> ("part-full", "bf16"); without an ending it is fp32."""
    stem, at, precision = str(name).rpartition("@")
    return (stem, precision) if at and precision in PRECISIONS else (str(name), "fp32")


def running_in(precision: str, device: torch.device) -> torch.autocast:
    """Where a model is to run. In bf16 its matrix products do; softmax, norms and all of physics stay in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


@cache
def multiplies_bf16() -> bool:
    """Whether this processor itself multiplies bfloat16 numbers (AVX-512), as the native backend needs in bf16."""
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False
