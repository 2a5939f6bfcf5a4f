"""Write the parts of docs/reference that are made from the code, or with --check say whether they are what it says.

A table stands between two comments, `<!-- from the code: NAME -->` and `<!-- end -->`; the prose around it is written by hand.
The pages under docs/reference/events are made as a whole: one for each noun, with an example of each kind and the fields of its data.
"""

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from twh_server.events.kinds import KINDS, Event, noun_of
from twh_server.http.event_schemas import carried_by
from twh_server.http.event_types import event_type
from twh_server.http.problems import Coded, codes
from twh_server.http.schemas import Schema, outgoing

PAGES = Path(__file__).parents[2] / "docs" / "reference"
EVENTS = PAGES / "events"
TARGETS = Path(__file__).parent / "tests" / "webhooks" / "targets.toml"
"""The table that the tests hold the code to."""
TABLE = re.compile(r"(<!-- from the code: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true", help="change nothing; fail when a table is not up to date")
    made = {**dict(written()), **event_pages()}
    stale = [
        (path, text) for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    gone = sorted(set(EVENTS.glob("*.md")) - made.keys())
    if options.parse_args().check:
        for path in [*(path for path, _ in stale), *gone]:
            print(f"{path} is not what the code says: run `uv run nox -s openapi`")
        return 1 if stale or gone else 0
    EVENTS.mkdir(exist_ok=True)
    for path, text in stale:
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.name}")
    for path in gone:
        path.unlink()
        print(f"removed {path.name}")
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
    rows = [
        f"| `{kind}` | {told} | {event_type(kind).since} | [`{carried_by(kind).__name__}`]({page_of(kind)}) |\n"
        for kind, told in KINDS.items()
    ]
    return "".join(["\n| kind | what it tells | since | example and data |\n|---|---|---|---|\n", *rows, "\n"])


def page_of(kind: str) -> str:
    """Where a kind has its section, as GitHub and the site make its anchor."""
    return f"events/{noun_of(kind)}.md#{kind.replace('.', '')}"


def event_pages() -> dict[Path, str]:
    """A page for each noun that events tell of, and one for what every event has."""
    nouns = dict.fromkeys(map(noun_of, KINDS))
    whole = [
        "# What every event has\n\nIts `data` depends on its `type`: [the kinds](../events.md#kinds).\n",
        "In these tables a `time` is text in RFC 3339, in UTC, and a `decimal` is an exact decimal in plain notation, as text.\n",
        *field_sections(outgoing([Event])),
    ]
    return {EVENTS / "event.md": "\n".join(whole), **{EVENTS / f"{noun}.md": noun_page(noun) for noun in nouns}}


def noun_page(noun: str) -> str:
    kinds = [kind for kind in KINDS if noun_of(kind) == noun]
    carried = list(dict.fromkeys(carried_by(kind) for kind in kinds))
    told = f"Each is an [event](event.md) of [the feed](../events.md) whose data has the fields [below](#{carried[0].__name__.lower()})."
    title = f"# Events: {noun}\n\n{told}\n"
    return "\n".join([title, *map(kind_section, kinds), *field_sections(outgoing(carried))])


def kind_section(kind: str) -> str:
    """A kind: what it tells, an example, and where its schema is."""
    told, carries = event_type(kind), carried_by(kind).__name__
    example = json.dumps(told.example, ensure_ascii=False, indent=2)
    return f"""## {kind}

{told.description}

- Data: [`{carries}`](#{carries.lower()})
- Since: {told.since}
- JSON Schema: `GET /v1/event-types/{kind}`, `twh events types {kind} --json`

```json
{example}
```
"""


def field_sections(schemas: dict[str, Schema]) -> Iterable[str]:
    """The fields of each struct; what one contains is linked, and stands after it."""
    for name, schema in schemas.items():
        required = schema.get("required", [])
        rows = [
            f"| `{field}` | {type_of(own)} | {presence(own, required=field in required)} | {cell(own.get('description', ''))} |"
            for field, own in schema["properties"].items()
        ]
        head = "| field | type | when | what it says |\n|---|---|---|---|"
        yield "\n".join([f"## {name}\n", f"{cell(schema['description'])}\n", head, *rows, ""])


def type_of(schema: Schema) -> str:
    """A type as a reader says it: `list of Movement`, `text or null`."""
    if "anyOf" in schema:
        return " or ".join(map(type_of, schema["anyOf"]))
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[`{name}`](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_of(schema['items'])}"
    named = {"date-time": "time", "string": "text", "object": "object of any values"}
    known = str(schema.get("format", schema.get("type", "any")))
    return named.get(known, known)


def presence(schema: Schema, *, required: bool) -> str:
    """Whether a reader can count on a field."""
    if not required:
        return "may be left out"
    return "always; may be null" if {"type": "null"} in schema.get("anyOf", []) else "always"


def cell(text: str) -> str:
    """Prose as a cell can show it: on one line."""
    return " ".join(text.split()).replace("|", "\\|")


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
