"""Forward hooks that report which module of a model is running, for the profile and the count of operations."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial

from torch import nn


@contextmanager
def module_hooks(
    model: nn.Module, enter: Callable[[str], object], leave: Callable[[], object]
) -> Generator[None, None, None]:
    """Call `enter` with a module's path before each forward pass below `model`, and `leave` after it.

    The model must not be shared with another thread meanwhile.
    """
    handles = []

    def before_pass(path: str, module: nn.Module, args: tuple) -> None:
        enter(path)

    def after_pass(module: nn.Module, args: tuple, output: object) -> None:
        leave()

    for path, module in model.named_modules():
        if path and not isinstance(module, nn.ModuleList):
            handles.append(module.register_forward_pre_hook(partial(before_pass, path)))
            handles.append(module.register_forward_hook(after_pass, always_call=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def generic_path(path: str) -> str:
    """Return a module's path with the index of its block replaced: blocks.3.attn.qkv -> blocks.*.attn.qkv."""
    return re.sub(r"(?<=\.)\d+(?=\.|$)", "*", path, count=1)
