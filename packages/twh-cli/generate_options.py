"""Write twh_cli/completing/options.py from what typer knows of every command, so that completion need not load typer.

`python packages/twh-cli/generate_options.py` writes it, `--check` says whether it is what the commands say. A test checks it.
"""

import ast
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from twh.events import KINDS as KINDS_OF_EVENTS
from twh_cli import app, registry

TARGET = Path(__file__).parent / "src" / "twh_cli" / "completing" / "options.py"
KINDS = {"ITEM": "items", "LOCATION": "locations", "FILE": "files", "FOLDER": "files"}
EVENT_KINDS = "|".join(sorted(KINDS_OF_EVENTS))
NAMED = {
    "item": "items",
    "location": "locations",
    "at": "locations",
    "types": EVENT_KINDS,
    "event_kind": EVENT_KINDS,
}
HEAD = '''# Generated from the commands by generate_options.py: do not edit.
"""The arguments and options of every command, as completion needs them."""

ARGUMENTS: dict[str, tuple[str, ...]] = {
'''


def generated() -> str:
    lines = [HEAD]
    known = {command.path: list(parameters(command)) for command in registry.COMMANDS}
    for path, found in known.items():
        takes = tuple(kind_of(one) or "" for one in found if one.param_type_name == "argument")
        if takes:
            lines.append(f"    {path!r}: {takes!r},\n")
    lines.append("}\n\nOPTIONS: dict[str, tuple[tuple[tuple[str, ...], str | None, str], ...]] = {\n")
    for path, found in known.items():
        options = [one for one in found if one.param_type_name == "option" and one.name != "help"]
        if options:
            lines.append(f"    {path!r}: (\n")
            lines += [f"        {told(one)!r},\n" for one in options]
            lines.append("    ),\n")
    return "".join([*lines, "}\n"])


def parameters(command: registry.Command) -> Any:
    program: Any = app.program(command)
    return program.params


def told(option: Any) -> tuple[tuple[str, ...], str | None, str]:
    """Its names, the one to offer last: the first long one. What is off as well as on is offered both ways by its first."""
    spelled = (*option.opts, *option.secondary_opts)
    first = next((one for one in spelled if one.startswith("--")), spelled[0])
    flags = (*(one for one in spelled if one != first), first)
    return flags, None if option.is_flag else kind_of(option) or "", option.help or ""


def kind_of(parameter: Any) -> str | None:
    """What it takes: names that were seen, files, or one of some words."""
    annotation = parameter.type_descriptor.annotation
    if get_origin(annotation) is Literal:
        return "|".join(get_args(annotation))
    return KINDS.get(parameter.metavar or "") or NAMED.get(parameter.name or "")


if __name__ == "__main__":
    fresh = generated()
    if "--check" not in sys.argv:
        TARGET.write_text(fresh)
    elif ast.dump(ast.parse(TARGET.read_text())) != ast.dump(ast.parse(fresh)):  # in whatever form ruff has put it
        sys.exit("completing/options.py is not what the commands say: run packages/twh-cli/generate_options.py")
