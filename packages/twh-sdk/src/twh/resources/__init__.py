"""The nouns of the API, as every client has them."""

from __future__ import annotations

from typing import Self

from twh.call import Driver
from twh.resources.api_keys import ApiKeys
from twh.resources.audit_log import AuditLog
from twh.resources.checkpoints import Checkpoints
from twh.resources.entries import Entries
from twh.resources.event_types import EventTypes
from twh.resources.events import Events
from twh.resources.idempotency import Idempotency
from twh.resources.items import Items
from twh.resources.ledger import Ledger
from twh.resources.locations import Locations
from twh.resources.movements import Movements
from twh.resources.replays import Replays
from twh.resources.sandboxes import Sandboxes
from twh.resources.settings import Settings
from twh.resources.stock import Stock
from twh.resources.tenant import Tenant
from twh.resources.webhooks import Webhooks


class Nouns(Driver):
    """What each kind of client can be asked about."""

    @property
    def items(self) -> Items[Self]:
        """What is stocked."""
        return Items(self)

    @property
    def locations(self) -> Locations[Self]:
        """Where stock is."""
        return Locations(self)

    @property
    def movements(self) -> Movements[Self]:
        """How stock changes: receive, issue, return_, adjust, transfer, count."""
        return Movements(self)

    @property
    def entries(self) -> Entries[Self]:
        """What happened; reverse it here."""
        return Entries(self)

    @property
    def stock(self) -> Stock[Self]:
        """How much there is."""
        return Stock(self)

    @property
    def events(self) -> Events[Self]:
        """The feed of everything that happened."""
        return Events(self)

    @property
    def event_types(self) -> EventTypes[Self]:
        """Every kind of event, with its schema."""
        return EventTypes(self)

    @property
    def checkpoints(self) -> Checkpoints[Self]:
        """Where consumers of the feed stand."""
        return Checkpoints(self)

    @property
    def webhooks(self) -> Webhooks[Self]:
        """Endpoints, deliveries, signatures."""
        return Webhooks(self)

    @property
    def replays(self) -> Replays[Self]:
        """Deliveries that are made once more."""
        return Replays(self)

    @property
    def idempotency(self) -> Idempotency[Self]:
        """What a key was answered."""
        return Idempotency(self)

    @property
    def ledger(self) -> Ledger[Self]:
        """Whether everything follows."""
        return Ledger(self)

    @property
    def settings(self) -> Settings[Self]:
        """What the tenant has chosen for itself."""
        return Settings(self)

    @property
    def audit_log(self) -> AuditLog[Self]:
        """Who changed what."""
        return AuditLog(self)

    @property
    def api_keys(self) -> ApiKeys[Self]:
        """Who may act for the tenant: create, rotate, revoke."""
        return ApiKeys(self)

    @property
    def sandboxes(self) -> Sandboxes[Self]:
        """Tenants to try things on."""
        return Sandboxes(self)

    @property
    def tenant(self) -> Tenant[Self]:
        """Who I am."""
        return Tenant(self)
