"""What the oracle says of stock: entries and their reversals, decided line after line over plain dictionaries."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from asked import Json
from world import LIMIT, Count, Level, Refused, World, decimals, plain, quantity_of, text_of, time_of

KINDS = ("receipt", "issue", "return", "adjustment", "transfer", "count")
LINES_MAX = 1_000

Errors = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change of one level that an entry asks for."""

    line: int
    item: Json
    location: Json
    quantity: Fraction
    expected: Json | None = None


class Moved(NamedTuple):
    """A change that was made, and the level after it."""

    step: Step
    change: Fraction
    level: Level
    counted_in: Count | None = None
    """The count that contains the change already: this one takes it back."""


@dataclass(kw_only=True)
class Page:
    """What an entry would make of the levels, and what speaks against it."""

    occurred_at: datetime
    force: bool
    counts: bool = False
    keeps: bool = False
    dated: bool = False
    now: bool = False
    """Whether the client says when it happened: then it may be older than a count, which contains it."""
    levels: dict[tuple[str, str], Level] = field(default_factory=dict[tuple[str, str], Level])
    moved: list[Moved] = field(default_factory=list["Moved"])
    against: dict[str, list[tuple[Errors, Json]]] = field(default_factory=dict[str, list[tuple[Errors, Json]]])


def record(world: World, body: Json, given: Json) -> Json | None:
    """The entry that has to come of it; None for a count that finds what is known."""
    kind, errors = body["kind"], Errors()
    if kind not in KINDS:
        errors.append(("/kind", "unknown_kind"))
    errors += _of_reason(world, kind, body.get("reason"))
    errors += _of_time(world, body.get("occurred_at"))
    if not 1 <= len(body["lines"]) <= LINES_MAX:
        errors.append(("/lines", "too_many_lines"))
    steps, archived = list[Step](), list[Refused]()
    for number, line in enumerate(body["lines"]):
        steps += _read(world, kind, number, line, errors, archived)
    _refuse(errors)
    if archived:
        raise archived[0]
    page = _page(world, body, counts=kind == "count")
    page.dated = "occurred_at" in body
    for step in steps:
        _post(world, page, step)
    return _settled(world, page, kind, body, body.get("reference"), None, given)


def reverse(world: World, entry: str, body: Json, given: Json) -> Json | None:
    """The mirror image of an entry, last movement first."""
    original = world.entries.get(entry)
    if original is None:
        raise Refused(404, "entry_not_found", {"entry": entry})
    if original["reversed_by"]:
        raise Refused(409, "entry_already_reversed", {"entry": entry, "reversed_by": original["reversed_by"]})
    _refuse([*_of_reason(world, "reversal", body.get("reason")), *_of_time(world, body.get("occurred_at"))])
    page = _page(world, body)
    for movement in reversed(original["movements"]):
        quantity = -Fraction(movement["quantity"])
        if not quantity:
            continue
        item, location = world.items[movement["item"]["id"]], world.locations[movement["location"]["id"]]
        for archived in _archived(item, location):
            raise archived
        _post(world, page, Step(line=movement["line"], item=item, location=location, quantity=quantity))
    told = _settled(world, page, "reversal", body, original["reference"], entry, given, empty=True)
    assert told is not None
    original["reversed_by"] = told["id"]
    return told


def _refuse(errors: Errors) -> None:
    if errors:
        codes = {code for _, code in errors}
        raise Refused(422, codes.pop() if len(codes) == 1 else "invalid_entry", errors=errors)


def _of_reason(world: World, kind: str, reason: str | None) -> Errors:
    allowed: list[str] = world.settings["adjustment_reasons"] if kind == "adjustment" else []
    if not reason:
        needed = kind == "adjustment" or kind in world.settings["reason_required"]
        return [("/reason", "reason_required")] if needed else []
    return [("/reason", "reason_unknown")] if allowed and reason not in allowed else []


def _of_time(world: World, occurred_at: str | None) -> Errors:
    if occurred_at is None:
        return []
    back, ahead = world.settings["occurred_at_back_days"], world.settings["occurred_at_ahead_minutes"]
    late = world.now - time_of(occurred_at)
    fits = -timedelta(minutes=ahead) <= late and (back is None or late <= timedelta(days=back))
    return [] if fits else [("/occurred_at", "occurred_at_out_of_range")]


