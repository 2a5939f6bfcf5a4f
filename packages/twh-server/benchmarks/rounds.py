"""Rounds: cells take turns, so that they meet the machine in the same moods, and ratios are taken within each round."""

import math
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cells import CELLS, Cell
from ground import MEASURED, Ground, Sample
from kept import Found

Figures = dict[str, Any]
"""What a cell came to, by the names under which the JSON has it."""

WARMING_SHARE = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """So many rounds, and so many seconds for each cell in each of them.

    No round is begun that, like the one before it, would end later than `ends` by the monotonic clock; one always is.
    """

    rounds: int
    seconds: float
    ends: float = math.inf


def measure(names: Sequence[str], pace: Pace, ground: Ground) -> Found:
    """The figures of some cells, and of those that they are held against."""
    wanted = _with_those_beside(names)
    rounds: list[dict[str, Sample]] = []
    for cell in wanted.values():
        cell.measure(ground, pace.seconds * WARMING_SHARE)
    for number in range(pace.rounds):
        began = time.monotonic()
        # There and back: what goes on growing or shrinking favours nobody.
        order = list(wanted) if number % 2 == 0 else list(reversed(wanted))
        rounds.append({name: wanted[name].measure(ground, pace.seconds) for name in order})
        if 2 * time.monotonic() - began > pace.ends:
            break
    return {name: _figures(name, cell, rounds) for name, cell in wanted.items()}


def _with_those_beside(names: Iterable[str]) -> dict[str, Cell]:
    return {each: CELLS[each] for name in names for each in (*CELLS[name].beside.values(), name)}


def _figures(name: str, cell: Cell, rounds: Sequence[Mapping[str, Sample]]) -> Figures:
    samples = [each[name] for each in rounds]
    rate = statistics.median(one.per_second for one in samples)
    figures: Figures = {"movements_per_second": round(rate * cell.movements)} if cell.movements > 1 else {}
    figures["per_second"] = round(rate, 1)
    for ratio, other in cell.beside.items():
        if other not in rounds[0]:
            continue  # it is only here for others to be held against
        figures[ratio] = round(statistics.median(_rate(each, name) / _rate(each, other) for each in rounds), 2)
        figures[f"{ratio}_by_cpu"] = round(
            statistics.median(_cpu(each, other) / _cpu(each, name) for each in rounds), 2
        )
    figures["errors"] = sum(one.errors for one in samples)
    for what in MEASURED:
        found = [value for one in samples if (value := getattr(one, what)) is not None]
        if found:
            figures[what] = round(statistics.median(found), 3)
    return figures


def _rate(samples: Mapping[str, Sample], name: str) -> float:
    """How many movements, or calls that record none, there were a second."""
    return samples[name].per_second * CELLS[name].movements


def _cpu(samples: Mapping[str, Sample], name: str) -> float:
    """How much of the processors' time each of them took."""
    return samples[name].cpu_ms_per_call / CELLS[name].movements
