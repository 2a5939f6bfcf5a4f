"""The reference of the command line: each command's own help, as a terminal shows it."""

import os
from typing import Any

import typer

from twh_cli import app, registry

os.environ["NO_COLOR"] = "1"
os.environ["COLUMNS"] = os.environ["TERMINAL_WIDTH"] = "100"


def pages() -> dict[str, str]:
    """A page for each group of commands, and one of all single commands."""
    groups: dict[str, list[registry.Command]] = {}
    for command in registry.COMMANDS:
        groups.setdefault(command.words[0] if command.words[0] in registry.GROUPS else "", []).append(command)
    made = {f"reference/commands/{group or 'single'}.md": page(group, commands) for group, commands in groups.items()}
    return {**made, "reference/commands/index.md": index(groups)}


def index(groups: dict[str, list[registry.Command]]) -> str:
    """All commands in a table."""
    lines = ["# Every command", "", "| command | does |", "|---|---|"]
    for group, commands in groups.items():
        for command in commands:
            anchor = f"twh-{command.path.replace(' ', '-')}"
            lines.append(f"| [`twh {command.path}`]({group or 'single'}.md#{anchor}) | {command.help}. |")
    return "\n".join(lines) + "\n"


def page(group: str, commands: list[registry.Command]) -> str:
    """The commands of a group, each with its help."""
    title = f"twh {group}" if group else "Single commands"
    lines = [f"# {title}", ""]
    if group:
        lines += [f"{registry.GROUPS[group]}.", ""]
    for command in commands:
        lines += [f"## twh {command.path}", "", "```text", help_of(command), "```", ""]
    return "\n".join(lines)


def help_of(command: registry.Command) -> str:
    """What `twh … --help` prints."""
    made: Any = app.program(command)
    return str(made.get_help(typer.Context(made, info_name=f"twh {command.path}"))).rstrip()
