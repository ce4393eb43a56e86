"""Which module of a model is at work: told by hooks, as a profile and a count of operations need it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from torch import nn


@contextmanager
def announced(model: nn.Module, enter: Callable[[str], None], leave: Callable[[], None]) -> Iterator[None]:
    """Within it, `enter` hears the path of each module below `model` that begins its pass, and `leave` that it ends.

    Nobody else may use the model meanwhile.
    """
    handles = []

    def begin(path: str, module: nn.Module, given: tuple) -> None:
        enter(path)

    def end(module: nn.Module, given: tuple, made: object) -> None:
        leave()

    for path, module in model.named_modules():
        if path and not isinstance(module, nn.ModuleList):
            handles.append(module.register_forward_pre_hook(partial(begin, path)))
            handles.append(module.register_forward_hook(end, always_call=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def kind(path: str) -> str:
    """What blocks have in common: blocks.3.attn.qkv -> blocks.*.attn.qkv."""
    return re.sub(r"(?<=\.)\d+(?=\.|$)", "*", path, count=1)
