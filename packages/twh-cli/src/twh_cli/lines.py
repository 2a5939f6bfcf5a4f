"""Files of JSON lines: one object a line, checked whole before the first is sent, and taken as they are sent."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

from twh_cli.session import session
from twh_cli.terminal import LOG_SECONDS, is_terminal

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


class Tally:
    """How far a file came: what was answered is done, whatever happens next."""

    def __init__(self, things: str, outcomes: Iterable[str]) -> None:
        self.things = things
        self.counts = dict.fromkeys(outcomes, 0)
        self.sent: list[Line] = []
        """What was sent and is not answered yet."""
        self.told_at = time.monotonic()

    def settled(self, number: int) -> list[Line]:
        """The first so many of what was sent: they are answered."""
        settled, self.sent = self.sent[:number], self.sent[number:]
        return settled

    def told(self) -> str:
        """`1,200 entries: 1,100 recorded, 100 refused`."""
        came = ", ".join(f"{count:,} {name}" for name, count in self.counts.items() if count) or "none"
        return f"{sum(self.counts.values()):,} {self.things}: {came}"

    def tell(self) -> None:
        """With each batch on a terminal, every ten seconds in a log."""
        if self.due:
            session().say(self.told(), "dim")

    @property
    def due(self) -> bool:
        if not is_terminal(sys.stderr) and time.monotonic() - self.told_at < LOG_SECONDS:
            return False
        self.told_at = time.monotonic()
        return True
