"""Measure, with ratios to what the same machine does in the same run.

Load, server and database share this machine. The load comes over HTTP from a process of its own, the server is a real
`twh-server`, the database an embedded PostgreSQL with its default durability.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from alone import ALONE
from cells import CELLS, GROUPS, QUICK
from ground import Ground
from histories import NoRoom
from kept import Found, Run, folder
from load import LoadProcess
from report import as_json, table
from rounds import Pace, measure

QUICK_SECONDS = 46.0
"""So long after its start, a quick run measures no more: what it takes to stop comes on top."""
QUICK_PACE = Pace(rounds=3, seconds=1.8, ends=time.monotonic() + QUICK_SECONDS)
PACE = Pace(rounds=5, seconds=3.0)


def main() -> None:
    """Measure what is asked for, and print it."""
    chosen = _chosen()
    names = [*CELLS, *ALONE] if chosen.full else chosen.cells or QUICK
    file = folder() / "full.json" if chosen.full else None
    if file and chosen.fresh:
        file.unlink(missing_ok=True)
    run = Run(file)
    pace = PACE if chosen.full or chosen.cells else QUICK_PACE
    pace = replace(pace, rounds=chosen.rounds or pace.rounds, seconds=chosen.seconds or pace.seconds)
    with new_ground() as ground:
        for name, step in _steps(names, pace):
            if name in run.steps:
                continue
            sys.stderr.write(f"measuring {name} …\n")
            try:
                run.keep(name, step(ground))
            except NoRoom as reason:
                sys.stderr.write(f"{name} is left out: {reason}\n")
    sys.stdout.write(table(run.found))
    if chosen.json:
        chosen.json.write_text(as_json(run.found))
    run.end()


def _steps(names: Sequence[str], pace: Pace) -> Iterator[tuple[str, Callable[[Ground], Found]]]:
    """What is measured together, group after group, and what is measured alone."""
    for group in GROUPS:
        if wanted := [name for name in group if name in names]:
            yield wanted[0], partial(measure, wanted, pace)
    yield from ((name, alone.measure) for name, alone in ALONE.items() if name in names)


@contextmanager
def new_ground() -> Generator[Ground]:
    """A ground with nothing on it, which is thrown away at the end."""
    # On a disk: what the system keeps for temporary files may be memory.
    with tempfile.TemporaryDirectory(prefix="twh-bench-", dir="/var/tmp") as place:
        Path(place).chmod(0o755)  # as root, PostgreSQL runs as another account, which has to reach its data
        with LoadProcess() as load, Ground(Path(place) / "ground", load) as ground:
            yield ground


def _chosen() -> argparse.Namespace:
    names = [*CELLS, *ALONE]
    parser = argparse.ArgumentParser(
        prog="nox -s bench --", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cells", nargs="*", metavar="CELL", help=f"what to measure: {', '.join(names)}")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help=f"{', '.join(QUICK)}, under a minute; so it is without CELLs")
    how.add_argument("--full", action="store_true", help="every cell; goes on where an earlier run of it was ended")
    parser.add_argument("--fresh", action="store_true", help="with --full: measure everything anew")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each cell has its turn")
    parser.add_argument("--seconds", type=float, metavar="N", help="how long its turn is")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    chosen = parser.parse_args()
    if unknown := set(chosen.cells) - set(names):
        parser.error(f"there is no cell {min(unknown)}: there are {', '.join(names)}")
    return chosen


if __name__ == "__main__":
    main()
