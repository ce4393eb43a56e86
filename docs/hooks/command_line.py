"""Writes the page of the command line from the parsers of the commands themselves."""

import argparse
from collections.abc import Iterable
from importlib import import_module

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from part.__main__ import COMMANDS

PAGE = "command-line.md"
INTRODUCTION = """# Command line

Run a command as `python -m part COMMAND`, or as `partscope COMMAND` after `pip install`. Any of them lists its options
with `--help`, as this page does.

- `--jets` takes any number of files, folders, globs and URLs, which are read a chunk at a time.
- `--model` takes the name of a shipped checkpoint, a path to a checkpoint, or a weaver-core `.pt` file. With `@bf16`
  behind it the model runs in bfloat16.
- Each output file appears only once it is complete. Existing files are kept unless `--force` is given.
- Bad input ends with exit code 2 and one sentence on stderr, which names the file, branch or entry and what was
  expected.

| command | what it does |
|---|---|
"""
SIMILAR = {"lr-find": "train"}  # their shared options are listed once

Row = tuple[str, str]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    files.append(File.generated(config, PAGE, content=page()))
    return files


def page() -> str:
    """Return the page in Markdown."""
    overview = "".join(f"| [`{name}`](#{name}) | {text} |\n" for name, (_, text) in COMMANDS.items())
    return "\n".join([INTRODUCTION + overview, *map(_command, COMMANDS)])


def _command(name: str) -> str:
    parser = _parser(name)
    kinds = [(choice.dest, choice.help) for action in _kinds(parser) for choice in action._choices_actions]
    parsers = {kind: parser for action in _kinds(parser) for kind, parser in action.choices.items()}
    tables = {kind: _rows(parser) for kind, parser in parsers.items()}
    rows = _rows(parser) + [row for row in next(iter(tables.values()), []) if all(row in t for t in tables.values())]
    introduction = f"## {name}\n\n{_sentence(COMMANDS[name][1])}\n"
    if name in SIMILAR:
        similar = _rows(_parser(SIMILAR[name]))
        absent = ", ".join(option for option, _ in similar if option not in dict(rows))
        introduction += f"\nIt takes the options of [`{SIMILAR[name]}`](#{SIMILAR[name]}) except {absent}, and these:\n"
        rows = [row for row in rows if row not in similar]
    elif kinds and rows:
        introduction += f"\nEvery `{name} KIND` takes these options:\n"
    sections = [
        f"### {name} {kind}\n\n{_sentence(text)}\n\n{_table(row for row in tables[kind] if row not in rows)}"
        for kind, text in kinds
    ]
    return "\n".join([introduction, _table(rows) if rows or not kinds else "", *sections])


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=name, add_help=False)
    import_module(COMMANDS[name][0]).add_arguments(parser)
    return parser


def _kinds(parser: argparse.ArgumentParser) -> list[argparse._SubParsersAction]:
    return [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]


def _rows(parser: argparse.ArgumentParser) -> list[Row]:
    skipped = (argparse._SubParsersAction, argparse._HelpAction)
    return [(_name(action), _meaning(action)) for action in parser._actions if not isinstance(action, skipped)]


def _name(action: argparse.Action) -> str:
    return ", ".join(f"`{flag}`" for flag in action.option_strings) or f"`{action.metavar or action.dest.upper()}`"


def _meaning(action: argparse.Action) -> str:
    """Return the help, with what the parser knows besides: whether the option is required, its default and choices."""
    text = (action.help or "").replace("%%", "%")
    if action.option_strings and action.required:
        text += " (required)"
    elif not isinstance(action.default, bool | None) and "default" not in text and f"({action.default}" not in text:
        text += f" (default: {action.default})"
    names = [str(choice) for choice in action.choices or ()]
    if not all(name in text for name in names):
        text += ("; " if text else "") + "one of " + ", ".join(f"`{name}`" for name in names)
    return text.strip().replace("|", "\\|").replace("\n", " ")


def _table(rows: Iterable[Row]) -> str:
    lines = [f"| {option} | {meaning} |" for option, meaning in rows]
    return "\n".join(["| option | meaning |", "|---|---|", *lines, ""]) if lines else "It has no further options.\n"


def _sentence(text: str | None) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""
