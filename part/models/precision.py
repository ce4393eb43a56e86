"""Inference in bfloat16, as a choice at the end of a model's name: "part-full@bf16"."""

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
