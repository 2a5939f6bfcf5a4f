"""Write the tables of docs/reference that are made from the code, or with --check say whether they are what it says.

A table stands between two comments, `<!-- from the code: NAME -->` and `<!-- end -->`; the prose around it is written by hand.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from twh_server.events.kinds import KINDS
from twh_server.http.event_schemas import carried_by
from twh_server.http.problems import Coded, codes

PAGES = Path(__file__).parents[2] / "docs" / "reference"
TARGETS = Path(__file__).parent / "tests" / "webhooks" / "targets.toml"
"""The table that the tests hold the code to."""
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
    tables = {**problem_tables(), "event kinds": event_table(), **target_tables()}
    for name in ("problems.md", "events.md", "webhook-targets.md"):
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


def target_tables() -> dict[str, str]:
    """Where webhooks may go: addresses, ways to write them, and what names lead to."""
    table = tomllib.loads(TARGETS.read_text(encoding="utf-8"))
    names = [(f"{what}: {', '.join(answers)}", *rest) for what, answers, *rest in table["names"]]
    rows = {"addresses": table["addresses"], "notations": table["urls"], "names": names}
    return {name: target_table(name, found) for name, found in rows.items()}


def target_table(name: str, found: Iterable[tuple[str, str, str]]) -> str:
    head = {"addresses": "address", "notations": "as it is written", "names": "what DNS answers"}[name]
    rows = [f"| {what if name == 'names' else code(what)} | {who} | {why} |\n" for what, who, why in found]
    return "".join([f"\n| {head} | who is sent there | why not others |\n|---|---|---|\n", *rows, "\n"])


def code(text: str) -> str:
    """Text as a table can show it, whatever is in it."""
    return f"`{text.encode('unicode_escape').decode() if not text.isprintable() else text}`"


if __name__ == "__main__":
    sys.exit(main())
