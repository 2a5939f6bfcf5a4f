"""What a run came to: a table of kinds, the rejects by reason and as a file, and each check with its outcome."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path

from checking import Check, Units, units_of_rows
from history import History
from plan import Plan
from rows import Reject

LINES_SHOWN_MAX = 3
FAULTS_SHOWN_MAX = 5


def kinds(plan: Plan, history: History) -> str:
    """Entries, rows and units by kind: first what the file comes to, then what the ledger has."""
    entries = Counter[str](entry.kind for entry in [*plan.opening, *plan.entries])
    rows = Counter[str](invoice.kind for invoice in plan.invoices for _ in invoice.rows)
    rows["receipt"] = sum(len(entry.lines) for entry in plan.opening)
    units = by_kind(units_of_rows(plan.invoices))
    units["receipt"] = sum(quantity for entry in plan.opening for _, quantity in entry.lines)
    told = by_kind(history.units)
    head = f"{'':12}{'file:':>8}{'entries':>9}{'rows':>9}{'units':>11}{'ledger:':>12}{'entries':>9}{'rows':>9}{'units':>11}"
    lines = [
        f"{kind:12}{'':8}{numbers(entries[kind], rows[kind], units[kind])}"
        f"{'':12}{numbers(len(history.entries.get(kind, ())), history.movements[kind], told[kind])}"
        for kind in ("receipt", "issue", "return", "adjustment")
    ]
    return "\n".join([head, *lines])


def numbers(entries: int, rows: int, units: int) -> str:
    return f"{entries:>9,}{rows:>9,}{units:>+11,}"


def by_kind(units: Units) -> Counter[str]:
    found = Counter[str]()
    for (kind, _), change in units.items():
        found[kind] += change
    return found


def reasons(rejects: Iterable[Reject]) -> str:
    """How many rows were rejected for each reason, the most first, with the lines of the first few."""
    places = dict[str, list[int]]()
    for reject in rejects:
        places.setdefault(reject.reason, []).append(reject.line)
    return "\n".join(
        f"{len(lines):>7,}  {reason} ({some(lines)})"
        for reason, lines in sorted(places.items(), key=lambda place: -len(place[1]))
    )


def some(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:LINES_SHOWN_MAX]))
    return f"line{'s' if len(lines) > 1 else ''} {shown}{' ...' if len(lines) > LINES_SHOWN_MAX else ''}"


def write_rejects(rejects: Iterable[Reject], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(field.name for field in fields(Reject))
        table.writerows(astuple(reject) for reject in rejects)


def outcome(check: Check) -> str:
    more = len(check.faults) - FAULTS_SHOWN_MAX
    return "\n".join(
        [
            f"{'wrong' if check.faults else 'ok':>7}  {check.what}",
            *(f"{'':13}{fault}" for fault in check.faults[:FAULTS_SHOWN_MAX]),
            *([f"{'':13}... and {more:,} more"] if more > 0 else []),
        ]
    )
