"""What may come next on a command line: commands, their options, and names that were seen before."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from twh_cli import registry
from twh_cli.completing import names
from twh_cli.completing.kept import profiles_and_active
from twh_cli.completing.options import ARGUMENTS, OPTIONS
from twh_cli.completing.scripts import SHELLS

FILES = ":files"
FORMATS = "table|json|jsonl|csv"
GLOBAL_VALUES = {"--output": FORMATS, "--profile": "profiles"}
ARGUMENTS_OF_THEIR_OWN = {
    "completion": ("|".join(SHELLS),),
    "help": ("commands",),
    "profile use": ("profiles",),
    "profile remove": ("profiles",),
}

Word = tuple[str, str]
Option = tuple[tuple[str, ...], str | None, str]
"""Its names, what it takes (None: nothing), and what it is."""


def answer(words: list[str]) -> str:
    """The lines for a shell: a word, and after a tab what it is. `words` ends with the one that is being typed."""
    *before, current = words or [""]
    before, current = joined(before, current)
    found = [f"{word}\t{about}" if about else word for word, about in fitting(before, current)]
    return "\n".join(dict.fromkeys(found))


def joined(before: list[str], current: str) -> tuple[list[str], str]:
    """Bash takes `--output=js` apart at the sign; the value then comes by itself."""
    if current == "=":
        return before, ""
    if before[-1:] == ["="]:
        return before[:-1], current
    return before, current


def fitting(before: list[str], current: str) -> Iterator[Word]:
    for word, about in candidates(before, current):
        if word.startswith(current) or word == FILES:
            yield word, about


def candidates(before: list[str], current: str) -> Iterable[Word]:
    if "--" in before:
        return []
    command, typed, waiting = understood(before)
    if waiting is not None:
        return values(waiting, before)
    if current.startswith("--") and "=" in current:
        option, _, _ = current.partition("=")
        of_option = values(dict(options_of(command)).get(option) or "", before)
        return [(f"{option}={word}", about) for word, about in of_option]
    if current.startswith("-"):
        offered = [*OPTIONS.get(command or "", ()), *global_options()]
        return [(flags[-1], about) for flags, _, about in offered]
    if command is None:
        return commands(typed)
    takes = ARGUMENTS_OF_THEIR_OWN.get(command) or ARGUMENTS.get(command, ())
    place = len(typed)
    return values(takes[place], before) if place < len(takes) else []


def understood(before: list[str]) -> tuple[str | None, list[str], str | None]:
    """The command so far, the plain words that are not of its name, and what an option that came last waits for."""
    plain: list[str] = []
    command: str | None = None
    waiting: str | None = None
    for word in before:
        if waiting is not None:
            waiting = None
        elif word.startswith("-"):
            waiting = None if "=" in word else dict(options_of(command)).get(word)
        else:
            plain.append(word)
            path = " ".join(plain)
            if command is None and any(one.path == path for one in registry.COMMANDS):
                command, plain = path, []
    return command, plain, waiting


def options_of(command: str | None) -> Iterator[tuple[str, str | None]]:
    """Every option by each of its names, and what it takes: None for a flag."""
    for flags, takes, _ in OPTIONS.get(command or "", ()):
        for flag in flags:
            yield flag, takes
    for flags, takes, _ in global_options():
        for flag in flags:
            yield flag, takes


def global_options() -> Iterator[Option]:
    """The options for all, out of the lines that help prints: `-o, --output FORMAT`."""
    yield ("-h", "--help"), None, "Tell the options of this command"
    for line, about in registry.GLOBAL_OPTIONS:
        *short, long = line.split(", ")
        spelled, _, metavar = long.partition(" ")
        name = spelled.partition("[")[0]
        yield (*short, name), GLOBAL_VALUES.get(name, "") if metavar else None, about


def commands(typed: list[str]) -> list[Word]:
    if not typed:
        return [(noun, registry.help_of(noun)) for _, nouns in registry.SECTIONS for noun in nouns]
    group = " ".join(typed)
    return [(one.words[1], one.help) for one in registry.COMMANDS if one.words[:-1] == [group]]


def values(takes: str, before: list[str]) -> list[Word]:
    """The values of a kind: known names, the words of a choice, files, or nothing that could be known."""
    if takes in names.KINDS:
        return [(name, "") for name in names.known(whose(before), takes)]
    if takes == "files":
        return [(FILES, "")]
    if takes == "profiles":
        return [(name, "") for name in profiles_and_active()[0]]
    if takes == "commands":
        return [*commands([]), ("exit-codes", "What each exit code means")]
    return [(word, "") for word in takes.split("|") if word]


def whose(before: list[str]) -> str:
    """Whose names to offer: the profile's that is named, else the environment's, else the active profile's."""
    for number, word in enumerate(before):
        if word == "--profile" and number + 1 < len(before):
            return before[number + 1]
        if word.startswith("--profile="):
            return word.partition("=")[2]
    if os.environ.get("TWH_API_KEY"):
        return names.from_environment()
    return profiles_and_active()[1]
