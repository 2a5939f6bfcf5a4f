"""Name what changed in the contract for the worse since the last release, and fail unless the changelog says so.

A program that was written against openapi/released.json must go on working. It tolerates new operations, new fields in
answers, new optional fields and parameters, new kinds of events and new values of enums; anything else is breaking, and
stands in CHANGELOG.md under "### Breaking" by the name that this command prints, in backticks. An operation's or a
schema's name stands for everything in it.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

Schema = dict[str, Any]
Side = Literal["asked", "answered"]
"""Whether a schema is for what clients send, which may only become wider, or for what they get, which may only become narrower."""

ROOT = Path(__file__).parents[2]
RELEASED = ROOT / "openapi" / "released.json"
CURRENT = ROOT / "openapi" / "openapi.json"
CHANGELOG = ROOT / "CHANGELOG.md"
UPPER: Final = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
LOWER: Final = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
MEDIA: Final = "application/json"


class Break(NamedTuple):
    """One change that breaks programs: what it is about, and what became of it."""

    name: str
    what: str


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--changelog", type=Path, default=CHANGELOG)
    chosen = options.parse_args()
    found = breaks(json.loads(RELEASED.read_text(encoding="utf-8")), json.loads(CURRENT.read_text(encoding="utf-8")))
    silent = unsaid(found, chosen.changelog.read_text(encoding="utf-8"))
    for one in silent:
        print(f"`{one.name}` {one.what}")
    if silent:
        print("These changes break programs: undo them, or name each in CHANGELOG.md under Unreleased, ### Breaking.")
    return 1 if silent else 0


def unsaid(found: list[Break], changelog: str) -> list[Break]:
    """The changes that the changelog does not name under Unreleased, Breaking."""
    unreleased = re.split(r"(?m)^## ", changelog)[1] if "\n## " in changelog else ""
    section = re.search(r"(?ms)^### Breaking\n(.*?)(?=^### |\Z)", unreleased)
    named = re.findall(r"`([^`]+)`", section[1]) if section else []
    return [one for one in found if not any(one.name == name or one.name.startswith(f"{name}.") for name in named)]


def breaks(released: Schema, current: Schema) -> list[Break]:
    """Every breaking change between two contracts, once, in the order of the older one."""
    return list(dict.fromkeys(Comparison(released, current).run()))


class Comparison:
    """Two contracts, side by side."""

    def __init__(self, released: Schema, current: Schema, seen: Iterable[tuple[str, str, Side]] = ()) -> None:
        self.released = released
        self.current = current
        self.seen = set(seen)

    def run(self) -> Iterator[Break]:
        new = operations(self.current)
        for name, (address, old) in operations(self.released).items():
            if name not in new:
                yield Break(name, "is gone")
                continue
            new_address, told = new[name]
            if new_address != address:
                yield Break(name, f"is no longer {address}")
            yield from self.operation(name, old, told)
        for kind, old in self.released.get("webhooks", {}).items():
            told = self.current.get("webhooks", {}).get(kind)
            if told is None:
                yield Break(kind, "is told no more")
            else:
                yield from self.content(kind, old["post"]["requestBody"], told["post"]["requestBody"], "answered")

    def operation(self, name: str, old: Schema, new: Schema) -> Iterator[Break]:
        if scope(old) != scope(new):
            yield Break(name, f"needs {scope(new) or 'no scope'} instead of {scope(old) or 'none'}")
        yield from self.parameters(name, parameters(old), parameters(new))
        if "requestBody" in new and "requestBody" not in old and new["requestBody"].get("required"):
            yield Break(name, "needs a body")
        if "requestBody" in old:
            if "requestBody" in new:
                yield from self.content(name, old["requestBody"], new["requestBody"], "asked")
            else:
                yield Break(name, "takes no body any more")
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield Break(f"{name}.{status}", "is answered no more")
            elif status < "300":
                yield from self.content(f"{name}.{status}", answer, new["responses"][status], "answered")
        for status in new["responses"].keys() - old["responses"].keys():
            if status < "300":
                yield Break(f"{name}.{status}", "is a success that programs do not expect")

    def parameters(self, name: str, old: Mapping[str, Schema], new: Mapping[str, Schema]) -> Iterator[Break]:
        for key in old.keys() - new.keys():
            yield Break(f"{name}.{key}", "is taken no more")
        for key, told in new.items():
            if told.get("required") and not old.get(key, {}).get("required"):
                yield Break(f"{name}.{key}", "is required")
            if key in old:
                yield from self.schema(f"{name}.{key}", old[key]["schema"], told["schema"], "asked")

    def content(self, name: str, old: Schema, new: Schema, side: Side) -> Iterator[Break]:
        before, after = old.get("content", {}), new.get("content", {})
        for media in before.keys() - after.keys():
            yield Break(name, f"has no {media} any more")
        if MEDIA in before and MEDIA in after:
            yield from self.schema(name, before[MEDIA]["schema"], after[MEDIA]["schema"], side)
        if not before and after and side == "answered":
            yield Break(name, "has a body")

    def schema(self, name: str, old: Schema, new: Schema, side: Side) -> Iterator[Break]:
        """Compare two schemas; those with a name are compared once for each side, and lend their name to what is found."""
        names = referred(old), referred(new)
        if any(names):
            mark = (names[0] or name, names[1] or name, side)
            if mark in self.seen:
                return
            self.seen.add(mark)
            name = names[0] or name
            old, new = resolved(self.released, old), resolved(self.current, new)
        if "anyOf" in old or "anyOf" in new:
            yield from self.choices(name, choices(old), choices(new), side)
            return
        if old.get("type") != new.get("type") and not widened(old, new, side):
            yield Break(name, f"is {new.get('type', 'anything')} and was {old.get('type', 'anything')}")
            return
        yield from bounds(name, old, new, side)
        yield from self.fields(name, old, new, side)
        if "items" in old and "items" in new:
            yield from self.schema(f"{name}[]", old["items"], new["items"], side)
        if isinstance(old.get("additionalProperties"), dict) and isinstance(new.get("additionalProperties"), dict):
            yield from self.schema(f"{name}{{}}", old["additionalProperties"], new["additionalProperties"], side)

    def fields(self, name: str, old: Schema, new: Schema, side: Side) -> Iterator[Break]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required, was_required = set(new.get("required", [])), set(old.get("required", []))
        for field, told in before.items():
            if field not in after:
                yield Break(f"{name}.{field}", "is gone")
                continue
            if side == "asked" and field in required - was_required:
                yield Break(f"{name}.{field}", "is required")
            if side == "answered" and field in was_required - required:
                yield Break(f"{name}.{field}", "may be missing")
            yield from self.schema(f"{name}.{field}", told, after[field], side)
        if side == "asked":
            for field in sorted((required & after.keys()) - before.keys()):
                yield Break(f"{name}.{field}", "is new and required")

    def choices(self, name: str, old: list[Schema], new: list[Schema], side: Side) -> Iterator[Break]:
        """Each choice that a client may send must be there still; each that it may get must have been there."""
        kept, offered = (old, new) if side == "asked" else (new, old)
        for choice in kept:
            pairs = [(choice, one) if side == "asked" else (one, choice) for one in offered]
            found = [
                list(Comparison(self.released, self.current, self.seen).schema(name, *pair, side)) for pair in pairs
            ]
            if not any(not breaks for breaks in found):
                alike = [breaks for pair, breaks in zip(pairs, found, strict=True) if same_sort(*pair)]
                yield from (
                    alike[0]
                    if alike
                    else [Break(name, f"{said(choice)} {'is taken no more' if side == 'asked' else 'is new'}")]
                )


def bounds(name: str, old: Schema, new: Schema, side: Side) -> Iterator[Break]:
    """What narrows the values of a field: bounds, patterns, formats, lists of values."""
    before, after = set(map(str, old.get("enum", []))), set(map(str, new.get("enum", [])))
    for value in sorted(before - after) if after else []:
        yield Break(name, f"has no {value!r} any more")
    if side == "asked" and after and not before:
        yield Break(name, "takes only a list of values")
    if side == "answered":
        if old.get("format") not in (None, new.get("format")):
            yield Break(name, f"is no {old['format']} any more")
        return
    for key in UPPER:
        if key in new and new[key] < old.get(key, float("inf")):
            yield Break(name, f"has {key} {new[key]}, and had {old.get(key, 'none')}")
    for key in LOWER:
        if (
            key in new
            and new[key] > old.get(key, float("-inf"))
            and not (key.endswith(("Length", "Items")) and not new[key])
        ):
            yield Break(name, f"has {key} {new[key]}, and had {old.get(key, 'none')}")
    for key in ("pattern", "format", "const"):
        if key in new and new[key] != old.get(key):
            yield Break(name, f"has {key} {new[key]}, and had {old.get(key, 'none')}")


def widened(old: Schema, new: Schema, side: Side) -> bool:
    """Whether a type gave way to anything (for what is asked), or anything to a type (for what is answered)."""
    integer = {"integer", "number"}
    narrow, wide = (old, new) if side == "asked" else (new, old)
    return "type" not in wide or ({narrow.get("type"), wide["type"]} == integer and wide["type"] == "number")


def choices(schema: Schema) -> list[Schema]:
    found: list[Schema] = schema.get("anyOf", [schema])
    return found


def same_sort(old: Schema, new: Schema) -> bool:
    return referred(old) == referred(new) if referred(old) or referred(new) else old.get("type") == new.get("type")


def said(schema: Schema) -> str:
    return referred(schema) or str(schema.get("type", "a value"))


def referred(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def resolved(contract: Schema, schema: Schema) -> Schema:
    found: Schema = contract["components"]["schemas"][referred(schema)] if "$ref" in schema else schema
    return found


def operations(contract: Schema) -> dict[str, tuple[str, Schema]]:
    """Each operation by its id, with its method and path."""
    return {
        told["operationId"]: (f"{method.upper()} {path}", told)
        for path, methods in contract["paths"].items()
        for method, told in methods.items()
    }


def parameters(operation: Schema) -> dict[str, Schema]:
    return {f"{one['in']}.{one['name']}": one for one in operation["parameters"]}


def scope(operation: Schema) -> str:
    found = re.search(r"Needs the scope `([^`]+)`", operation.get("description", ""))
    return found[1] if found else ""


if __name__ == "__main__":
    sys.exit(main())
