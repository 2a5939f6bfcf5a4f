"""The acts that make events happen: each does one thing that has the event as its news.

What an act needs and was not named, it takes from what is there or makes; `fields` go over those of its own request.
"""

from __future__ import annotations

import inspect
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import twh
from twh import models
from twh.jobs import ReplayJob
from twh_cli.problems import Explained, SandboxNotRunning, WronglyTyped
from twh_cli.receiver import Receiver
from twh_cli.sandbox import process
from twh_cli.sandbox.place import State, places
from twh_cli.session import session

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
REORDER_POINT = Decimal(5)
NOBODYS_URL = "http://127.0.0.1:9/made-by-twh-trigger"
NEVER_SENT = ["tenant.closed"]
"""What an endpoint wants that is made for its own news only."""
KEY_LIVES = timedelta(hours=1)
GONE = 410
DISABLED_SECONDS, LOOK_SECONDS = 20.0, 0.1


class NoNews(Explained):
    """It was done, and the feed does not tell of it."""

    code = "no_news"


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What was said about the event that is to happen."""

    item: str | None = None
    location: str | None = None
    quantity: Decimal | None = None
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Done:
    """What was done, in a sentence, and the id of what it was done to."""

    what: str
    about: str


Act = Callable[[twh.Client, Wishes], Done]


# --- the acts ---


def record_entry(client: twh.Client, wishes: Wishes) -> Done:
    item, location = wishes.item or some_item(client), wishes.location or some_location(client)
    line = {"item": item, "location": location, "quantity": wishes.quantity or Decimal(1)}
    usual = {"kind": "receipt", "lines": [line], "reference": {"type": "trigger", "id": fresh_name()}}
    entry: models.Entry = asked(client.movements.record, usual, wishes)
    return Done(f"Recorded {entry.id}, a {entry.kind} of {len(entry.movements)} movement(s).", entry.id)


def let_stock_run_low(client: twh.Client, wishes: Wishes) -> Done:
    """Enough comes in to be above the reorder point, and then goes out until `quantity` is left."""
    item = client.items.get(wishes.item) if wishes.item else new_item(client, reorder_point=REORDER_POINT)
    point = item.reorder_point
    if point is None:
        point = client.items.update(item, reorder_point=REORDER_POINT).reorder_point or REORDER_POINT
    left = point if wishes.quantity is None else wishes.quantity
    if not 0 <= left <= point:
        raise WronglyTyped(f"--quantity is what is left: 0 to {point}, the reorder point of {item.sku}.")
    location = wishes.location or some_location(client)
    available = client.stock.get(item, at=location).available
    if available <= point:
        client.movements.receive(item=item, location=location, quantity=point + 1 - available)
        available = point + 1
    usual = {"item": item, "location": location, "quantity": available - left}
    asked(client.movements.issue, usual, wishes)
    return Done(f"Issued {available - left} {item.sku} at {location}; {left} left, reorder point {point}.", item.id)


def create_item(client: twh.Client, wishes: Wishes) -> Done:
    usual = {"sku": wishes.item or fresh_name(), "name": "Made by twh trigger"}
    item: models.Item = asked(client.items.create, usual, wishes)
    return Done(f"Created item {item.sku}.", item.id)


def update_item(client: twh.Client, wishes: Wishes) -> Done:
    item = the_item(client, wishes)
    usual = {} if wishes.fields else {"attributes": {**item.attributes, "triggered": fresh_name()}}
    asked(client.items.update, usual, wishes, item)
    return Done(f"Changed item {item.sku}.", item.id)


def archive_item(client: twh.Client, wishes: Wishes) -> Done:
    item = the_item(client, wishes)
    asked(client.items.archive, {}, wishes, item)
    return Done(f"Archived item {item.sku}.", item.id)


def restore_item(client: twh.Client, wishes: Wishes) -> Done:
    item = the_item(client, wishes)
    if item.archived_at is None:
        client.items.archive(item)
    asked(client.items.restore, {}, wishes, item)
    return Done(f"Restored item {item.sku}.", item.id)


def create_location(client: twh.Client, wishes: Wishes) -> Done:
    usual = {"code": wishes.location or fresh_name(), "name": "Made by twh trigger"}
    location: models.Location = asked(client.locations.create, usual, wishes)
    return Done(f"Created location {location.code}.", location.id)


def update_location(client: twh.Client, wishes: Wishes) -> Done:
    location = the_location(client, wishes)
    usual = {} if wishes.fields else {"name": f"Changed by twh trigger, {fresh_name()}"}
    asked(client.locations.update, usual, wishes, location)
    return Done(f"Changed location {location.code}.", location.id)


def archive_location(client: twh.Client, wishes: Wishes) -> Done:
    location = the_location(client, wishes)
    asked(client.locations.archive, {}, wishes, location)
    return Done(f"Archived location {location.code}.", location.id)


def restore_location(client: twh.Client, wishes: Wishes) -> Done:
    location = the_location(client, wishes)
    if location.archived_at is None:
        client.locations.archive(location)
    asked(client.locations.restore, {}, wishes, location)
    return Done(f"Restored location {location.code}.", location.id)


def create_endpoint(client: twh.Client, wishes: Wishes) -> Done:
    endpoint: models.NewEndpoint = asked(client.webhooks.create, new_endpoint_fields(), wishes)
    return Done(f"Created endpoint {endpoint.id} for {endpoint.url}.", endpoint.id)


def update_endpoint(client: twh.Client, wishes: Wishes) -> Done:
    endpoint = client.webhooks.create(**new_endpoint_fields())
    usual = {} if wishes.fields else {"description": "changed by twh trigger"}
    asked(client.webhooks.update, usual, wishes, endpoint)
    return Done(f"Changed endpoint {endpoint.id}.", endpoint.id)


def rotate_endpoint_secret(client: twh.Client, wishes: Wishes) -> Done:
    endpoint = client.webhooks.create(**new_endpoint_fields())
    asked(client.webhooks.rotate_secret, {}, wishes, endpoint)
    return Done(f"Gave endpoint {endpoint.id} another secret.", endpoint.id)


def disable_endpoint(client: twh.Client, _: Wishes) -> Done:
    with Receiver(answer=lambda _: GONE) as receiver:
        endpoint = client.webhooks.create(url=receiver.url, **wants_locations())
        new_location(client)
        until = time.monotonic() + DISABLED_SECONDS
        while client.webhooks.get(endpoint.id).enabled and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
    return Done(f"Created endpoint {endpoint.id}, which said that it is gone, and was disabled.", endpoint.id)


def delete_endpoint(client: twh.Client, wishes: Wishes) -> Done:
    endpoint = client.webhooks.create(**new_endpoint_fields())
    asked(client.webhooks.delete, {}, wishes, endpoint)
    return Done(f"Deleted endpoint {endpoint.id}.", endpoint.id)


def start_replay(client: twh.Client, wishes: Wishes) -> Done:
    replay = held_replay(client, wishes)
    replay.cancel()
    return Done(f"Started replay {replay.id}, of an endpoint that is disabled; and cancelled it.", replay.id)


def cancel_replay(client: twh.Client, wishes: Wishes) -> Done:
    replay = held_replay(client, wishes)
    replay.cancel()
    return Done(f"Cancelled replay {replay.id}.", replay.id)


def resume_replay(client: twh.Client, wishes: Wishes) -> Done:
    replay = held_replay(client, wishes)
    replay.cancel()
    replay.resume()
    replay.cancel()
    return Done(f"Resumed replay {replay.id}; and cancelled it again.", replay.id)


def finish_replay(client: twh.Client, wishes: Wishes) -> Done:
    with Receiver() as receiver:
        replay = replayed(client, client.webhooks.create(url=receiver.url, **wants_locations()), wishes)
        replay.wait(timeout=DISABLED_SECONDS)
    return Done(f"Replay {replay.id} is finished.", replay.id)


def create_key(client: twh.Client, wishes: Wishes) -> Done:
    key: models.NewApiKey = asked(client.api_keys.create, new_key_fields(), wishes)
    return Done(f"Created key {key.id}; its secret is shown to nobody.", key.id)


def update_key(client: twh.Client, wishes: Wishes) -> Done:
    key = client.api_keys.create(**new_key_fields())
    usual = {} if wishes.fields else {"name": fresh_name()}
    asked(client.api_keys.update, usual, wishes, key)
    return Done(f"Changed key {key.id}.", key.id)


def rotate_key(client: twh.Client, wishes: Wishes) -> Done:
    key = client.api_keys.create(**new_key_fields())
    asked(client.api_keys.rotate, {}, wishes, key)
    return Done(f"Rotated key {key.id}.", key.id)


def revoke_key(client: twh.Client, wishes: Wishes) -> Done:
    key = client.api_keys.create(**new_key_fields())
    asked(client.api_keys.revoke, {}, wishes, key)
    return Done(f"Revoked key {key.id}.", key.id)


def update_settings(client: twh.Client, wishes: Wishes) -> Done:
    minutes = 6 if client.settings.get().occurred_at_ahead_minutes == 5 else 5
    usual = {} if wishes.fields else {"occurred_at_ahead_minutes": minutes}
    asked(client.settings.update, usual, wishes)
    return Done(f"Changed {', '.join(wishes.fields or usual)}.", client.tenant.get().tenant.id)


def suspend(client: twh.Client, _: Wishes) -> Done:
    tenant = client.tenant.get().tenant.id
    operate("suspend", tenant)
    return Done("Suspended the tenant: its keys read only. To go on: twh trigger tenant.resumed", tenant)


def resume(client: twh.Client, _: Wishes) -> Done:
    tenant = client.tenant.get().tenant
    if tenant.state == "active":
        operate("suspend", tenant.id)
    operate("resume", tenant.id)
    return Done("Resumed the tenant: its keys work again.", tenant.id)


def close(client: twh.Client, _: Wishes) -> Done:
    session().confirm("Close this sandbox's tenant, for good?")
    tenant = client.tenant.get().tenant.id
    operate("close", tenant)
    return Done("Closed the tenant, and its feed to its keys. For a fresh one: twh sandbox reset", tenant)


# --- what they need ---


def asked(method: Callable[..., Any], usual: Mapping[str, Any], wishes: Wishes, *what: object) -> Any:
    """Call it with its usual fields, those that were wished for over them. Raises `WronglyTyped` for one that it has not."""
    known = {name for name, one in inspect.signature(method).parameters.items() if one.kind is one.KEYWORD_ONLY}
    known -= {"options", "if_match"}
    for name in wishes.fields:
        if name not in known:
            has = f"It has: {', '.join(sorted(known))}." if known else "It has none."
            raise WronglyTyped(f"What is triggered has no field {name!r}. {has}")
    return method(*what, **{**usual, **wishes.fields}, options=session().options)


def fresh_name() -> str:
    return "TRIGGER-" + "".join(secrets.choice(LETTERS) for _ in range(6))


def some_item(client: twh.Client) -> str:
    found = client.items.list().first()
    return (found or new_item(client)).sku


def some_location(client: twh.Client) -> str:
    found = client.locations.list().first()
    return (found or new_location(client)).code


def the_item(client: twh.Client, wishes: Wishes) -> models.Item:
    return client.items.get(wishes.item) if wishes.item else new_item(client)


def the_location(client: twh.Client, wishes: Wishes) -> models.Location:
    return client.locations.get(wishes.location) if wishes.location else new_location(client)


def new_item(client: twh.Client, reorder_point: Decimal | None = None) -> models.Item:
    return client.items.create(sku=fresh_name(), name="Made by twh trigger", reorder_point=reorder_point)


def new_location(client: twh.Client) -> models.Location:
    return client.locations.create(code=fresh_name(), name="Made by twh trigger")


def new_endpoint_fields() -> dict[str, Any]:
    return {"url": NOBODYS_URL, "kinds": NEVER_SENT, "description": "made by twh trigger"}


def wants_locations() -> dict[str, Any]:
    return {"kinds": ["location.created"], "description": "made by twh trigger"}


def held_replay(client: twh.Client, wishes: Wishes) -> ReplayJob:
    """A replay that stays as it is, since its endpoint is disabled."""
    endpoint = client.webhooks.create(url=NOBODYS_URL, **wants_locations())
    return replayed(client, client.webhooks.update(endpoint, enabled=False), wishes)


def replayed(client: twh.Client, endpoint: models.Endpoint | models.NewEndpoint, wishes: Wishes) -> ReplayJob:
    """A replay of one new location."""
    before = client.events.page(page_size=1).head
    new_location(client)
    usual = {"endpoint": endpoint, "which": "all", "first_sequence": before + 1}
    job: ReplayJob = asked(client.webhooks.replay, usual, wishes)
    return job


def new_key_fields() -> dict[str, Any]:
    return {"name": fresh_name(), "role": "viewer", "expires_at": datetime.now(UTC) + KEY_LIVES}


def operate(action: str, tenant: str) -> None:
    """What whoever runs a server does to a tenant, done to the sandbox of this machine that is asked."""
    if session().choices.dry_run:
        raise WronglyTyped(f"--dry-run shows requests, and this is none: it is `twh-server tenant {action} {tenant}`.")
    state = sandbox_here()
    ran = subprocess.run(
        [sys.executable, "-m", "twh_server", "tenant", action, tenant],
        env={**os.environ, "TWH_DATABASE_URL": state.database_url or ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip().splitlines() or ["it said nothing"]
        raise NoNews(f"`twh-server tenant {action}` did not work: {said[-1]}", hint="twh sandbox logs")


def sandbox_here() -> State:
    chosen = os.environ.get("TWH_DATA_DIR")
    for place in places(Path(chosen) if chosen else None):
        state = process.running(place)
        if state and state.address == session().to.base_url and state.database_url:
            return state
    raise SandboxNotRunning(
        "Only whoever runs a server does this to a tenant, and this server is no sandbox of this machine.",
        hint="twh sandbox up, then twh trigger with its profile; elsewhere: twh-server tenant suspend TENANT",
    )
