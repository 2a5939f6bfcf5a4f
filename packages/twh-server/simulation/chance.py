"""Chance: one seeded stream of requests, half sensible, half not, about a shop that is small enough for all to collide."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from random import Random

from asked import Conditions, Json, Request
from world import World, plain, text_of

NOWHERE = ("NOPE", "itm_01kaqgn4dzev7b2yptc4m5c3qr", "loc_01kaqgn4e3f0dvm63vkxhkqk8d", "x" * 64)
BAD_NAMES = ("", " SPACE", "x" * 65, "itm_01kaqgn4dzev7b2yptc4m5c3qr", "loc_01kaqgn4e3f0dvm63vkxhkqk8d")
BAD_QUANTITIES = ("0", "-0", "0.000", "-1", "NaN", "1e3", "", "+1", "0.0000000001", "1000000000000000", "½")
HUGE = ("999999999999999", "999999999999999.999999999", "500000000000000")
REASONS = ("damaged", "found", "stolen")
ITEMS_MAX, LOCATIONS_MAX = 24, 16


@dataclass(kw_only=True)
class Customer:
    """Asks for things. What is asked depends on nothing but the seed and what was answered before."""

    chance: Random
    world: World
    asked: list[Request] = field(default_factory=list[Request])
    """What was asked under a key, to be asked again."""
    clock: datetime
    _asking: dict[Callable[[], Request], float] = field(init=False)
    _keys: int = 0

    def __post_init__(self) -> None:
        often = {
            self._entry: 60,
            self._reversal: 6,
            self._create_item: 2,
            self._put_item: 2,
            self._update_item: 3,
            self._create_location: 2,
            self._put_location: 2,
            self._update_location: 3,
            self._retire: 4,
            self._settings: 1,
        }
        # Each life is lopsided in its own way: what is rare in one is common in another.
        self._asking = {ask: weight * self.chance.choice((0.2, 1, 1, 4)) for ask, weight in often.items()}

    def foundation(self) -> list[Request]:
        """What a shop begins with."""
        things = [self._create_item() for _ in range(4)] + [self._create_location() for _ in range(3)]
        return [self.keyed(thing) for thing in things]

    def request(self) -> Request:
        """The next request."""
        if self.asked and self.chance.random() < 0.05:
            return self._again()
        (ask,) = self.chance.choices(list(self._asking), list(self._asking.values()))
        request = ask()
        if self._odd(0.9) or request.operation in ("movements.record", "entries.reverse"):
            request = self.keyed(request)
        return request

    def keyed(self, request: Request) -> Request:
        """The request under a key of its own."""
        if request.key:
            return request
        self._keys += 1
        request = replace(request, key=f"key-{self._keys}")
        self.asked.append(request)
        return request

    def _again(self) -> Request:
        """An earlier request, or another one under its key."""
        earlier = self.chance.choice(self.asked[-200:] if self._odd(0.7) else self.asked)
        return replace(self._entry(), key=earlier.key) if self._odd(0.2) else earlier

    # --- entries ---

    def _entry(self) -> Request:
        kind = self.chance.choice(
            ("receipt", "receipt", "receipt", "issue", "issue", "return", "adjustment", "transfer", "count")
        )
        if self._odd(0.005):
            kind = "gift"
        lines = [self._line(kind) for _ in range(self.chance.choice((1, 1, 1, 1, 2, 3, 8)))]
        if self._odd(0.01):
            lines = [] if self._odd(0.8) else lines[:1] * 1_001
        body: Json = {"kind": kind, "lines": lines}
        if self._odd(0.9 if kind == "adjustment" else 0.3):
            body["reason"] = self.chance.choice((*REASONS, "because"))
        if self._odd(0.1):
            body["reference"] = {"type": "order", "id": f"PO-{self.chance.randint(1, 99)}"}
        if kind == "count" and self._odd(0.3):
            body["record_unchanged"] = True
        return Request(operation="movements.record", body=body | self._when())

    def _line(self, kind: str) -> Json:
        line: Json = {"item": self._thing(self.world.items, "sku")}
        names = ["source", "target"] if kind == "transfer" else ["location"]
        if self._odd(0.01):
            names = self.chance.choice((["location"], ["source", "target"], ["source"], ["location", "target"]))
        line |= {name: self._thing(self.world.locations, "code") for name in names}
        line["quantity"] = self._quantity(kind, line, line[names[0]])
        item = self.world.item(line["item"])
        if self._odd(0.05):
            packs = [pack["name"] for pack in item["packs"]] if item else []
            line["pack"] = self.chance.choice([*packs, *packs, *packs, "bundle"])
        if self._odd(0.1):
            line["expected"] = self._expected(line["item"], line[names[0]])
        return line

    def _expected(self, item: str, location: str) -> Json:
        on_hand, version = self._level(item, location)
        if self._odd(0.3):
            on_hand, version = on_hand + self.chance.choice((-1, 1)), version + self.chance.choice((-1, 1))
        told = self.chance.choice((plain(on_hand), plain(on_hand) + ".0" * (on_hand.denominator == 1), "many"))
        choices: tuple[Json, ...] = ({"on_hand": told}, {"version": max(version, 0)})
        return self.chance.choice((*choices, choices[0] | choices[1], {}))

    def _quantity(self, kind: str, line: Json, location: str) -> str:
        on_hand, _ = self._level(line["item"], location)
        if self._odd(0.02):
            return self.chance.choice((*BAD_QUANTITIES, *HUGE))
        item = self.world.item(line["item"])
        scale = item["scale"] if item else 0
        fine = scale if self._odd(0.99) else scale + 1
        some = Fraction(self.chance.randint(1, 30) if self._odd(0.7) else self.chance.randint(1, 10**6), 10**fine)
        exactly = self.chance.choice((on_hand, on_hand + some, abs(on_hand - 1)))
        quantity = exactly if kind in ("issue", "transfer", "count") and self._odd(0.3) else some
        if kind == "adjustment" and self._odd(0.5):
            quantity = -quantity
        return plain(quantity) if decimal_places_fit(quantity) else "1"

    def _level(self, item: str, location: str) -> tuple[Fraction, int]:
        found, place = self.world.item(item), self.world.location(location)
        level = self.world.levels.get((found["id"], place["id"])) if found and place else None
        return (level.on_hand, level.version) if level else (Fraction(0), 0)

    def _when(self) -> Json:
        when: Json = {"force": True} if self._odd(0.03) else {}
        if self._odd(0.2):
            ago = self.chance.choice((1, 60, 600, 3_600, 864_000, -60, -240, -7_200)) * self.chance.random()
            # On the half second, while the clock stands on whole ones: nothing depends on a microsecond.
            when["occurred_at"] = text_of(self.clock - timedelta(seconds=round(ago), milliseconds=500))
        return when

    def _reversal(self) -> Request:
        entries = list(self.world.entries)
        recent = entries[-40:] if self._odd(0.9) else entries
        entry = self.chance.choice(recent) if recent and self._odd(0.97) else self.chance.choice(NOWHERE)
        body = self._when() | ({"reason": "mistake"} if self._odd(0.3) else {})
        return Request(operation="entries.reverse", path={"entry": entry}, body=body)

    # --- items, locations, settings ---

    def _create_item(self) -> Request:
        crowded = len(self.world.items) >= ITEMS_MAX
        sku = f"SKU-{self.chance.randint(1, ITEMS_MAX if crowded else 3 * ITEMS_MAX)}"
        if crowded and self.world.item(sku) is None:
            sku = next(item["sku"] for item in self.world.items.values())
        return Request(operation="items.create", body={"sku": self._name(sku), "name": "A thing"} | self._values())

    def _put_item(self) -> Request:
        text = self._thing(self.world.items, "sku")
        body = {"name": self.chance.choice(("A thing", "Another thing"))} | self._values()
        return Request(operation="items.put", path={"item": text}, body=body, **self._conditions("it", text))

    def _update_item(self) -> Request:
        text = self._thing(self.world.items, "sku")
        body = self._values() | ({"name": f"Thing {self.chance.randint(1, 3)}"} if self._odd(0.4) else {})
        body.pop("scale", None)
        conditions = self._conditions("it", text, puts=False)
        return Request(operation="items.update", path={"item": text}, body=body, **conditions)

    def _values(self) -> Json:
        values: Json = {
            "scale": self.chance.choice((0, 0, 0, 2, 9)),
            "reorder_point": self.chance.choice((None, "5", "20.0", "12.5", "-1", "0")),
            "barcodes": [f"B-{self.chance.randint(1, 40)}" for _ in range(self.chance.choice((0, 1, 1, 2)))],
            "packs": [self._pack() for _ in range(self.chance.choice((0, 1, 1, 2)))],
            "tags": self.chance.choice(([], ["summer"], ["summer", "sale"], ["sale", "sale"], [""])),
            "unit": self.chance.choice(("each", "kg")),
            "attributes": self.chance.choice(({}, {"colour": "blue"}, {"colour": "red", "sizes": [1, 2]})),
        }
        return {name: value for name, value in values.items() if self._odd(0.3)}

    def _pack(self) -> Json:
        barcode = f"B-{self.chance.randint(1, 40)}" if self._odd(0.3) else None
        name = self.chance.choice(("case", "case", "box", "pallet", ""))
        return {"name": name, "quantity": self.chance.choice(("12", "6.0", "0.5", "0", "100000")), "barcode": barcode}

    def _create_location(self) -> Request:
        crowded = len(self.world.locations) >= LOCATIONS_MAX
        code = f"LOC-{self.chance.randint(1, 3 * LOCATIONS_MAX)}"
        if crowded and self.world.location(code) is None:
            code = next(location["code"] for location in self.world.locations.values())
        return Request(operation="locations.create", body={"code": self._name(code), **self._place_values("A place")})

    def _put_location(self) -> Request:
        text = self._thing(self.world.locations, "code")
        body = self._place_values(self.chance.choice(("A place", "Another place")))
        return Request(operation="locations.put", path={"location": text}, body=body, **self._conditions("lo", text))

    def _update_location(self) -> Request:
        text = self._thing(self.world.locations, "code")
        body = {name: value for name, value in self._place_values("A place").items() if self._odd(0.6)}
        conditions = self._conditions("lo", text, puts=False)
        return Request(operation="locations.update", path={"location": text}, body=body, **conditions)

    def _place_values(self, name: str) -> Json:
        values: Json = {"name": name}
        if self._odd(0.5):
            values["kind"] = self.chance.choice(("warehouse", "store", "bin", "transit", "quarantine", "moon"))
        if self._odd(0.5):
            values["parent"] = self._thing(self.world.locations, "code") if self._odd(0.7) else None
        if self._odd(0.2):
            values["sellable"] = self._odd(0.5)
        return values

    def _retire(self) -> Request:
        item = self._odd(0.5)
        things, called, noun = (self.world.items, "sku", "item") if item else (self.world.locations, "code", "location")
        part, text = (0 if item else 1), self._thing(things, called)
        empty = [thing[called] for thing in things.values() if not self.world.stocked(part, thing["id"])]
        text = self.chance.choice(empty) if empty and self._odd(0.5) else text
        archived = [thing[called] for thing in things.values() if thing["archived_at"]]
        verb = "restore" if len(archived) > 2 or self._odd(0.4) else "archive"
        if verb == "restore" and archived and self._odd(0.8):
            text = self.chance.choice(archived)
        conditions = self._conditions("it" if item else "lo", text, puts=False)
        return Request(operation=f"{noun}s.{verb}", path={noun: text}, **conditions)

    def _settings(self) -> Request:
        choices: Json = {
            "oversell": self.chance.choice((True, False, None)),
            "adjustment_reasons": self.chance.choice(([], [], list(REASONS), list(REASONS[:2]), None)),
            "reason_required": self.chance.choice(([], [], ["issue"], ["reversal", "count"], None)),
            "occurred_at_back_days": self.chance.choice((None, None, 0, 7)),
            "occurred_at_ahead_minutes": self.chance.choice((5, 0, 1_440, None)),
        }
        body = {name: value for name, value in choices.items() if self._odd(0.4)}
        conditions = self._conditions("se", "", puts=False)
        return Request(operation="settings.update", body=body, **conditions)

    # --- what they have in common ---

    def _odd(self, often: float) -> bool:
        return self.chance.random() < often

    def _name(self, name: str) -> str:
        return self.chance.choice(BAD_NAMES) if self._odd(0.05) else name

    def _thing(self, things: dict[str, Json], called: str) -> str:
        """A name or an id, mostly of something that is there and in use."""
        if not things or self._odd(0.02):
            return self.chance.choice(NOWHERE)
        used = [thing for thing in things.values() if not thing["archived_at"]]
        thing = self.chance.choice(used if used and self._odd(0.97) else list(things.values()))
        return str(thing["id"] if self._odd(0.2) else thing[called])

    def _conditions(self, tag: str, text: str, *, puts: bool = True) -> Conditions:
        if puts and self._odd(0.1):
            return {"if_match": None, "create_only": True}
        if self._odd(0.75):
            return {"if_match": None, "create_only": False}
        thing = self.world.settings if tag == "se" else self.world.item(text) or self.world.location(text)
        version = thing["version"] if thing else 1
        tags = (f'"{tag}{version}"',), (f'"{tag}{version + 1}"',), (f'"{tag}0"', f'"{tag}{version}"'), ("*",)
        return {"if_match": self.chance.choice(tags), "create_only": False}


def decimal_places_fit(quantity: Fraction) -> bool:
    """Whether a quantity can be written down at all."""
    return (quantity * 10**9).denominator == 1 and abs(quantity) < 10**16
