"""Files of JSON lines: one object a line, checked whole before the first is sent, and taken as they are sent."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import typer

from twh_cli.problems import WronglyTyped
from twh_cli.terminal import is_terminal

PROGRESS_SECONDS = 10.0

Line = tuple[int, dict[str, Any]]
"""The number of a line, from 1, and its object."""


class Source:
    """The lines of a file, as often as they are wanted; stdin (`-`) is kept, since it comes once."""

    def __init__(self, path: str, read: Callable[[int, str], dict[str, Any]]) -> None:
        self.path = path
        self.read = read
        self.text = typer.get_text_stream("stdin").read() if path == "-" else None

    @property
    def name(self) -> str | None:
        """The file's name; stdin has none."""
        return None if self.text is not None else Path(self.path).name

    def lines(self) -> Iterator[Line]:
        """The objects with their line numbers; the first that cannot be used ends it."""
        if self.text is not None:
            yield from self.read_all(self.text.splitlines())
            return
        try:
            with Path(self.path).open(encoding="utf-8") as file:
                yield from self.read_all(file)
        except (OSError, UnicodeDecodeError) as why:
            raise typer.BadParameter(f"{self.path} cannot be read: {why}") from None

    def read_all(self, lines: Iterable[str]) -> Iterator[Line]:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, self.read(number, line)


class Pace:
    """How often progress is told: with each batch on a terminal, every ten seconds in a log."""

    def __init__(self) -> None:
        self.told_at = time.monotonic()

    @property
    def due(self) -> bool:
        if not is_terminal(sys.stderr) and time.monotonic() - self.told_at < PROGRESS_SECONDS:
            return False
        self.told_at = time.monotonic()
        return True


def object_in(number: int, line: str, parse_float: Callable[[str], object] | None = None) -> dict[str, Any]:
    """The object that a line is."""
    try:
        thing: object = json.loads(line, parse_float=parse_float)
    except ValueError as why:
        raise WronglyTyped(f"Line {number} is not JSON: {why}.") from None
    if not isinstance(thing, dict):
        raise WronglyTyped(f"Line {number} is not a JSON object.")
    return cast("dict[str, Any]", thing)
