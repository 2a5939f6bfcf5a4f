"""Verifies an export of a ledger by itself: one file, Python's standard library, nothing of TWH and no server.

    python verify_export.py EXPORT.jsonl [--digest DIGEST.json]     (or: python -m twh.verify_export …)

The export is what `twh-server tenant export` writes; the digest is what `twh ledger digest` printed some time before, and
somebody kept elsewhere: it finds a tail that was cut off or written anew. How a ledger is sealed, byte by byte, stands in
`docs/explanation/how-the-ledger-is-sealed.md`. Exit status: 0 when everything follows, 1 with the first thing that does
not, 2 when there is nothing to verify. Held in memory is one line for each item, location, endpoint and level.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, cast

Row = dict[str, Any]

PARTS = {
    "settings": "chosen version updated_at",
    "keys": "id name role scopes successor created_at expires_at revoked_at last_used_at version",
    "locations": "id code name kind parent_id sellable archived_at version created_at updated_at",
    "items": "id sku name barcodes packs unit scale reorder_point tags attributes archived_at version created_at updated_at",
    "barcodes": "barcode item_id pack",
    "endpoints": "id url kinds description enabled since_sequence version created_at updated_at deleted_at",
    "events": "sequence id kind recorded_at body",
    "blocks": "first_sequence last_sequence previous_hash hash recorded_at",
    "entries": "id sequence kind reason reference_type reference_id forced actor_key actor_name reverses occurred_at recorded_at",
    "movements": "id entry_id line kind item_id location_id lot quantity on_hand_after reserved_after version_after occurred_at"
    " recorded_at late counted_in",
    "levels": "item_id location_id lot on_hand reserved version counted_at last_occurred_at updated_at",
}
"""The parts of an export in their order, each with the members of its rows."""

KEYS = {"settings": 0, "barcodes": 0, "levels": 3}
"""By how many of its members, the first ones, a part is in order; the others by one."""
QUANTITIES = {"quantity", "on_hand", "on_hand_after", "reserved", "reserved_after", "reorder_point"}
TOLD_BY = {"locations": "location", "items": "item", "endpoints": "endpoint", "keys": "key"}
"""Whose rows are what the newest event about them told: by the word that the kinds of those events begin with."""
ENTRY = "id sequence kind reason forced reverses occurred_at recorded_at"
MOVEMENT = "id line quantity on_hand_after reserved_after version_after"
"""What an event tells of an entry and of a movement under the names that their rows have."""
SINCE_0003 = {"items", "locations", "payload", "form", "ordering", "rate_per_second", "concurrency", "disabled_because"}
NOTHING: Row = {}
Levels = dict[tuple[str, str, str], Row]
Newest = dict[str, dict[str, Row]]


class Broken(Exception):
    """The first thing that does not follow."""


class Unusable(Exception):
    """There is nothing to verify."""


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Verify an export of a TWH ledger, by itself.")
    parser.add_argument("export", type=Path, help="what `twh-server tenant export` wrote")
    parser.add_argument("--digest", type=Path, help="what `twh ledger digest` printed before")
    chosen = parser.parse_args(words)
    try:
        kept = _digest_in(chosen.digest) if chosen.digest else None
        said = verify(chosen.export, kept, Progress(chosen.export.stat().st_size))
    except Broken as broken:
        sys.stdout.write(f"{chosen.export} does not follow: {broken}\n")
        return 1
    except (Unusable, OSError) as why:
        sys.stderr.write(f"{why}\n")
        return 2
    sys.stdout.write(f"{chosen.export}: {said}\n")
    return 0


def verify(path: Path, kept: Row | None, progress: Callable[[int], None]) -> str:
    """Verify a file, against a digest that was kept, or None; answers what was verified. Raises Broken and Unusable."""
    export = Export(path, progress)
    try:
        _state(export, *_history(export, kept))
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as why:
        raise Broken(f"a value is of another sort than it has to be: {why!r}") from None
    said = "{events} events in {blocks} blocks, {movements} movements".format(**export.counts)
    cut = f"; of the events before {export.first}, which were dropped, the blocks" if export.first > 1 else ""
    ends = f"it ends at event {export.header['last_sequence']} with the digest {export.header['digest']}"
    return f"everything follows: {said}{cut}; {ends}"


class Export:
    """An export, looked through once: where each part begins, and whether the file is the one that was written."""

    def __init__(self, path: Path, progress: Callable[[int], None]) -> None:
        self.path, self.progress = path, progress
        self.begins: dict[str, int] = {}
        self.counts = dict.fromkeys(PARTS, 0)
        self.header = self._look_through()
        self.first = int(self.header.get("events_from", 1))

    def rows(self, part: str) -> Iterator[Row]:
        """The rows of one part, in their order."""
        with self.path.open("rb") as file:
            file.seek(self.begins.get(part, 0))
            for _ in range(self.counts[part]):
                yield json.loads(file.readline())["row"]

    def _look_through(self) -> Row:
        hashed, at, header, end, key = hashlib.sha256(), 0, NOTHING, NOTHING, cast("tuple[Any, ...]", ())
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if end:
                    raise Broken(f"line {number}: something stands behind the end")
                read = _line(line, number)
                if not header:
                    header = _header(read)
                elif read.get("part") == "end":
                    end = {"sha256": hashed.hexdigest(), **read}  # files from before it was there have none
                    _expect("end", "rows, members", (sum(self.counts.values()), 3), (end.get("rows"), len(end)))
                    _expect("end", "SHA-256 of all lines before it", hashed.hexdigest(), end["sha256"])
                else:
                    key = self._row(read, number, at, key)
                hashed.update(line)
                at += len(line)
                self.progress(at)
        if not end:
            raise Broken("the file was cut off: its last line is not the end")
        return header

    def _row(self, read: Row, number: int, at: int, before: tuple[Any, ...]) -> tuple[Any, ...]:
        """Take note of a row; answers by what it stands in its place."""
        part, row = str(read.get("part")), cast(Row, read.get("row"))
        if part not in PARTS or not isinstance(read.get("row"), dict) or not set(PARTS[part].split()) <= row.keys():
            raise Broken(f"line {number}: it is not a whole row of a part")
        if part not in self.begins:
            if any(list(PARTS).index(other) > list(PARTS).index(part) for other in self.begins):
                raise Broken(f"line {number}: {part} stands behind a later part")
            self.begins[part], before = at, ()
        self.counts[part] += 1
        key = tuple(row[name] for name in PARTS[part].split()[: KEYS.get(part, 1)])
        with suppress(TypeError):  # of keys that cannot be compared
            if not key or not before or key > before:
                return key
        raise Broken(f"line {number}: a row of {part} is not behind the one before it")


def _line(line: bytes, number: int) -> Row:
    try:
        read: Any = json.loads(line)
    except ValueError:
        raise Broken(f"line {number}: it is not JSON") from None
    if not isinstance(read, dict) or not line.endswith(b"\n"):
        raise Broken(f"line {number}: it is not a whole line with an object")
    return cast(Row, read)


def _header(read: Row) -> Row:
    if read.get("part") != "header" or read.get("format") != "twh-export":
        raise Unusable("This is no export of a ledger: its first line is not the header of one.")
    if read.get("version") != 1:
        raise Unusable(f"The export has version {read.get('version')}; this program knows version 1.")
    return read


def _history(export: Export, kept: Row | None) -> tuple[Newest, Levels]:
    """Events, blocks, entries and movements stand in the same order: they are read side by side.

    Answers what the newest event told of each thing, and what the movements made of the levels.
    """
    newest: Newest = {word: {} for word in (*TOLD_BY.values(), "settings")}
    levels: Levels = {}
    entries, movements = _dropped(export, levels)
    seal, ends = _Seal(export, kept), export.first - 1
    for ends, event in enumerate(export.rows("events"), export.first):
        where = f"event {ends}"
        _expect(where, "number", ends, event.get("sequence"))
        body = _body(event, where)
        seal.take(ends, event)
        word, data = body["type"].partition(".")[0], body["data"]
        if body["type"] == "entry.recorded":
            _entry(data, next(entries, NOTHING), movements, levels)
        elif word in newest:
            newest[word][str(data.get("id"))] = data | {"deleted": body["type"] == "endpoint.deleted"}
    seal.close(ends)
    for part, rest in (("entry", entries), ("movement", movements)):
        if (more := next(rest, None)) is not None:
            raise Broken(f"{part} {more.get('id')}: no event told it")
    return newest, levels


def _dropped(export: Export, levels: Levels) -> tuple[Iterator[Row], Iterator[Row]]:
    """What dropped events told of is told by nothing now, but its movements follow; answers what is behind it."""
    entries, movements = export.rows("entries"), export.rows("movements")
    entry, movement = next(entries, None), next(movements, None)
    while entry and entry["sequence"] < export.first:
        while movement and movement["entry_id"] == entry["id"]:
            _move(movement, levels)
            movement = next(movements, None)
        entry = next(entries, None)
    return chain([entry] if entry else [], entries), chain([movement] if movement else [], movements)


class _Seal:
    """The blocks, recomputed from the exact bytes of the events."""

    def __init__(self, export: Export, kept: Row | None) -> None:
        self.header, self.kept, self.blocks = export.header, kept, export.rows("blocks")
        self.block: Row | None = next(self.blocks, None)
        self.last, self.digest, self.where = 0, bytes(32), ""
        self.running = hashlib.sha256(self.digest)
        if kept is not None:
            _expect("digest", "tenant", kept["tenant"], self.header["tenant"]["id"])
        while self.block and self.block["last_sequence"] < export.first:
            self._begin(self.block)
            self._end(self.block, bytes.fromhex(self.block["hash"]))
        _expect("header", "first event", self.last + 1, export.first)

    def _begin(self, block: Row) -> None:
        self.where = f"block of event {block['first_sequence']}"
        _expect(self.where, "beginning", self.last + 1, block["first_sequence"])
        _expect(self.where, "hash before it", self.digest.hex(), block["previous_hash"])

    def _end(self, block: Row, digest: bytes) -> None:
        self.last, self.digest = block["last_sequence"], digest
        _expect(self.where, "hash", self.digest.hex(), block["hash"])
        if self.kept and self.kept["last_sequence"] == self.last:
            _expect(self.where, "hash, by the digest that was kept", self.kept["hash"], block["hash"])
        self.running = hashlib.sha256(self.digest)
        self.block = next(self.blocks, None)

    def take(self, sequence: int, event: Row) -> None:
        block = self.block
        if block is None:
            raise Broken(f"event {sequence}: it is in no block")
        if sequence == self.last + 1:
            self._begin(block)
        body = event["body"].encode()
        self.running.update(len(body).to_bytes(8, "big") + body)
        if sequence == block["last_sequence"]:
            self._end(block, self.running.digest())
            _alike(self.where, {"recorded_at": event["recorded_at"]}, block, "that of its events")

    def close(self, ends: int) -> None:
        if self.block is not None:
            raise Broken(f"block of event {self.block['first_sequence']}: events of it are missing")
        if self.kept and self.kept["last_sequence"] > ends:
            went = f"went to event {self.kept['last_sequence']} when the digest was kept"
            raise Broken(f"the ledger ends at event {ends}, and {went}")
        _expect("header", "last sequence", ends, self.header["last_sequence"])
        _expect("header", "digest", self.digest.hex(), self.header["digest"])


def _body(event: Row, where: str) -> Row:
    try:
        body: Row = json.loads(event["body"])
        told = {"id": body["id"], "kind": body["type"], "recorded_at": body["timestamp"], "sequence": body["sequence"]}
        body["data"].keys()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Broken(f"{where}: its body is not that of an event") from None
    _alike(where, told, event, "what its body says")
    return body


def _entry(told: Row, entry: Row, movements: Iterator[Row], levels: Levels) -> None:
    where = f"entry {told.get('id')}"
    reference: Row = told["reference"] or NOTHING
    expected: Row = {name: told[name] for name in ENTRY.split()} | {
        "reference_type": reference.get("type"),
        "reference_id": reference.get("id"),
        "actor_key": told["actor"]["key"],
        "actor_name": told["actor"]["name"],
    }
    _alike(where, expected, entry, "what its event told")
    for one in told["movements"]:
        expected = {name: one[name] for name in MOVEMENT.split()} | {
            "kind": told["kind"],
            "occurred_at": one.get("occurred_at") or told["occurred_at"],
            "recorded_at": told["recorded_at"],
            "counted_in": one.get("counted_in"),
            "entry_id": told["id"],
            "item_id": one["item"]["id"],
            "location_id": one["location"]["id"],
            "lot": one["lot"] or "",
        }
        movement = next(movements, NOTHING)
        _alike(f"movement {one['id']}", expected, movement, "what its event told")
        _move(movement, levels)


def _move(movement: Row, levels: Levels) -> None:
    """A movement begins where the one before it on its level ended."""
    where, key = f"movement {movement['id']}", (movement["item_id"], movement["location_id"], movement["lot"])
    before = levels.get(key, {"on_hand": "0", "version": 0, "counted_at": None, "last_occurred_at": None})
    on_hand, occurred = Decimal(before["on_hand"]) + Decimal(movement["quantity"]), movement["occurred_at"]
    _expect(where, "level after it", on_hand, Decimal(movement["on_hand_after"]))
    _expect(where, "version after it", before["version"] + 1, movement["version_after"])
    latest = _later(before["last_occurred_at"], occurred)
    if latest != occurred and not movement["late"]:
        raise Broken(f"{where}: it is late and does not say so")
    levels[key] = {
        "on_hand": movement["on_hand_after"],
        "reserved": movement["reserved_after"],
        "version": movement["version_after"],
        "counted_at": _later(before["counted_at"], occurred) if movement["kind"] == "count" else before["counted_at"],
        "last_occurred_at": latest,
        "updated_at": movement["recorded_at"],
    }


def _state(export: Export, newest: Newest, levels: Levels) -> None:
    """What there is now is what history made of it."""
    for row in export.rows("levels"):
        key = row["item_id"], row["location_id"], row["lot"]
        _alike(f"level of {key[0]} at {key[1]}", levels.pop(key, {"version": 0}), row, "what its movements made of it")
    for item, location, _ in levels:
        raise Broken(f"level of {item} at {location}: it is missing")
    for part, word in TOLD_BY.items():
        _things(export, part, word, newest[word])
    told_settings = newest["settings"].values()
    for row, told in zip(export.rows("settings"), told_settings, strict=export.first == 1 or bool(told_settings)):
        expected = {**told, "chosen": {name: told[name] for name in row["chosen"]}}
        _alike("settings", {name: expected[name] for name in PARTS["settings"].split()}, row, "what their event told")
    labels = [(barcode, item["id"], pack) for item in export.rows("items") for barcode, pack in _labels(item)]
    found = [(row["barcode"], row["item_id"], row["pack"]) for row in export.rows("barcodes")]
    _expect("barcodes", "those of the items", sorted(labels, key=str), sorted(found, key=str))


def _things(export: Export, part: str, word: str, newest: dict[str, Row]) -> None:
    for row in export.rows(part):
        where, told = f"{word} {row.get('id')}", newest.pop(str(row.get("id")), None)
        if told is None:
            # A tenant's first key comes with the tenant, and no event tells it; nor does one that was dropped.
            if word != "key" and export.first == 1:
                raise Broken(f"{where}: no event told it")
            continue
        expected = {name: told[name] for name in sorted(told.keys() & (row.keys() | SINCE_0003) - {"last_used_at"})}
        if "parent_id" in row:
            expected["parent_id"] = (told.get("parent") or NOTHING).get("id")
        _alike(where, expected, row, "what its newest event told")
    for missing in (identifier for identifier, told in newest.items() if not told["deleted"]):
        raise Broken(f"{word} {missing}: it is missing")


def _labels(item: Row) -> Iterator[tuple[str, str | None]]:
    packs = ((pack["barcode"], pack["name"]) for pack in item["packs"] if pack["barcode"] is not None)
    return chain(((barcode, None) for barcode in item["barcodes"]), packs)


def _alike(where: str, expected: Mapping[str, Any], found: Mapping[str, Any], what: str) -> None:
    for name, value in expected.items():
        if name not in found or _value(name, value) != _value(name, found[name]):
            raise Broken(f"{where}: {name} is not {what}: expected {value!r}, found {found.get(name)!r}")


def _expect(where: str, what: str, expected: object, found: object) -> None:
    if expected != found:
        raise Broken(f"{where}: {what}: expected {expected}, found {found}")


def _value(name: str, value: Any) -> Any:
    """A value as it can be compared: quantities by what they are worth, times by their moment, true not as 1."""
    if isinstance(value, str) and (name in QUANTITIES or name.endswith("_at")):
        return Decimal(value) if name in QUANTITIES else datetime.fromisoformat(value)
    return value if name == "attributes" else json.dumps(value, sort_keys=True)


def _later(one: str | None, other: str) -> str:
    return other if one is None or datetime.fromisoformat(other) > datetime.fromisoformat(one) else one


def _digest_in(path: Path) -> Row:
    try:
        kept = json.loads(path.read_bytes())
        return {name: kept[name] for name in ("tenant", "last_sequence", "hash")}
    except (ValueError, KeyError, TypeError):
        raise Unusable(f"{path} is no digest: it has no tenant, last_sequence and hash.") from None


class Progress:
    """How far it is: a line that is written over on a terminal, a line every ten seconds in a log."""

    def __init__(self, size: int) -> None:
        self.size, self.terminal, self.said = max(size, 1), sys.stderr.isatty(), time.monotonic()

    def __call__(self, at: int) -> None:
        if time.monotonic() - self.said < (0.2 if self.terminal else 10.0):
            return
        self.said, part = time.monotonic(), 100 * at // self.size
        sys.stderr.write(f"[{'#' * (part // 4):25}] {part} %\r" if self.terminal else f"{part} % verified\n")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
