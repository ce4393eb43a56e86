"""Inference in bfloat16, chosen by a suffix of a model's name: "part-full@bf16"."""

from functools import cache
from pathlib import Path

import torch

PRECISIONS = ("fp32", "bf16")


def parse_model_name(name: str | Path) -> tuple[str, str]:
    """Split a model's name into the name of its checkpoint and the precision.

    Parameters
    ----------
    name : str or Path
        For example "part-full@bf16".

    Returns
    -------
    tuple of str
        For example ("part-full", "bf16"); without a suffix the precision is "fp32".
    """
    stem, separator, precision = str(name).rpartition("@")
    return (stem, precision) if separator and precision in PRECISIONS else (str(name), "fp32")


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Return the context in which a model runs at a precision.

    In bf16 matrix products are computed in bfloat16; softmax, norms and pair features stay in float32.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


@cache
def cpu_supports_bf16() -> bool:
    """Return whether the processor multiplies bfloat16 itself (AVX-512), as the native backend needs in bf16."""
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False