def _read(world: World, kind: str, number: int, line: Json, errors: Errors, archived: list[Refused]) -> Iterator[Step]:
    at = f"/lines/{number}"
    item = world.item(line["item"])
    if item is None:
        errors.append((f"{at}/item", "item_not_found"))
    archived += _archived(item)
    needed = ("source", "target") if kind == "transfer" else ("location",)
    unwanted = [name for name in ("location", "source", "target") if name in line and name not in needed]
    errors += [(f"{at}/{name}", "field_not_allowed") for name in unwanted]
    places = [_place(world, line, name, at, errors, archived) for name in needed]
    if len(places) == 2 and places[0] and places[0] == places[1]:
        errors.append((f"{at}/target", "same_location"))
    quantity = _quantity(kind, line, item, at, errors)
    expected = line.get("expected")
    if expected and "on_hand" in expected and quantity_of(expected["on_hand"]) is None:
        errors.append((f"{at}/expected/on_hand", "invalid_quantity"))
    if item is None or quantity is None or None in places:
        return
    first, last = places[0], places[-1]
    assert first is not None
    assert last is not None
    sign = -1 if kind in ("issue", "transfer") else 1
    yield Step(line=number, item=item, location=first, quantity=sign * quantity, expected=expected)
    if kind == "transfer":
        yield Step(line=number, item=item, location=last, quantity=quantity)


def _place(world: World, line: Json, name: str, at: str, errors: Errors, archived: list[Refused]) -> Json | None:
    if name not in line:
        errors.append((f"{at}/{name}", "field_missing"))
        return None
    place = world.location(line[name])
    if place is None:
        errors.append((f"{at}/{name}", "location_not_found"))
    archived += _archived(None, place)
    return place


def _archived(item: Json | None, location: Json | None = None) -> Iterator[Refused]:
    if item and item["archived_at"]:
        yield Refused(409, "item_archived", {"item": item["sku"]})
    if location and location["archived_at"]:
        yield Refused(409, "location_archived", {"location": location["code"]})


def _quantity(kind: str, line: Json, item: Json | None, at: str, errors: Errors) -> Fraction | None:
    quantity, packed = quantity_of(line["quantity"]), True
    if "pack" in line and item is not None:
        held = [pack["quantity"] for pack in item["packs"] if pack["name"] == line["pack"]]
        packed = bool(held)
        if not held:
            errors.append((f"{at}/pack", "pack_not_found"))
        elif quantity is not None:
            quantity *= Fraction(held[0])
    fault = None
    if quantity is None:
        fault = "invalid_quantity"
    elif item is not None and packed and decimals(quantity) > item["scale"]:
        fault = "too_many_decimals"
    elif abs(quantity) >= LIMIT:
        fault = "quantity_out_of_range"
    elif (quantity == 0 and kind != "count") or (quantity < 0 and kind != "adjustment"):
        fault = "invalid_quantity"
    if fault:
        errors.append((f"{at}/quantity", fault))
    return None if fault or not packed else quantity


def _page(world: World, body: Json, *, counts: bool = False) -> Page:
    at = time_of(body["occurred_at"]) if "occurred_at" in body else world.now
    keeps = body.get("record_unchanged", False)
    now = "occurred_at" not in body
    return Page(occurred_at=at, now=now, force=body.get("force", False), counts=counts, keeps=keeps)


def _post(world: World, page: Page, step: Step) -> None:
    key = step.item["id"], step.location["id"]
    level = page.levels.get(key) or world.levels.get(key)
    on_hand, version = (level.on_hand, level.version) if level else (Fraction(0), 0)
    counted_at = level.counted_at if level else None
    last = level.last_occurred_at if level else page.occurred_at
    at, against = f"/lines/{step.line}", page.against
    expected = step.expected or {}
    stale = "on_hand" in expected and quantity_of(expected["on_hand"]) != on_hand
    if stale or expected.get("version", version) != version:
        facts = {"line": step.line, "on_hand": plain(on_hand), "version": version}
        against.setdefault("stale_quantity", []).append(([(f"{at}/expected", "stale_quantity")], facts))
    if page.dated and not page.counts and counted_at and page.occurred_at < counted_at:
        count = min(count for count in world.counts[key] if count[0] > page.occurred_at)
        pair = ((step.quantity, None), (-step.quantity, count))
        for change, counted_in in pair if step.quantity > 0 else reversed(pair):
            _enter(world, page, step, change, counted_in)
        return
    if counted_at and page.occurred_at < counted_at and (page.counts or not page.now):
        facts = {"counted_at": text_of(counted_at)}
        against.setdefault("entry_predates_count", []).append(([(at, "entry_predates_count")], facts))
    elif page.counts and page.occurred_at < last:
        facts = {"moved_at": text_of(last)}
        against.setdefault("count_is_backdated", []).append(([(at, "count_is_backdated")], facts))
    change = step.quantity - on_hand if page.counts else step.quantity
    if page.counts and not change and not page.keeps:
        return
    after = on_hand + change
    if change < 0 and after < 0 and not page.force:
        facts = {"line": step.line, "item": step.item["sku"], "location": step.location["code"]}
        facts |= {"available": plain(on_hand), "requested": plain(-change)}
        facts |= {"on_hand": plain(on_hand)} if world.settings["oversell"] else {}
        against.setdefault("insufficient_stock", []).append(([(f"{at}/quantity", "insufficient_stock")], facts))
    _enter(world, page, step, change, None)


