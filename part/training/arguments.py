"""The options of a training as the words of its command line, written and read without the command line itself."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any

from part.errors import PartError
from part.training.config import DEFAULTS, TrainingConfig

_FIELDS = {item.name: item for item in fields(TrainingConfig) if "help" in item.metadata}
_UNWRITTEN = {item.name for item in fields(TrainingConfig)} - _FIELDS.keys()
_FLAGS = {item.metadata.get("flag") or f"--{name.replace('_', '-')}": name for name, item in _FIELDS.items()}
_POSITIONAL = [flag for flag in _FLAGS if not flag.startswith("-")]
_NEGATIVE = re.compile(r"-\d+|-\d*\.\d+")


def to_arguments(options: Mapping[str, Any]) -> list[str]:
    """Return the arguments of `python -m part train` that give these options, in their order.

    Parameters
    ----------
    options : mapping
        Values by the names of TrainingConfig's fields, with dataset, model and features among them. The content of a
        data config is left out; the run keeps it.
    """
    flags = {name: flag for flag, name in _FLAGS.items()}
    words = [options["model"]] if options.get("config") else [options[name] for name in _POSITIONAL]
    for name, value in options.items():
        flag = flags.get(name, f"--{name.replace('_', '-')}")
        if (
            name in _POSITIONAL
            or name in _UNWRITTEN
            or value is False
            or (value is None and DEFAULTS.get(name) is None)
        ):
            continue
        if value is True:
            words.append(flag)
        elif isinstance(value, list | tuple):
            words += [flag, *map(str, value)]
        else:
            words.append(f"{flag}={0 if value is None else value}")  # None stands for all jets
    return words


def parse_arguments(words: Sequence[str]) -> dict[str, Any]:
    """Return the options that arguments of `python -m part train` give, by the names of TrainingConfig's fields.

    The grammar is that of argparse: options may be shortened as long as they are unambiguous, and the last one counts.

    Raises
    ------
    PartError
        If an option is unknown, incomplete or missing, or if its value has the wrong type.
    """
    options: dict[str, Any] = {}
    positional: list[str] = []
    unknown: list[str] = []
    for flag, explicit, values in _groups(words):
        if flag is None:
            positional += values
            continue
        if flag not in _FLAGS:
            unknown += [flag, *values]
            continue
        name = _FLAGS[flag]
        options[name], rest = _value(flag, _FIELDS[name], explicit, values)
        positional += rest
    options |= assign_words(dict(zip(_POSITIONAL, positional, strict=False)), options.get("config"))
    if unknown := unknown + positional[len(_POSITIONAL) :]:
        raise _refusal(f"unrecognized arguments: {' '.join(unknown)}")
    optional = ("dataset",) if options.get("config") else ()
    required = [flag for flag, name in _FLAGS.items() if _is_required(_FIELDS[name]) and name not in optional]
    if missing := [flag for flag in required if _FLAGS[flag] not in options]:
        raise _refusal(f"the following arguments are required: {', '.join(missing)}")
    return options


def assign_words(words: Mapping[str, str], config: str | None) -> dict[str, str]:
    """Return the words that are no options by the names of their fields: with a data config the only one is the model.

    Raises PartError if there are more with a data config.
    """
    if not config or not words:
        return dict(words)
    if len(words) > 1:
        raise _refusal(f"{' '.join(words.values())}; with --config the only word is the model")
    return {"model": next(iter(words.values()))}


def _groups(words: Sequence[str]) -> Iterator[tuple[str | None, str | None, list[str]]]:
    """Yield each option with what follows "=" in it and the words up to the next one; first those before any."""
    flag, explicit, values = None, None, []
    for word in words:
        if not word.startswith("-") or _NEGATIVE.fullmatch(word) or (" " in word and "=" not in word):
            values.append(word)
            continue
        yield flag, explicit, values
        head, equals, tail = word.partition("=")
        flag, explicit, values = _full_flag(head) or word, tail if equals else None, []
    yield flag, explicit, values


def _full_flag(word: str) -> str | None:
    """Return the option that a word means, exactly or as its only completion."""
    if word in _FLAGS:
        return word
    matches = [flag for flag in _FLAGS if word.startswith("--") and flag.startswith(word)]
    if len(matches) > 1:
        raise _refusal(f"ambiguous option: {word} could match {', '.join(matches)}")
    return matches[0] if matches else None


def _value(flag: str, item: Field, explicit: str | None, values: list[str]) -> tuple[Any, list[str]]:
    """Return the value of an option, and the words after it that do not belong to it."""
    if item.default is False:
        if explicit is not None:
            raise _refusal(f"argument {flag}: ignored explicit argument {explicit!r}")
        return True, values
    texts = values if explicit is None else [explicit]
    if not texts:
        count = "at least one argument" if item.metadata.get("nargs") == "+" else "one argument"
        raise _refusal(f"argument {flag}: expected {count}")
    if item.metadata.get("nargs") == "+":
        return tuple(texts), [] if explicit is None else values
    parse = item.metadata.get("parse") or (str if item.default in (None, MISSING) else type(item.default))
    try:
        return parse(texts[0]), values[1:] if explicit is None else values
    except ValueError:
        raise _refusal(f"argument {flag}: invalid {parse.__name__} value: {texts[0]!r}") from None


def _is_required(item: Field) -> bool:
    return item.default is MISSING and item.metadata.get("nargs") != "?" and item.metadata.get("required", True)


def _refusal(message: str) -> PartError:
    return PartError(f"The options cannot be understood: {message}.")
