"""How numbers reach the small canvas components: bytes, a JSON header with raw arrays behind it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st

_HERE = Path(__file__).parent


def asset(name: str) -> str:
    """The text of a file beside the components."""
    return (_HERE / name).read_text(encoding="utf-8")


def script(name: str) -> str:
    """A component's module with the helpers that all of them share in front."""
    return asset("shared.js") + asset(name)


def pack(header: dict, arrays: dict[str, np.ndarray]) -> bytes:
    """uint32 length of the header, the header (JSON, with the arrays' shapes in order), float32 arrays."""
    shapes = {name: list(values.shape) for name, values in arrays.items()}
    head = json.dumps(header | {"arrays": shapes}, ensure_ascii=False).encode()
    body = b"".join(np.ascontiguousarray(values, "<f4").tobytes() for values in arrays.values())
    return len(head).to_bytes(4, "little") + head + body


def clicked(key: str, on_particle: Callable[[int], None]) -> Callable[[], None]:
    """The callback of a component's trigger "particle": its number in the file, which counts from 1."""

    def take() -> None:
        number = st.session_state[key].particle
        if number:
            on_particle(int(number) - 1)

    return take
