"""Data go to stdout: as a table for people, as JSON lines in a pipe, and as --json or --output says otherwise."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, cast, runtime_checkable

from twh_cli import filtering, terminal
from twh_cli.completing import names, remembering
from twh_cli.problems import WronglyTyped
from twh_cli.session import session
from twh_cli.terminal import harmless, is_terminal

PAGE_ITEMS_MAX = 200
SUMMARY = "summary"
"""A field made for people: JSON goes without."""
TIMES = ("_at", "_since", "_until", "timestamp")
"""What the names of times end with."""

Plain = dict[str, Any]


@runtime_checkable
class Dumps(Protocol):
    """A model of the SDK."""

    def model_dump(self, *, mode: str) -> Plain: ...


Shown = Dumps | Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of a table: its title, and where its value lies: `item.sku`."""

    title: str
    path: str
    right: bool = False
    minor: bool = False
    """Left out first, when the terminal is too narrow for all."""


def show(value: Shown, columns: Sequence[Column], *, rows: Iterable[Shown] | None = None) -> None:
    """Show one thing: a table names its fields one below the other, or shows its `rows` where it has some."""
    thing = plain(value)
    notice_names(thing)
    match chosen_format():
        case "table" if rows is None:
            write_card(thing, columns)
        case "table":
            write_table([plain(row) for row in rows or ()], columns)
        case "csv":
            write_csv([plain(row) for row in rows] if rows is not None else [thing], columns)
        case form:
            write_json(picked(thing), indent=2 if form == "json" else None)


def show_list(things: Iterable[Shown], columns: Sequence[Column], *, limit: int | None, what: str) -> None:
    """Show the first `limit` of a list, or all of it, and say on stderr when there is more."""
    reading = iter(things)
    number = write_list(noticed(plain(thing) for thing in islice(reading, limit)), columns)
    if not number:
        session().say(f"No {what}.", "dim")
    elif limit is not None and number == limit and next(reading, None) is not None:
        session().say(f"These are the first {limit}. More: --limit {limit * 4}, or --all.", "dim")


def show_stream(things: Iterable[Plain], columns: Sequence[tuple[str, int]], *, fitted: bool = False) -> None:
    """Show each thing as it comes: a line of columns (path, width) on a terminal, a line of JSON elsewhere.

    `fitted` lines are cut where the terminal ends.
    """
    for thing in things:
        cells = [cell(thing, Column("", path)) for path, _ in columns]
        if chosen_format() == "table":
            line = "  ".join(harmless(text).ljust(wide) for text, (_, wide) in zip(cells, columns, strict=True))
            write(terminal.fitted(line.rstrip()) if fitted else line.rstrip())
        elif chosen_format() == "csv":
            csv.writer(sys.stdout, lineterminator="\n").writerow(cells)
            sys.stdout.flush()
        else:
            write_json(picked({name: thing[name] for name in thing if name != SUMMARY}))


def show_nothing() -> None:
    """What there is to show is that there is nothing: null, where a program reads."""
    if chosen_format() in {"json", "jsonl"}:
        write_json(None)


SEEN: dict[str, set[str]] = {"items": set(), "locations": set()}
GONE: dict[str, set[str]] = {"items": set(), "locations": set()}
NAMED = (("items", "item", "sku", "itm_"), ("locations", "location", "code", "loc_"))


def noticed(things: Iterable[Plain]) -> Iterator[Plain]:
    for thing in things:
        notice_names(thing)
        yield thing


def notice_names(thing: Plain) -> None:
    """Note the items and locations that are shown: the thing itself, or what it refers to."""
    for kind, noun, field, prefix in NAMED:
        one = thing.get(noun, thing)
        if isinstance(one, dict) and str(one.get("id", "")).startswith(prefix) and isinstance(one.get(field), str):  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            (GONE if one.get("archived_at") else SEEN)[kind].add(one[field])  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def remember_names() -> None:
    """Remember for completion what this run has shown."""
    if any(SEEN.values()) or any(GONE.values()):
        remembering.remember(session().profile_used or names.from_environment(), SEEN, GONE)
        for noted in (*SEEN.values(), *GONE.values()):
            noted.clear()


