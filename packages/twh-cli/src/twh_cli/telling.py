"""Telling a story in steps: with colour and highlighted code on a terminal, as plain text everywhere else."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from twh_cli.session import session
from twh_cli.terminal import is_terminal, takes_colour, width

WIDTH_ELSEWHERE = 160
THEME = "ansi_dark"


class Teller:
    """Says each step before it is taken, and what came of it after."""

    def __init__(self, *, silent: bool) -> None:
        colour = takes_colour(sys.stdout, no_color=session().choices.no_color)
        self.colour = colour
        self.number = 0
        self.console = Console(
            file=sys.stdout,
            width=max(width(), 60) if is_terminal(sys.stdout) else WIDTH_ELSEWHERE,
            force_terminal=colour,
            no_color=not colour,
            color_system="standard" if colour else None,
            quiet=silent,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def title(self, name: str, idea: str) -> None:
        self.console.print(Text.assemble((name, "bold"), ": ", idea))

    def step(self, title: str, code: str) -> None:
        self.number += 1
        self.console.print()
        self.console.print(Text.assemble((f"{self.number}  ", "bold cyan"), (title, "bold")))
        if code:
            for line in self.highlighted(code).split("\n"):
                self.console.print(Text("   " if line else "").append_text(line), soft_wrap=True)

    def outcome(self, what: str, seconds: float) -> None:
        took = duration(seconds)
        self.console.print(Text.assemble(("   ✓ ", "green"), what, (f"  {took}", "dim")), soft_wrap=True)

    def line(self, text: str) -> None:
        self.console.print(Text(text, style="dim"), soft_wrap=True)

    def end(self, words: str, onward: list[tuple[str, str]]) -> None:
        self.console.print()
        self.console.print(Text(words, style="bold green"))
        self.console.print()
        self.console.print(Text("What next", style="bold"))
        wide = max(len(command) for command, _ in onward)
        for command, what in onward:
            self.console.print(Text.assemble(("  " + command.ljust(wide + 2), "cyan"), what), soft_wrap=True)
        self.console.print()

    def highlighted(self, code: str) -> Text:
        """The code in colour where there is colour; never cut, so that it can be copied."""
        if not self.colour:
            return Text(code)
        text = Syntax(code, "python", theme=THEME, background_color="default").highlight(code)
        text.rstrip()
        return text


def duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
