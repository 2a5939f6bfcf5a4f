"""What the SDK and the command cost, beside the SDKs that people know: in one run, ratios first, targets beside the figures.

    python packages/twh-sdk/benchmarks [import client cli wheel retries] [--quick] [--json FILE]

Costs are processor time and instructions, because wall time on a shared machine measures the neighbours; what a user waits
for is told as elapsed time, the best of the run. The peers are installed, with the SDK as its users have it, into an
environment of their own under .nox/.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import calls
import commands
import importing
import retries
import wheels
from figures import QUICK, THOROUGH, Pace, Row, as_json, table

CELLS: dict[str, Callable[[Pace], list[Row]]] = {
    "import": importing.measure,
    "client": calls.measure,
    "cli": commands.measure,
    "wheel": wheels.measure,
    "retries": retries.measure,
}
"""What can be measured, by name."""


def main() -> None:
    """Measure the chosen cells, print them one by one, and write them down."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("cells", nargs="*", metavar="CELL", help=f"of {', '.join(CELLS)}; without one, all")
    options.add_argument("--quick", action="store_true", help="fewer rounds, and no counting of instructions")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    chosen = options.parse_args()
    if unknown := set(chosen.cells) - CELLS.keys():
        options.error(f"there is no cell {min(unknown)}: there are {', '.join(CELLS)}")
    measured: dict[str, list[Row]] = {}
    for cell in chosen.cells or CELLS:
        measured[cell] = CELLS[cell](QUICK if chosen.quick else THOROUGH)
        sys.stdout.write(table(cell, measured[cell]) + "\n\n")
        sys.stdout.flush()
    told = {"machine": machine(), "cells": {cell: as_json(rows) for cell, rows in measured.items()}}
    if chosen.json:
        chosen.json.write_text(json.dumps(told, indent=2) + "\n")


def machine() -> str:
    """What it was measured on, and how busy that was: a figure from a loaded machine is a figure from a loaded machine."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return f"{os.cpu_count()} cores, load {load}, Python {platform.python_version()}, {platform.system()}"


if __name__ == "__main__":
    main()