def page_size(limit: int | None) -> int:
    """How much to ask for at once, the one more included that tells whether there is more."""
    return PAGE_ITEMS_MAX if limit is None else min(limit + 1, PAGE_ITEMS_MAX)


def chosen_format() -> str:
    choices = session().choices
    if choices.output:
        return choices.output
    if choices.json:
        return "json"
    return choices.on_terminals if is_terminal(sys.stdout) else "jsonl"


def plain(value: Shown) -> Plain:
    """The value as JSON has it: exact decimals and times as text."""
    return value.model_dump(mode="json") if isinstance(value, Dumps) else dict(value)


def picked(thing: Plain) -> Plain:
    """Only the fields that --json=… names."""
    fields = session().choices.fields
    return {field: found(thing, field) for field in fields} if fields else thing


def found(thing: Plain, path: str) -> object:
    value: object = thing
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None if value is None else unknown_field(thing, path)
        inside = cast("Mapping[str, object]", value)
        if step not in inside:
            return unknown_field(thing, path)
        value = inside[step]
    return value


def unknown_field(thing: Plain, path: str) -> object:
    raise WronglyTyped(f"There is no field {path!r}. There are: {', '.join(thing)}.")


def cell(thing: Plain, column: Column) -> str:
    """A value as people and spreadsheets read it."""
    value: object = cast("object", thing)
    for step in column.path.split("."):
        value = cast("Mapping[str, object]", value).get(step) if isinstance(value, Mapping) else None
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(listed(one) for one in cast("list[object]", value))
        case Mapping():
            return json.dumps(value, ensure_ascii=False) if value else ""
        case _:
            return moment(str(value)) if column.path.endswith(TIMES) else str(value)


def listed(one: object) -> str:
    """One of several: a text as it is, an object as JSON."""
    return json.dumps(one, ensure_ascii=False) if isinstance(one, Mapping) else str(one)


def moment(text: str) -> str:
    """A time without its microseconds: JSON has them."""
    day, _, clock = text.partition("T")
    return f"{day} {clock[:8]}Z" if clock else text


def write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def write_json(document: object, *, indent: int | None = None) -> None:
    """The document, or what --jq makes of it: a line for each result, text as it is."""
    expression = session().choices.jq
    if expression is None:
        write(json.dumps(document, indent=indent, ensure_ascii=False))
        return
    for result in filtering.results(expression, document):
        write(result if isinstance(result, str) else json.dumps(result, ensure_ascii=False))


def write_list(things: Iterator[Plain], columns: Sequence[Column]) -> int:
    """Write the things and answer how many they were; lines are written as they are read."""
    if chosen_format() == "jsonl":
        number = 0
        for number, thing in enumerate(things, start=1):  # noqa: B007 - the last number is how many there were
            write_json(picked(thing))
        return number
    known = list(things)
    match chosen_format():
        case "json":
            write_json([picked(thing) for thing in known], indent=2)
        case "csv":
            write_csv(known, columns)
        case _ if known:
            write_table(known, columns)
        case _:
            pass
    return len(known)


def write_csv(things: Iterable[Plain], columns: Sequence[Column]) -> None:
    fields = session().choices.fields
    columns = [Column(field, field) for field in fields] if fields else columns
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow([column.path for column in columns])
    table.writerows([cell(thing, column) for column in columns] for thing in things)
    sys.stdout.flush()


def write_card(thing: Plain, columns: Sequence[Column]) -> None:
    from twh_cli import tables

    tables.write_card([(column.title, cell(thing, column)) for column in columns])


def write_table(things: Sequence[Plain], columns: Sequence[Column]) -> None:
    from twh_cli import tables

    tables.write_table(columns, [[cell(thing, column) for column in columns] for thing in things])
