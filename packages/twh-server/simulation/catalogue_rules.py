"""What the oracle says of items, locations and settings: created, put, changed, archived, restored."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from asked import Conditions, Json
from world import LIMIT, Refused, World, decimals, plain, quantity_of, text_of

LOCATION_KINDS = ("warehouse", "store", "bin", "transit", "quarantine")
DEPTH_MAX = 8
NEW_ITEM: Json = {
    "barcodes": [],
    "packs": [],
    "tags": [],
    "unit": "each",
    "scale": None,
    "reorder_point": None,
    "attributes": {},
}
SETTINGS: Json = {
    "occurred_at_back_days": None,
    "occurred_at_ahead_minutes": 5,
    "oversell": False,
    "adjustment_reasons": [],
    "reason_required": [],
    "idempotency_key_days": 7,
    "event_days": None,
}
"""The defaults of a sandbox."""

Errors = list[tuple[str, str]]


class Changed(NamedTuple):
    """What a request came to: the thing as it is told, and whether it is new."""

    thing: Json
    created: bool = False


class Noun(NamedTuple):
    """What is said of items and of locations alike, in the words of each."""

    name: str
    id_prefix: str
    tag: str
    called: str


ITEM = Noun("item", "itm", "it", "sku")
LOCATION = Noun("location", "loc", "lo", "code")


def create(world: World, noun: Noun, body: Json, given: Json) -> Changed:
    """Something new under a name that was never used."""
    return _created(world, noun, body[noun.called], body, given)


def put(world: World, noun: Noun, text: str, body: Json, given: Json, conditions: Conditions) -> Changed:
    """Have it be so: create it, or replace what can be replaced."""
    thing = world.thing(_things(world, noun), noun.called, text)
    if thing is None:
        if conditions["if_match"] is not None or text.startswith(f"{noun.id_prefix}_"):
            raise Refused(404, f"{noun.name}_not_found", {noun.name: text})
        return _created(world, noun, text, body, given)
    _require(thing["version"], noun.tag, conditions)
    values = _item_values(body) if noun is ITEM else _location_values(body)
    scale, fixed = values.pop("scale", None), Errors()
    if scale not in (None, thing.get("scale")):
        fixed.append(("/scale", "scale_is_fixed"))
    return _changed(world, noun, thing, values, fixed, given)


def update(world: World, noun: Noun, text: str, body: Json, given: Json, conditions: Conditions) -> Changed:
    """Change what is named."""
    return _changed(world, noun, _current(world, noun, text, conditions), dict(body), Errors(), given)


def archive(world: World, noun: Noun, text: str, given: Json, conditions: Conditions) -> Changed:
    """Retire what holds no stock."""
    thing = _current(world, noun, text, conditions)
    if thing["archived_at"]:
        return Changed(thing)
    if world.stocked(0 if noun is ITEM else 1, thing["id"]):
        raise Refused(409, f"{noun.name}_has_stock", {noun.name: thing[noun.called]})
    if parts := [part for part in world.locations.values() if not part["archived_at"] and _within(part, thing)]:
        raise Refused(409, "location_has_parts", {"location": thing["code"], "parts": len(parts)})
    now = text_of(world.moment(given.get("updated_at", "1970-01-01T00:00:00Z")))
    return _stored(world, noun, "archived", thing, {"archived_at": now})


def restore(world: World, noun: Noun, text: str, given: Json, conditions: Conditions) -> Changed:
    """Take it back into use."""
    thing = _current(world, noun, text, conditions)
    if thing["archived_at"] is None:
        return Changed(thing)
    whole = thing.get("parent") and world.locations[thing["parent"]["id"]]
    if whole and whole["archived_at"]:
        raise Refused(409, "location_archived", {"location": whole["code"]})
    world.moment(given.get("updated_at", "1970-01-01T00:00:00Z"))
    return _stored(world, noun, "restored", thing, {"archived_at": None})


def choose(world: World, body: Json, given: Json, conditions: Conditions) -> Changed:
    """Change settings."""
    before = world.settings
    _require(before["version"], "se", conditions)
    chosen = {
        name: SETTINGS[name] if value is None and name != "occurred_at_back_days" else value
        for name, value in body.items()
    }
    previous = {name: before[name] for name, value in chosen.items() if before[name] != value}
    if previous:
        at = text_of(world.moment(given.get("updated_at") or "1970-01-01T00:00:00Z"))
        version = before["version"] + 1
        world.settings = {**before, **chosen, "version": version, "etag": f'"se{version}"', "updated_at": at}
        world.tell("settings.updated", dict(world.settings), subject=world.tenant, previous=previous)
    return Changed(world.settings)


def _things(world: World, noun: Noun) -> dict[str, Json]:
    return world.items if noun is ITEM else world.locations


def _require(version: int, tag: str, conditions: Conditions) -> None:
    etag = f'"{tag}{version}"'
    if conditions["create_only"]:
        raise Refused(412, "already_exists", {"version": version, "etag": etag}, tag=etag)
    if conditions["if_match"] is not None and not {etag, "*"} & set(conditions["if_match"]):
        raise Refused(412, "stale_version", {"version": version, "etag": etag}, tag=etag)


def _current(world: World, noun: Noun, text: str, conditions: Conditions) -> Json:
    thing = world.thing(_things(world, noun), noun.called, text)
    if thing is None:
        raise Refused(404, f"{noun.name}_not_found", {noun.name: text})
    _require(thing["version"], noun.tag, conditions)
    return thing


def _created(world: World, noun: Noun, text: str, body: Json, given: Json) -> Changed:
    values = _item_values(body) if noun is ITEM else _location_values(body)
    if noun is ITEM:
        values["scale"] = values["scale"] or 0
    errors = _faults(world, noun, values, values.get("scale", 0), None)
    if _is_bad_name(text) or text.startswith(f"{noun.id_prefix}_"):
        errors.append((f"/{noun.called}", "invalid_name"))
    if errors:
        raise Refused(422, f"invalid_{noun.name}", errors=errors)
    if any(thing[noun.called] == text for thing in _things(world, noun).values()):
        raise Refused(409, f"{noun.called}_taken", {noun.called if noun is ITEM else "location": text})
    _claim(world, "", [], values)
    identifier = world.new_id(given, noun.id_prefix)
    at = text_of(world.moment(given.get("created_at", "1970-01-01T00:00:00Z")))
    thing = {"id": identifier, noun.called: text, **_kept(world, values), "archived_at": None, "created_at": at}
    return Changed(_stored(world, noun, "created", thing, {}, new=True).thing, created=True)


def _changed(world: World, noun: Noun, thing: Json, changes: Json, fixed: Errors, given: Json) -> Changed:
    if thing["archived_at"]:
        raise Refused(409, f"{noun.name}_archived", {noun.name: thing[noun.called]})
    together = dict(changes)
    if {"barcodes", "packs"} & changes.keys():
        together = {"barcodes": thing["barcodes"], "packs": thing["packs"], **changes}
    errors = [*_faults(world, noun, together, thing.get("scale", 0), thing), *fixed]
    if errors:
        raise Refused(422, f"invalid_{noun.name}", errors=errors)
    kept = _kept(world, changes)
    if all(thing[name] == value for name, value in kept.items()):
        return Changed(thing)
    if noun is ITEM:
        _claim(world, thing["id"], _labels(thing), {**thing, **kept})
    world.moment(given.get("updated_at", "1970-01-01T00:00:00Z"))
    return _stored(world, noun, "updated", thing, kept)


def _stored(world: World, noun: Noun, verb: str, thing: Json, changes: Json, *, new: bool = False) -> Changed:
    version = 1 if new else thing["version"] + 1
    dated = {"version": version, "etag": f'"{noun.tag}{version}"', "updated_at": text_of(world.now)}
    stored = {**thing, **changes, **dated}
    _things(world, noun)[thing["id"]] = stored
    previous = None if new else {name: thing[name] for name, value in changes.items() if thing[name] != value}
    world.tell(f"{noun.name}.{verb}", stored, subject=thing["id"], previous=previous)
    return Changed(stored)


def _item_values(body: Json) -> Json:
    return {**NEW_ITEM, **{name: value for name, value in body.items() if name != "sku"}}


def _location_values(body: Json) -> Json:
    kind = body.get("kind", "warehouse")
    sold = kind not in ("transit", "quarantine")
    return {"name": body["name"], "kind": kind, "parent": body.get("parent"), "sellable": body.get("sellable", sold)}


def _kept(world: World, values: Mapping[str, Any]) -> Json:
    """Values as they are kept and told."""
    kept = dict(values)
    if kept.get("reorder_point") is not None:
        kept["reorder_point"] = plain(Fraction(kept["reorder_point"]))
    if "packs" in kept:
        kept["packs"] = [
            {"name": pack["name"], "quantity": plain(Fraction(pack["quantity"])), "barcode": pack.get("barcode")}
            for pack in kept["packs"]
        ]
    if kept.get("parent") is not None:
        parent = world.location(kept["parent"])
        assert parent is not None
        kept["parent"] = {"id": parent["id"], "code": parent["code"]}
    return kept


def _faults(world: World, noun: Noun, values: Json, scale: int, thing: Json | None) -> Errors:
    return list(_item_faults(values, scale)) if noun is ITEM else list(_location_faults(world, values, thing))


def _item_faults(values: Json, scale: int) -> Iterator[tuple[str, str]]:
    if values.get("reorder_point") is not None:
        point = quantity_of(values["reorder_point"])
        if point is None or point < 0:
            yield "/reorder_point", "invalid_quantity"
        elif decimals(point) > scale:
            yield "/reorder_point", "too_many_decimals"
    packs = values.get("packs", [])
    for number, pack in enumerate(packs):
        if _is_bad_name(pack["name"]) or pack["name"] in [one["name"] for one in packs[:number]]:
            yield f"/packs/{number}/name", "invalid_name"
        quantity = quantity_of(pack["quantity"])
        if quantity is None or not 0 < quantity < LIMIT:
            yield f"/packs/{number}/quantity", "invalid_quantity"
        elif decimals(quantity) > scale:
            yield f"/packs/{number}/quantity", "too_many_decimals"
    pointed = [(f"/barcodes/{number}", barcode) for number, barcode in enumerate(values.get("barcodes", []))]
    pointed += [
        (f"/packs/{number}/barcode", pack["barcode"]) for number, pack in enumerate(packs) if pack.get("barcode")
    ]
    for place, (pointer, barcode) in enumerate(pointed):
        if _is_bad_name(barcode) or barcode in [one for _, one in pointed[:place]]:
            yield pointer, "invalid_barcode"
    tags = values.get("tags", [])
    for number, tag in enumerate(tags):
        if _is_bad_name(tag) or tag in tags[:number]:
            yield f"/tags/{number}", "invalid_tag"


def _is_bad_name(name: str) -> bool:
    return not 1 <= len(name) <= 64 or name != name.strip()


def _labels(values: Json) -> list[str]:
    return [*values.get("barcodes", []), *(pack["barcode"] for pack in values.get("packs", []) if pack.get("barcode"))]


def _claim(world: World, item: str, before: list[str], values: Json) -> None:
    """A barcode leads to one item."""
    for barcode in _labels(values):
        taken = any(barcode in _labels(other) for other in world.items.values() if other["id"] != item)
        if taken and barcode not in before:
            raise Refused(409, "barcode_taken", {"barcode": barcode})


def _location_faults(world: World, values: Json, location: Json | None) -> Iterator[tuple[str, str]]:
    if "kind" in values and values["kind"] not in LOCATION_KINDS:
        yield "/kind", "unknown_kind"
    if values.get("parent") is None:
        return
    parent = world.location(values["parent"])
    if parent is None:
        yield "/parent", "location_not_found"
        return
    if location and location["parent"] and location["parent"]["id"] == parent["id"]:
        return
    if parent["archived_at"]:
        raise Refused(409, "location_archived", {"location": parent["code"]})
    above = list(_upward(world, parent))
    if location and location["id"] in [one["id"] for one in above]:
        yield "/parent", "location_within_itself"
    elif len(above) + (_height(world, location) if location else 1) > DEPTH_MAX:
        yield "/parent", "too_deep"


def _within(part: Json, whole: Json) -> bool:
    return part["parent"] is not None and part["parent"]["id"] == whole["id"]


def _upward(world: World, location: Json) -> Iterator[Json]:
    yield location
    if location["parent"]:
        yield from _upward(world, world.locations[location["parent"]["id"]])


def _height(world: World, location: Json) -> int:
    parts = [part for part in world.locations.values() if _within(part, location)]
    return 1 + max((_height(world, part) for part in parts), default=0)
