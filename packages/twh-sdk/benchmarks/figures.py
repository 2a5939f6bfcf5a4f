"""What was measured: a figure of ours with its target, and the peers' beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PEERS = ("openai", "stripe", "anthropic")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How thoroughly to measure."""

    runs: int
    """Of a program."""
    calls: int
    """Of a client, in a row: few, so that many rows are disturbed by nothing."""
    rounds: int
    """Of those rows."""
    counting: bool
    """Whether instructions are counted, which takes a minute or two."""


THOROUGH = Pace(runs=21, calls=40, rounds=100, counting=True)
QUICK = Pace(runs=7, calls=20, rounds=40, counting=False)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. A figure is None where this machine cannot measure it, and `beside` says why."""

    name: str
    unit: str
    figure: float | None
    most: float | None = None
    """The target: what the figure may be at most."""
    peers: Mapping[str, float] = field(default_factory=dict[str, float])
    beside: str = ""
    """What the figure is to be read with."""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        return None if self.most is None or self.figure is None else self.figure <= self.most


def as_json(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    return {
        row.name: {
            "figure": row.figure,
            "unit": row.unit,
            "most": row.most,
            "met": row.met,
            "peers": dict(row.peers),
            "beside": row.beside,
        }
        for row in rows
    }


def table(cell: str, rows: Sequence[Row]) -> str:
    """The cell for people: what, at most, ours, theirs."""
    peers = [peer for peer in PEERS if any(peer in row.peers for row in rows)]
    head = [cell, "unit", "at most", "twh", "", *peers, ""]
    lines = [head, *(line(row, peers) for row in rows)]
    widths = [max(len(one[place]) for one in lines) for place in range(len(head))]
    return "\n".join(laid_out(one, widths) for one in lines)


def line(row: Row, peers: Sequence[str]) -> list[str]:
    verdict = {True: "met", False: "MISSED", None: ""}[row.met]
    theirs = [written(row.peers.get(peer), row.unit) for peer in peers]
    return [
        row.name,
        row.unit,
        written(row.most, row.unit),
        written(row.figure, row.unit),
        verdict,
        *theirs,
        row.beside,
    ]


def written(figure: float | None, unit: str) -> str:
    if figure is None:
        return "-"
    return f"{figure:.2f}" if unit == "x" else f"{figure:.1f}" if figure % 1 else f"{figure:.0f}"


def laid_out(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, figures to the right, the remark as it is."""
    name, *figures, beside = cells
    middle = "  ".join(figure.rjust(width) for figure, width in zip(figures, widths[1:-1], strict=True))
    return f"{name.ljust(widths[0])}  {middle}  {beside}".rstrip()
