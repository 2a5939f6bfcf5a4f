"""A week of a real shop in a ledger: every invoice of the file becomes one entry, and the totals are checked against the file.

uv run twh sandbox up
uv run examples/online_retail/load.py FILE
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from chart import Series, draw
from checking import checks, verified
from history import History, read_history, read_levels
from plan import Plan, planned
from recording import Refused, Tally, ensure_items, ensure_location, record
from report import kinds, outcome, reasons, write_rejects
from rows import UnusableFile, read_rows
from twh import Client, TwhError

FIRST_WORD_SECONDS = 3  # a sandbox that is not up should be missed at once, not after a minute of patience
BUSIEST = 10
LOCATION_LETTERS_MAX = 64


def main() -> int:
    """Load the file; the exit status is 0 when all of it is in the ledger and every check holds."""
    options = arguments()
    try:
        return load(options.file, location=options.location, out=options.out)
    except (UnusableFile, Refused) as stop:
        print(stop, file=sys.stderr)
    except TwhError as stop:
        print(in_one_line(stop), file=sys.stderr)
    except OSError as stop:
        print(f"{stop.filename or 'The report'} cannot be written: {stop.strerror}.", file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped. What was recorded stays, and the next run goes on from there.", file=sys.stderr)
        return 130
    return 1


def in_one_line(stop: TwhError) -> str:
    """What is wrong; where the server names several things, each of them, and else what to do about it."""
    return f"{stop}: {'; '.join(one.message for one in stop.errors)}" if stop.errors else f"{stop}. {stop.hint or ''}"


def arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file", metavar="FILE", type=Path, help="the order lines, as CSV")
    options.add_argument("--location", metavar="CODE", help="where the stock is; as left out, the name of the file")
    options.add_argument(
        "--out", type=Path, default=Path("online_retail_out"), metavar="FOLDER", help="for the rejects and the chart"
    )
    chosen = options.parse_args()
    if chosen.location is None:
        chosen.location = chosen.file.stem.upper()[:LOCATION_LETTERS_MAX].strip()
    if chosen.location in {"", ".", ".."}:
        options.error("--location is the code of a location, like WAREHOUSE")
    return chosen


def load(file: Path, *, location: str, out: Path) -> int:
    plan = planned(read_rows(file))
    if not plan.entries:
        raise UnusableFile(f"{file} has no row that moves stock: all {plan.rows:,} are rejected.")
    out.mkdir(parents=True, exist_ok=True)
    write_rejects(plan.rejects, out / "rejects.csv")
    with Client() as client:
        client.with_options(deadline=FIRST_WORD_SECONDS).tenant.get()
        print(f"{file.name} at {location}: {plan.rows:,} rows\n")
        record_plan(client, plan, location)
        history = read_history(client, location, expected=plan.movements)
        print(f"\n{kinds(plan, history)}")
        print(f"\nrejected, one by one in {out / 'rejects.csv'}:\n{reasons(plan.rejects)}")
        results = [*checks(plan, history, read_levels(client, location)), verified(client)]
    print("\nchecked:", *map(outcome, results), sep="\n")
    (out / "stock.svg").write_text(picture(plan, history), encoding="utf-8")
    print(f"\n{out / 'stock.svg'} shows the stock of the busiest items.")
    return 1 if any(check.faults for check in results) else 0


def record_plan(client: Client, plan: Plan, location: str) -> None:
    """Items and location first, then what was there, then what happened."""
    tell("items", lambda: ensure_items(client, plan.items))
    tell("location", lambda: ensure_location(client, location))
    tell("opening stock", lambda: record(client, plan.opening, at=location, doing="opening stock"))
    tell("invoices", lambda: record(client, plan.entries, at=location, doing="invoices"))


def tell(what: str, do: Callable[[], Tally]) -> None:
    began = time.monotonic()
    tally = do()
    took = time.monotonic() - began
    print(
        f"{what:14}{tally.recorded:>7,} recorded, {tally.already_there:>6,} already there, in {took:.1f} s", flush=True
    )


def picture(plan: Plan, history: History) -> str:
    """The busiest items over the time of the file, the fullest shelf first, as the lines begin."""
    chosen = [Series(name=f"{sku} {plan.items[sku]}", points=history.levels[sku]) for sku in history.busiest(BUSIEST)]
    chosen.sort(key=lambda one: -one.points[0][1])
    first, last = min(entry.at for entry in plan.entries), max(entry.at for entry in plan.entries)
    return draw(
        chosen,
        title=f"Stock of the {len(chosen)} busiest items, {period(first, last)}",
        note="Each step is a movement in the ledger. Opening stock is the least that lets the week happen.",
    )


def period(first: datetime, last: datetime) -> str:
    """As short as it can be said: 1 to 7 December 2010."""
    begin = f"{first.day}" if (first.year, first.month) == (last.year, last.month) else f"{first.day} {first:%B %Y}"
    return f"{begin} to {last.day} {last:%B %Y}"


if __name__ == "__main__":
    sys.exit(main())
