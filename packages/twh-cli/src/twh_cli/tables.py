"""Tables as people like to read them, drawn by rich: loaded only when one is shown."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from twh_cli.session import session
from twh_cli.terminal import harmless, is_terminal, takes_colour, width

GAP = 2
TITLES = {"pending": "yellow", "failed": "red", "no": "red"}


class Titled(Protocol):
    @property
    def title(self) -> str: ...
    @property
    def right(self) -> bool: ...
    @property
    def minor(self) -> bool: ...


def write_table(columns: Sequence[Titled], rows: Sequence[Sequence[str]]) -> None:
    """Write the rows; minor columns go when the terminal is narrow, so that no id is ever cut."""
    rows = [[harmless(text) for text in row] for row in rows]
    kept = fitting(columns, rows)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for place in kept:
        column = columns[place]
        table.add_column(column.title, justify="right" if column.right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[place], style=TITLES.get(row[place], "")) for place in kept))
    console().print(table)


def write_card(fields: Sequence[tuple[str, str]]) -> None:
    """Write names and values, one below the other."""
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields:
        table.add_row(name, Text(harmless(value)))
    console().print(table)


def fitting(columns: Sequence[Titled], rows: Sequence[Sequence[str]]) -> list[int]:
    """The columns that fit side by side: from the right, minor ones are left out until they do."""
    wide = [
        max([cell_len(column.title), *(cell_len(row[place]) for row in rows)]) for place, column in enumerate(columns)
    ]
    kept = list(range(len(columns)))
    for place in reversed(range(len(columns))):
        if sum(wide[one] + GAP for one in kept) - GAP <= room():
            break
        if columns[place].minor:
            kept.remove(place)
    return kept


def room() -> int:
    """How wide a table may be; what is no terminal has no end."""
    return width() if is_terminal(sys.stdout) else 10_000


def console() -> Console:
    colour = takes_colour(sys.stdout, no_color=session().choices.no_color)
    return Console(
        file=sys.stdout,
        width=room(),
        force_terminal=colour,
        no_color=not colour,
        color_system="auto" if colour and is_terminal(sys.stdout) else "standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )
