"""Recording the plan through the SDK, so that it may be run again and again: what is there is not recorded twice.

Each entry has a key of its own, made of the location and the invoice. The ledger keeps the key of what it has recorded for
ever: the same entry sent again is answered with what was recorded the first time, and another one under the same key is
refused. So a run that was interrupted goes on where it stopped, and one that is repeated finds everything there.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote

from plan import Planned
from progress import shown
from twh import NOT_GIVEN, Client
from twh.errors import IdempotencyKeyReused, InsufficientStock, LocationNotFound, SkuTaken
from twh.models import Item

IN_FLIGHT = 16


class Refused(Exception):
    """The ledger holds something else than the file says, and nothing of it is overwritten."""


@dataclass
class Tally:
    """What was new, and what an earlier run had recorded."""

    recorded: int = 0
    already_there: int = 0

    def count(self, *, new: bool) -> None:
        self.recorded += new
        self.already_there += not new


def ensure_location(client: Client, code: str) -> Tally:
    """Create the location unless it is there."""
    tally = Tally()
    try:
        there = client.locations.get(code)
    except LocationNotFound:
        client.locations.create(code=code, name="Online retail")
        tally.count(new=True)
    else:
        if there.archived_at:
            raise Refused(f"Location {code} is archived: load the file into another --location.")
        tally.count(new=False)
    return tally


def ensure_items(client: Client, names: Mapping[str, str]) -> Tally:
    """Create the items that are missing, several at once: unlike invoices, they have no order."""
    tally = Tally()
    there = {item.sku: item for item in client.items.list(archived="any", page_size=200)}
    for sku in names.keys() & there.keys():
        refuse_another(there[sku], names[sku])
        tally.count(new=False)

    def create(sku: str) -> bool:
        return create_item(client, sku, names[sku])

    missing = [sku for sku in names if sku not in there]
    waves = (missing[first : first + IN_FLIGHT] for first in range(0, len(missing), IN_FLIGHT))
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        created = (new for wave in waves for new in threads.map(create, wave))
        for new in shown(created, "items", len(missing)):
            tally.count(new=new)
    return tally


def create_item(client: Client, sku: str, name: str) -> bool:
    """Create one item; False when somebody else has just done it."""
    try:
        client.items.create(sku=sku, name=name)
    except SkuTaken:
        refuse_another(client.items.get(sku), name)
        return False
    return True


def refuse_another(there: Item, name: str) -> None:
    if there.archived_at or there.name != name:
        known = f"is archived as {there.name!r}" if there.archived_at else f"is known as {there.name!r}"
        raise Refused(f"SKU {there.sku} {known}, and in this file it is {name!r}: is this the right tenant?")


def record(client: Client, entries: Sequence[Planned], *, at: str, doing: str) -> Tally:
    """Record the entries one after the other, so that the ledger has them in the order of the file."""
    tally = Tally()
    for entry in shown(entries, doing, len(entries)):
        tally.count(new=record_entry(client, entry, at))
    return tally


def record_entry(client: Client, entry: Planned, location: str) -> bool:
    """Record one entry; False when it was there."""
    try:
        answer = client.with_raw.movements.record(
            kind=entry.kind,
            reason=entry.reason or NOT_GIVEN,
            reference={"type": entry.belongs_to, "id": entry.number},
            occurred_at=entry.at,
            lines=[{"item": sku, "location": location, "quantity": quantity} for sku, quantity in entry.lines],
            options={"idempotency_key": key_of(entry, location)},
        )
    except IdempotencyKeyReused as why:
        raise Refused(
            f"The {entry.belongs_to} {entry.number} is recorded at {location} with other contents than this file has, "
            "and what is recorded stays: load the file into another --location, or after `twh sandbox reset`."
        ) from why
    except InsufficientStock as why:
        raise Refused(
            f"The {entry.belongs_to} {entry.number} takes {why.requested}, and there is {why.available}: "
            f"something besides this file has taken stock from {location}. Load the file into another --location."
        ) from why
    return "idempotent-replayed" not in answer.headers


def key_of(entry: Planned, location: str) -> str:
    """The same for the same invoice in every run; letters that no key may have are written as %xx."""
    return quote(f"online-retail/{location}/{entry.belongs_to}/{entry.number}/{entry.part}")
