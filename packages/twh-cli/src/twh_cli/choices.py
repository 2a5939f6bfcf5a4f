"""What can be said before and after every command, taken out of the words before the command's own options are read."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from twh_cli.problems import WronglyTyped

FORMATS = ("table", "json", "jsonl", "csv")
SHORT = {"-o": "--output", "-y": "--yes", "-q": "--quiet"}


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What this run was told apart from its command."""

    output: str | None = None
    fields: tuple[str, ...] = ()
    json: bool = False
    profile: str | None = None
    idempotency_key: str | None = field(default=None, repr=False)
    timeout: float | None = None
    yes: bool = False
    no_input: bool = False
    quiet: bool = False
    no_color: bool = False
    debug: bool = False


def from_environment() -> Choices:
    return Choices(no_input=bool(os.environ.get("TWH_NO_INPUT")))


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
    "--yes": lambda choices: replace(choices, yes=True),
    "--no-input": lambda choices: replace(choices, no_input=True),
    "--quiet": lambda choices: replace(choices, quiet=True),
    "--no-color": lambda choices: replace(choices, no_color=True),
    "--debug": lambda choices: replace(choices, debug=True),
}


def with_output(choices: Choices, value: str) -> Choices:
    if value not in FORMATS:
        raise WronglyTyped(f"--output is one of {', '.join(FORMATS)}, not {value!r}.")
    return replace(choices, output=value)


def with_timeout(choices: Choices, value: str) -> Choices:
    try:
        seconds = float(value.removesuffix("s"))
    except ValueError:
        raise WronglyTyped(f"--timeout takes seconds, not {value!r}.") from None
    if not 0 < seconds <= 86_400:
        raise WronglyTyped(f"--timeout is more than 0 and at most a day of seconds, not {value}.")
    return replace(choices, timeout=seconds)


def with_key(choices: Choices, value: str) -> Choices:
    if not (1 <= len(value) <= 255 and value.isascii() and value.isprintable() and " " not in value):
        raise WronglyTyped("--idempotency-key takes 1 to 255 visible ASCII characters.")
    return replace(choices, idempotency_key=value)


VALUES: dict[str, Callable[[Choices, str], Choices]] = {
    "--output": with_output,
    "--profile": lambda choices, value: replace(choices, profile=value),
    "--timeout": with_timeout,
    "--idempotency-key": with_key,
    "--key": with_key,
}