def _enter(world: World, page: Page, step: Step, change: Fraction, counted_in: Count | None) -> None:
    key = step.item["id"], step.location["id"]
    before = page.levels.get(key) or world.levels.get(key)
    after = (before.on_hand if before else Fraction(0)) + change
    if max(abs(after), abs(change)) >= LIMIT:
        page.against.setdefault("", []).append(([(f"/lines/{step.line}/quantity", "quantity_out_of_range")], {}))
    counted_at = before.counted_at if before else None
    level = Level(
        on_hand=after,
        version=before.version + 1 if before else 1,
        counted_at=page.occurred_at if page.counts else counted_at,
        last_occurred_at=max(before.last_occurred_at, page.occurred_at) if before else page.occurred_at,
        updated_at=world.now,
    )
    page.levels[key] = level
    page.moved.append(Moved(step, change, level, counted_in))


def _settled(
    world: World,
    page: Page,
    kind: str,
    body: Json,
    reference: Json | None,
    reverses: str | None,
    given: Json,
    *,
    empty: bool = False,
) -> Json | None:
    """The entry when nothing speaks against it; only a reversal may be empty."""
    _refuse([error for errors, _ in page.against.get("", ()) for error in errors])
    for code in ("stale_quantity", "entry_predates_count", "count_is_backdated", "insufficient_stock"):
        if code in page.against:
            found = page.against[code]
            raise Refused(409, code, found[0][1], errors=[error for errors, _ in found for error in errors])
    if not page.moved and not empty:
        return None
    before = {key: world.on_hand(*key) for key in page.levels}
    _date(world, page, given, now="occurred_at" not in body)
    entry = _entry(world, page, kind, body.get("reason"), reference, reverses, given)
    world.levels |= page.levels
    world.entries[entry["id"]] = dict(entry)
    for moved, movement in zip(page.moved, entry["movements"], strict=True):
        if page.counts:
            key = moved.step.item["id"], moved.step.location["id"]
            world.counts.setdefault(key, []).append((page.occurred_at, movement["id"]))
    world.tell("entry.recorded", entry, subject=entry["id"] if page.force or reverses else None)
    for data in _low(world, page, before, entry["id"]):
        world.tell("stock.low", data)
    return entry


def _date(world: World, page: Page, given: Json, *, now: bool) -> None:
    """What happened now happened when it was recorded: only the answer tells the microsecond."""
    recorded = world.moment(given.get("recorded_at", "1970-01-01T00:00:00Z"))
    page.occurred_at = recorded if now else page.occurred_at
    for key, level in page.levels.items():
        before = world.levels.get(key)
        level.updated_at = recorded
        level.last_occurred_at = max(before.last_occurred_at, page.occurred_at) if before else page.occurred_at
        if page.counts:
            level.counted_at = page.occurred_at


def _entry(
    world: World,
    page: Page,
    kind: str,
    reason: str | None,
    reference: Json | None,
    reverses: str | None,
    given: Json,
) -> Json:
    ids = [movement.get("id") for movement in given.get("movements", ())]
    identifier = world.new_id(given, "ent")
    movements = [
        {
            "id": world.new_id({"id": movement_id}, "mov"),
            "line": step.line,
            "item": _ref(step.item, "sku"),
            "location": _ref(step.location, "code"),
            "lot": None,
            "quantity": plain(change),
            "on_hand_after": plain(level.on_hand),
            "reserved_after": "0",
            "version_after": level.version,
            **({"occurred_at": text_of(counted_in[0]), "counted_in": counted_in[1]} if counted_in else {}),
        }
        for movement_id, (step, change, level, counted_in) in zip(
            [*ids, *[""] * len(page.moved)], page.moved, strict=False
        )
    ]
    return {
        "id": identifier,
        "sequence": len(world.events) + 1,
        "kind": kind,
        "reason": reason,
        "reference": reference,
        "forced": page.force,
        "actor": world.actor,
        "occurred_at": text_of(page.occurred_at),
        "recorded_at": text_of(world.now),
        "reverses": reverses,
        "reversed_by": None,
        "movements": movements,
        "levels": [
            {
                "item": _ref(world.items[item], "sku"),
                "location": _ref(world.locations[location], "code"),
                "lot": None,
                "on_hand": plain(level.on_hand),
                "reserved": "0",
                "available": plain(level.on_hand),
                "version": level.version,
                "etag": f'"lv{level.version}"',
                "updated_at": text_of(world.now),
            }
            for (item, location), level in page.levels.items()
        ],
    }


def _low(world: World, page: Page, before: dict[tuple[str, str], Fraction], entry: str) -> Iterable[Json]:
    for (item_id, location_id), level in page.levels.items():
        item, location = world.items[item_id], world.locations[location_id]
        point = item["reorder_point"]
        if point is not None and level.on_hand <= Fraction(point) < before[item_id, location_id]:
            yield {
                "item": _ref(item, "sku"),
                "location": _ref(location, "code"),
                "on_hand": plain(level.on_hand),
                "available": plain(level.on_hand),
                "reorder_point": point,
                "entry": entry,
            }


def _ref(thing: Json, name: str) -> Json:
    return {"id": thing["id"], name: thing[name]}
