"""YAML files, read without running code and bounded in size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from part.errors import PartError
from part.io import atomic_write

MAX_BYTES = 2**20
MAX_VALUES, MAX_DEPTH = 100_000, 20


def read_yaml(path: str) -> tuple[dict[str, Any], bytes]:
    """Return the keys of a data config and the bytes of its file. Raises PartError."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise PartError(f"{path}: {error.strerror or error}; expected a data config (.yaml).") from None
    if len(content) > MAX_BYTES:
        raise PartError(f"{path}: {len(content):,} bytes; expected a data config of at most {MAX_BYTES:,}.")
    try:
        options = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "no valid YAML"
        raise PartError(f"{path}{line}: {problem}; expected a data config in YAML.") from None
    except (RecursionError, ValueError, UnicodeDecodeError):
        raise PartError(f"{path}: cannot be read as YAML; expected a data config.") from None
    _check_size(options, path)
    if not isinstance(options, dict):
        raise PartError(f"{path}: no keys; expected a weaver data config with inputs and labels.")
    return options, content


def write_yaml(path: Path, options: Mapping[str, Any]) -> None:
    """Write the keys of a data config, as weaver-core reads them; the file appears complete or not at all."""
    with atomic_write(path) as partial:
        partial.write_text(yaml.safe_dump(dict(options), sort_keys=False, allow_unicode=True))


def _check_size(value: Any, path: str) -> None:
    """Count all values, each as often as an alias repeats it, which a short file can make billions of."""
    waiting, count = [(value, 0)], 0
    while waiting:
        item, depth = waiting.pop()
        count += 1
        if count > MAX_VALUES or depth > MAX_DEPTH:
            raise PartError(f"{path}: more than {MAX_VALUES:,} values or {MAX_DEPTH} levels; expected a data config.")
        if isinstance(item, dict):
            waiting += [(v, depth + 1) for pair in item.items() for v in pair]
        elif isinstance(item, list | tuple):
            waiting += [(v, depth + 1) for v in item]
