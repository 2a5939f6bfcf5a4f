"""What can be said before and after every command, taken out of the words before the command's own options are read."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from twh_cli import preferences
from twh_cli.preferences import FORMATS
from twh_cli.problems import WronglyTyped

SHORT = {"-o": "--output", "-y": "--yes", "-q": "--quiet", "-v": "--verbose"}


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What this run was told apart from its command."""

    output: str | None = None
    fields: tuple[str, ...] = ()
    json: bool = False
    jq: str | None = None
    on_terminals: str = "table"
    """What a terminal gets where nothing else was said."""
    profile: str | None = None
    idempotency_key: str | None = field(default=None, repr=False)
    timeout: float | None = None
    live: bool = False
    dry_run: bool = False
    yes: bool = False
    no_input: bool = False
    quiet: bool = False
    no_color: bool = False
    verbose: bool = False
    debug: bool = False


def from_environment() -> Choices:
    """What was chosen once and for all: in the environment, else with `twh config set`."""
    chosen = preferences.chosen()
    timeout = chosen.get("timeout")
    return Choices(
        on_terminals=chosen.get("output", "table"),
        timeout=float(timeout) if timeout else None,
        no_color=chosen.get("color") == "never",
        no_input=bool(os.environ.get("TWH_NO_INPUT")),
    )


def taken_out(words: list[str], choices: Choices) -> tuple[Choices, list[str]]:
    """The choices that stand anywhere among the words, and the words without them. After `--`, all is the command's."""
    rest: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            return choices, [*rest, word, *waiting]
        name, has_value, value = SHORT.get(word, word).partition("=")
        if name in FLAGS and not has_value:
            choices = FLAGS[name](choices)
        elif name == "--json":
            choices = replace(choices, json=True, fields=tuple(one for one in value.split(",") if one))
        elif name in VALUES:
            if not has_value:
                if not waiting:
                    raise WronglyTyped(f"{name} needs a value.", hint="twh --help")
                value = waiting.pop(0)
            choices = VALUES[name](choices, value)
        else:
            rest.append(word)
    return choices, rest


FLAGS: dict[str, Callable[[Choices], Choices]] = {
    "--live": lambda choices: replace(choices, live=True),
    "--dry-run": lambda choices: replace(choices, dry_run=True),
    "--yes": lambda choices: replace(choices, yes=True),
    "--no-input": lambda choices: replace(choices, no_input=True),
    "--quiet": lambda choices: replace(choices, quiet=True),
    "--no-color": lambda choices: replace(choices, no_color=True),
    "--verbose": lambda choices: replace(choices, verbose=True),
    "--debug": lambda choices: replace(choices, verbose=True, debug=True),
}


def with_output(choices: Choices, value: str) -> Choices:
    if value not in FORMATS:
        raise WronglyTyped(f"--output is one of {', '.join(FORMATS)}, not {value!r}.")
    return replace(choices, output=value)


def with_timeout(choices: Choices, value: str) -> Choices:
    return replace(choices, timeout=preferences.seconds(value, "--timeout"))


def with_key(choices: Choices, value: str) -> Choices:
    if not (1 <= len(value) <= 255 and value.isascii() and value.isprintable() and " " not in value):
        raise WronglyTyped("--idempotency-key takes 1 to 255 visible ASCII characters.")
    return replace(choices, idempotency_key=value)


VALUES: dict[str, Callable[[Choices, str], Choices]] = {
    "--output": with_output,
    "--jq": lambda choices, value: replace(choices, json=True, jq=value),
    "--profile": lambda choices, value: replace(choices, profile=value),
    "--timeout": with_timeout,
    "--idempotency-key": with_key,
    "--key": with_key,
}
