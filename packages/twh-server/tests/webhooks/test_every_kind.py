"""Every kind of event is made to happen, once at least, by what makes it happen; each is what the catalogue promises of it."""

from datetime import timedelta
from uuid import uuid4

import jsonschema_rs
import pytest
from promised import all_kept, kept

from twh_server.events import feed
from twh_server.events.kinds import KINDS
from twh_server.tenancy.lifecycle import ChangeState
from twh_server.webhooks.replaying import Replayer


@pytest.fixture
def ask(http):
    """`ask("POST", "/v1/…", **body)` answers what came of it."""

    async def ask(method, path, **body):
        key = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        answer = await http.request(method, path, json=body or None, headers=key)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    return ask


async def catalogue_and_stock(ask):
    await ask("POST", "/v1/locations", code="MAIN", name="Main")
    await ask("POST", "/v1/items", sku="apples", name="Apples", reorder_point="2", tags=["fruit"])
    for kind, quantity in (("receipt", "3"), ("issue", "2")):
        lines = [{"item": "apples", "location": "MAIN", "quantity": quantity}]
        entry = await ask("POST", "/v1/movements", kind=kind, lines=lines, reference={"type": "order", "id": "PO-77"})
    await ask("POST", f"/v1/entries/{entry['id']}/reverse", reason="wrong bin")
    await ask("POST", "/v1/locations", code="OLD", name="Old", parent="MAIN")
    for thing in ("items/apples", "locations/OLD"):
        await ask("PATCH", f"/v1/{thing}", name="Another name")
    await ask("POST", "/v1/items", sku="pears", name="Pears")
    for thing in ("items/pears", "locations/OLD"):
        await ask("POST", f"/v1/{thing}/archive")
        await ask("POST", f"/v1/{thing}/restore")


async def settings_and_keys(ask):
    await ask("PATCH", "/v1/settings", oversell=True, adjustment_reasons=["damaged"])
    made = await ask("POST", "/v1/api-keys", name="till", scopes=["stock:read"])
    await ask("PATCH", f"/v1/api-keys/{made['id']}", name="Till 2")
    new = await ask("POST", f"/v1/api-keys/{made['id']}/rotate", overlap_seconds=60)
    await ask("POST", f"/v1/api-keys/{new['id']}/revoke")


async def endpoints_and_replays(ask, webhooks):
    endpoint = await ask("POST", "/v1/webhook-endpoints", url="https://example.com/hook", kinds=["key.created"])
    here = f"/v1/webhook-endpoints/{endpoint['id']}"
    await ask("PATCH", here, description="Shop front", enabled=False)
    await ask("POST", f"{here}/rotate-secret", overlap_seconds=60)
    waiting = await ask("POST", "/v1/replays", which="all", endpoint=endpoint["id"], first_sequence=1)
    for turn in ("cancel", "resume", "cancel"):
        await ask("POST", f"/v1/replays/{waiting['id']}/{turn}")
    await ask("POST", "/v1/replays", which="failed", first_sequence=1)
    replayer = Replayer(webhooks.database, webhooks.writer, queued=lambda: None, clock=webhooks.clock)
    while await replayer.step():
        webhooks.ahead += timedelta(seconds=1)
    await ask("DELETE", here)


async def failing_for_days(webhooks, receiver):
    receiver.answer = receiver.say(500)
    await webhooks.create(receiver.url, kinds=["location.created"])
    for days in (0, 3, 6):
        webhooks.ahead += timedelta(days=days)
        await webhooks.happen(f"AFTER-{days}")
        await webhooks.fan_out()
        await webhooks.attempt_all()
        webhooks.ahead += timedelta(seconds=70)
        await webhooks.watch.look()


@pytest.fixture
async def happened(ask, webhooks, receiver):
    """A tenant that lived through everything, its end included."""
    await catalogue_and_stock(ask)
    await settings_and_keys(ask)
    await endpoints_and_replays(ask, webhooks)
    await failing_for_days(webhooks, receiver)
    for state in ("suspended", "active", "closed"):
        await webhooks.submit(ChangeState(to=state))


async def test_every_kind_happens_and_is_what_is_promised_in_every_form(happened, database, shop):
    kinds = await all_kept(database, shop.tenant)

    assert sorted(KINDS.keys() - kinds) == [], "Make these happen, too"


async def test_what_is_not_promised_is_found(ask, database, shop):
    await ask("POST", "/v1/items", sku="apples", name="Apples")
    (stored,) = (await feed.read(database, shop.tenant, after=None)).bodies[-1:]

    assert kept(bytes(stored), shop.tenant) == "item.created"
    for place in (b'{"id":', b'"data":{', b'"actor":{'):
        told = bytes(stored).replace(place, place.replace(b"{", b'{"secret":1,'), 1)
        with pytest.raises(jsonschema_rs.ValidationError):
            kept(told, shop.tenant)
