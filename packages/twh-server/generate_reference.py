"""Write the tables of docs/reference/problems.md and events.md from the code, or with --check say whether they are what it says.

A table stands between two comments, `<!-- from the code: NAME -->` and `<!-- end -->`; the prose around it is written by hand.
"""

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from twh_server.events.kinds import KINDS
from twh_server.http.event_schemas import carried_by
from twh_server.http.problems import Coded, codes

PAGES = Path(__file__).parents[2] / "docs" / "reference"
TABLE = re.compile(r"(<!-- from the code: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true", help="change nothing; fail when a table is not up to date")
    stale = [(path, text) for path, text in written() if path.read_text(encoding="utf-8") != text]
    if options.parse_args().check:
        for path, _ in stale:
            print(f"{path} is not what the code says: run `uv run nox -s openapi`")
        return 1 if stale else 0
    for path, text in stale:
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.name}")
    return 0


def written() -> Iterable[tuple[Path, str]]:
    """The pages with their tables as the code would have them."""
    tables = {**problem_tables(), "event kinds": event_table()}
    for name in ("problems.md", "events.md"):
        text = (PAGES / name).read_text(encoding="utf-8")
        yield PAGES / name, TABLE.sub(lambda found: f"{found[1]}{tables[found[2]]}{found[3]}", text)


def problem_tables() -> dict[str, str]:
    """The codes by what has to be done: each stands in the table of the first status that it is answered with."""
    places: dict[str, list[Coded]] = {}
    for one in codes().values():
        places.setdefault(place_of(one.statuses[0]), []).append(one)
    return {place: problem_table(found) for place, found in places.items()}


def place_of(status: int) -> str:
    if status in (402, 404, 409, 412, 422, 428):
        return {404: "not found", 422: "not meaningful"}.get(status, "the state says no")
    return "not now" if status in (429, 500, 503) else "cannot be used"


def problem_table(found: Iterable[Coded]) -> str:
    rows = [
        f"| `{one.code}` | {', '.join(map(str, one.statuses))} | {one.title}. | {one.remedy} |\n"
        for one in sorted(found, key=lambda one: (one.statuses, one.code))
    ]
    return "".join(["\n| code | status | what it says | what to do |\n|---|---|---|---|\n", *rows, "\n"])


def event_table() -> str:
    rows = [f"| `{kind}` | {told} | `{carried_by(kind).__name__}` |\n" for kind, told in KINDS.items()]
    return "".join(["\n| kind | what it tells | data |\n|---|---|---|\n", *rows, "\n"])


if __name__ == "__main__":
    sys.exit(main())
