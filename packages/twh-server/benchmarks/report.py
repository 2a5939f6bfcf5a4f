"""What a run found: ratios first, then every figure beside its target; and the same as JSON."""

import json
import os
import platform
from collections.abc import Iterator, Mapping
from typing import Any

import psutil

from alone import ALONE, OF_THE_SDK, Alone
from cells import CELLS, Cell

Cells = Mapping[str, Mapping[str, Any]]

COLUMNS = {
    "per second": ("movements_per_second", "per_second"),
    "p50 ms": ("p50_ms",),
    "p99 ms": ("p99_ms",),
    "errors": ("errors",),
    "server": ("server_cpu_ms_per_call",),
    "postgres": ("postgres_cpu_ms_per_call",),
    "load": ("load_cpu_ms_per_call",),
}
"""A column, and the figures of which it shows the first that there is. The last three are ms of CPU for each call."""


UNITS = {"ratio": "×", "_ms": "ms", "seconds": "s"}


def machine() -> str:
    """The machine, in a line."""
    memory = psutil.virtual_memory().total / (1 << 30)
    return f"{os.cpu_count()} cores, shared by load, server and database; {memory:.0f} GiB; {platform.platform(terse=True)}"


def as_json(cells: Cells) -> str:
    """The whole of it, for programs."""
    return json.dumps({"machine": machine(), "cells": cells}, indent=2) + "\n"


def table(cells: Cells) -> str:
    """The whole of it, for people."""
    return "\n".join([machine(), "", *_judged(cells), "", *_measured(cells), ""])


def _judged(cells: Cells) -> Iterator[str]:
    """A line for each ratio and each target."""
    for name, figures in cells.items():
        if name in OF_THE_SDK:
            yield from _judged_by_itself(name, figures)
            continue
        targets = _described(name).targets
        for figure in figures:
            target = targets.get(figure)
            if not target and not figure.startswith("ratio_to_"):
                continue
            met = target.met_by(figures[figure]) if target else None
            unit = next((unit for part, unit in UNITS.items() if part in figure), "")
            yield _line(name, figure.removesuffix("_ms").replace("_", " "), figures[figure], unit, str(target), met=met)


def _judged_by_itself(name: str, rows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The SDK's own benchmark says of each row what it is, and what it should be at most."""
    for row, told in rows.items():
        yield _line(name, row, told["figure"], told["unit"], f"≤ {told['most']}", met=told["met"])


def _line(cell: str, what: str, found: float | None, unit: str, target: str, *, met: bool | None) -> str:
    verdict = "" if met is None else f"target {target}: {'met' if met else 'MISSED'}"
    return f"{cell:<14}{what:<34}{_number(found):>10} {unit:<8}{verdict}".rstrip()


def _measured(cells: Cells) -> Iterator[str]:
    """The figures of each cell that has some of the columns'."""
    rows = {
        name: [next((figures[one] for one in ones if one in figures), None) for ones in COLUMNS.values()]
        for name, figures in cells.items()
    }
    rows = {name: row for name, row in rows.items() if any(one is not None for one in row)}
    if rows:
        yield f"{'':<14}" + "".join(f"{column:>12}" for column in COLUMNS) + "   what"
    for name, row in rows.items():
        yield f"{name:<14}" + "".join(f"{_number(one):>12}" for one in row) + f"   {_described(name).what}"


def _described(name: str) -> Cell | Alone:
    """What a cell is said to be. One that measures by itself may come to several, which speak for themselves."""
    return CELLS.get(name) or ALONE.get(name) or Alone(what="", measure=lambda _: {})


def _number(found: float | None) -> str:
    if found is None:
        return ""
    return f"{found:,.0f}" if found >= 100 or found == int(found) else f"{found:.3g}"
