"""What happened, in a line that a person reads: when, what, and who made it happen."""

from __future__ import annotations

from datetime import UTC, datetime
from difflib import get_close_matches

from twh import models
from twh.events import KINDS

MOVEMENTS_TOLD = 3


def near(kind: str) -> str:
    """The end of a sentence about a kind of event that there is not: `: did you mean stock.low?`, or a full stop."""
    found = get_close_matches(kind, KINDS, n=1)
    return f": did you mean {found[0]}?" if found else "."


def when(moment: datetime) -> str:
    """The time of today, `13:54:41Z`; of another day its date, too, and no seconds: `11-23 13:54Z`."""
    utc = moment.astimezone(UTC)
    return f"{utc:%H:%M:%SZ}" if utc.date() == datetime.now(UTC).date() else f"{utc:%m-%d %H:%MZ}"


def told_by(event: models.Event) -> str:
    """Who made it happen, what it was, and which values were changed: `back office: TSHIRT-M, T-shirt (name)`."""
    what = summary(event)
    changed = (
        "" if isinstance(event, models.SettingsUpdated) or not event.previous else f" ({', '.join(event.previous)})"
    )
    return f"{event.actor.name}: {what}{changed}" if event.actor else f"{what}{changed}"


def summary(event: models.Event) -> str:
    """What happened, in a few words."""
    match event:
        case models.EntryRecorded(data=entry):
            return entry_summary(entry)
        case (
            models.ItemCreated(data=item)
            | models.ItemUpdated(data=item)
            | models.ItemArchived(data=item)
            | models.ItemRestored(data=item)
        ):
            return f"{item.sku}, {item.name}"
        case (
            models.LocationCreated(data=location)
            | models.LocationUpdated(data=location)
            | models.LocationArchived(data=location)
            | models.LocationRestored(data=location)
        ):
            return f"{location.code}, {location.name}"
        case (
            models.EndpointCreated(data=telling)
            | models.EndpointUpdated(data=telling)
            | models.EndpointSecretRotated(data=telling)
            | models.EndpointDisabling(data=telling)
            | models.EndpointDisabled(data=telling)
            | models.EndpointDeleted(data=telling)
            | models.ReplayStarted(data=telling)
            | models.ReplayCancelled(data=telling)
            | models.ReplayResumed(data=telling)
            | models.ReplayFinished(data=telling)
        ):
            return telling_summary(telling)
        case models.SettingsUpdated():
            return ", ".join(event.previous or ())
        case (
            models.KeyCreated(data=named)
            | models.KeyUpdated(data=named)
            | models.KeyRotated(data=named)
            | models.KeyRevoked(data=named)
            | models.TenantSuspended(data=named)
            | models.TenantResumed(data=named)
            | models.TenantClosed(data=named)
        ):
            return named.name
        case models.StockLow(data=low):
            return f"{low.item.sku} at {low.location.code}: {low.available} left, reorder point {low.reorder_point}"
        case models.ThinEvent() | models.UnknownEvent():
            return without_data(event)


def telling_summary(telling: models.Endpoint | models.Replay) -> str:
    """Where an endpoint is, and what is wrong with it; what a replay makes once more, and how far that is."""
    match telling:
        case models.FailingEndpoint():
            return f"{telling.url}, {telling.reason} since {telling.failing_since:%Y-%m-%d %H:%M} UTC"
        case models.Endpoint():
            return telling.url
        case models.Replay():
            stretch = f"{telling.which} of {telling.first_sequence} to {telling.last_sequence}"
            what = "chosen deliveries" if telling.deliveries is not None else stretch
            return f"{telling.id}, {what}: {telling.delivered} of {telling.total}"


def without_data(event: models.ThinEvent | models.UnknownEvent) -> str:
    """What is said of an event whose data is not there, or is not understood."""
    if isinstance(event, models.ThinEvent):
        return f"{event.subject} (thin; all of it: twh events get {event.id})"
    return "(a kind that this version does not know; --json shows all)"


def entry_summary(entry: models.Entry) -> str:
    moved = [f"{one.quantity:+f} {one.item.sku} at {one.location.code}" for one in entry.movements[:MOVEMENTS_TOLD]]
    more = len(entry.movements) - MOVEMENTS_TOLD
    moved += [f"and {more} more"] if more > 0 else []
    about = f" {entry.reference.id}" if entry.reference else f" ({entry.reason})" if entry.reason else ""
    return f"{entry.kind}{about}: {', '.join(moved)}"
