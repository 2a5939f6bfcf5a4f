"""Rounds: cells take turns, so that they meet the machine in the same moods, and ratios are taken within each round."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cells import CELLS, Cell
from ground import Ground, Sample
from kept import Found

Figures = dict[str, Any]
"""What a cell came to, by the names under which the JSON has it."""

WARMING_SHARE = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """So many rounds, and so many seconds for each cell in each of them."""

    rounds: int
    seconds: float


def measure(names: Sequence[str], pace: Pace, ground: Ground) -> Found:
    """The figures of some cells, and of those that they are held against."""
    wanted = _with_those_beside(names)
    rounds: list[dict[str, Sample]] = []
    for cell in wanted.values():
        cell.measure(ground, pace.seconds * WARMING_SHARE)
    for number in range(pace.rounds):
        # There and back: what goes on growing or shrinking favours nobody.
        order = list(wanted) if number % 2 == 0 else list(reversed(wanted))
        rounds.append({name: wanted[name].measure(ground, pace.seconds) for name in order})
    return {name: _figures(name, cell, rounds) for name, cell in wanted.items()}


def _with_those_beside(names: Iterable[str]) -> dict[str, Cell]:
    wanted: dict[str, Cell] = {}
    for name in names:
        for each in (*CELLS[name].beside.values(), name):
            wanted |= {**(_with_those_beside([each]) if each != name else {}), each: CELLS[each]}
    return wanted


def _figures(name: str, cell: Cell, rounds: Sequence[Mapping[str, Sample]]) -> Figures:
    samples = [each[name] for each in rounds]
    rate = statistics.median(one.per_second for one in samples)
    figures: Figures = {"movements_per_second": round(rate * cell.movements)} if cell.movements > 1 else {}
    figures |= {"per_second": round(rate, 1)}
    figures |= {
        ratio: round(statistics.median(_rate(each, name) / _rate(each, other) for each in rounds), 2)
        for ratio, other in cell.beside.items()
    }
    figures["errors"] = sum(one.errors for one in samples)
    for what, names in _MEASURED.items():
        found = [value for one in samples if (value := getattr(one, what)) is not None]
        if found:
            figures[names] = round(statistics.median(found), 3)
    return figures


def _rate(samples: Mapping[str, Sample], name: str) -> float:
    return samples[name].per_second * CELLS[name].movements


_MEASURED = {
    "p50_ms": "p50_ms",
    "p99_ms": "p99_ms",
    "server_cpu_ms": "server_cpu_ms_per_call",
    "postgres_cpu_ms": "postgres_cpu_ms_per_call",
    "load_cpu_ms": "load_cpu_ms_per_call",
}
