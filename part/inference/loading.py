"""Loading of a trained model, by name or path, as a Tagger."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from part.errors import PartError
from part.inference.checks import check_weights
from part.inference.tagger import Tagger
from part.models.attention import BACKENDS
from part.models.backends.native.compile import COMPILING
from part.models.checkpoints.checkpoint import load_checkpoint
from part.models.numerics.precision import parse_model_name


def load_model(
    path_or_name: str | Path,
    device: str = "auto",
    backend: str = "auto",
    dataset: str | None = None,
    config: str | Path | None = None,
    network: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Tagger:
    """Load a trained model.

    Parameters
    ----------
    path_or_name : str or Path
        The name of a shipped checkpoint ("part-full"), or the path of a project checkpoint (`.safetensors`), of a
        weaver-core state dict (`.pt`), or of a folder with one state dict, at most one data config and at most one
        network file. "@bf16" at its end makes the model run in bfloat16.
    device : str
        "auto" takes a GPU if there is one; otherwise a torch device.
    backend : str
        How `predict` computes; `trace` is always explicit. "auto" takes what the checkpoint's card says, otherwise the
        fastest one that gives the model's logits on this machine; the tagger's `backend` and `backend_reason` say
        which and why. "explicit", "fused" or "flash" choose the attention (see `set_backend`), "native" is compiled
        code for the CPU and "packed" Triton kernels for a GPU, both without padding.
    dataset : str, optional
        The benchmark whose classes weaver weights tell apart, where their number fits more than one.
    config : str or Path, optional
        The data config that weaver weights were trained with (`.yaml` or `.auto.yaml`).
    network : str or Path, optional
        The network file that they were trained with, which is read and never run.
    options : mapping, optional
        What overrides all else: keywords of weaver-core's network, such as {"use_pre_activation_pair": True};
        `classes`, the names of the classes or a file with one in each line; `roles`, such as {"part_charge": "pf_q"}.

    Returns
    -------
    Tagger

    Raises
    ------
    PartError
        If there is no such model, device or backend, or if the weights do not fit the architecture exactly or
        are not finite.
    """
    if backend not in BACKENDS:
        raise PartError(f"There is no attention backend {backend!r}; choose {' or '.join(BACKENDS)}.")
    name, precision = parse_model_name(path_or_name)
    checkpoint = load_checkpoint(name, dataset, config, network, options)
    check_weights(checkpoint.model, checkpoint.path)
    requested = checkpoint.card.get("backend", "auto") if backend == "auto" else backend
    tagger = Tagger(checkpoint, _device(device), requested, precision)
    if COMPILING in tagger.backend_reason:
        warnings.warn(f"{tagger.name}: {tagger.backend_reason}", stacklevel=2)
    return tagger


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):
        raise PartError(f"There is no device {name!r} on this machine; try device='cpu'.") from None
    return device
