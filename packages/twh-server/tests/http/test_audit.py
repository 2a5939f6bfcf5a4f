"""The audit log over HTTP: the sealed events of changes, as their bytes, found by who, what and when."""

from datetime import timedelta

import pytest

from twh_server.database.identifiers import KEY, TENANT
from twh_server.ledger.verify import verify


@pytest.fixture
async def changed(http, stockroom):
    """A tenant that changed its settings three times, forced an issue and reversed a receipt. Numbers 5 to 10."""
    await http.patch("/v1/settings", json={"oversell": True})
    receipt = await over_http(http, "receipt", "5")
    await http.patch("/v1/settings", json={"oversell": False, "idempotency_key_days": 3})
    await over_http(http, "issue", "9", force=True)
    await http.post(
        f"/v1/entries/{receipt['id']}/reverse",
        json={"force": True, "reason": "twice"},
        headers={"Idempotency-Key": "r"},
    )
    await http.patch("/v1/settings", json={"oversell": None, "idempotency_key_days": None})
    return http


async def over_http(http, kind, quantity, **more):
    body = {"kind": kind, "lines": [{"item": "apples", "location": "MAIN", "quantity": quantity}], **more}
    return (await http.post("/v1/movements", json=body, headers={"Idempotency-Key": f"{kind}{quantity}"})).json()


async def log(http, **parameters):
    answer = await http.get("/v1/audit-log", params={"limit": 200, **parameters})
    assert answer.status_code == 200
    return [one for one in answer.json()["data"] if one["sequence"] > 4]


def numbers(changes):
    return [change["sequence"] for change in changes]


async def test_changes_are_told_newest_first_as_the_bytes_that_were_sealed(changed, stockroom):
    stored = await stockroom.rows(
        "select body from events where tenant_id = %(tenant)s and subject is not null order by sequence desc"
    )
    answer = await changed.get("/v1/audit-log?limit=200")

    assert answer.content == b'{"data":[' + b",".join(body.encode() for (body,) in stored) + b'],"next_cursor":null}'
    assert numbers(await log(changed)) == [10, 9, 8, 7, 5]


async def test_a_change_says_who_what_and_how_it_was(changed, shop):
    change = (await log(changed))[2 + 1]

    assert change["type"] == "settings.updated"
    assert change["actor"] == {"key": KEY.text(shop.key), "name": "tests"}
    assert change["subject"] == TENANT.text(shop.tenant)
    assert change["previous"] == {"oversell": True, "idempotency_key_days": 7}
    assert (change["data"]["oversell"], change["data"]["idempotency_key_days"]) == (False, 3)


async def test_of_entries_the_forced_ones_and_the_reversals_are_told(changed):
    entries = await log(changed, kind="entry.recorded")

    assert [(entry["data"]["kind"], entry["data"]["forced"]) for entry in entries] == [
        ("reversal", True),
        ("issue", True),
    ]
    assert [entry["subject"] for entry in entries] == [entry["data"]["id"] for entry in entries]


async def test_changes_are_found_by_what_was_changed(changed, shop):
    reversal = (await log(changed))[1]

    assert numbers(await log(changed, subject=reversal["subject"])) == [9]
    assert numbers(await log(changed, subject=TENANT.text(shop.tenant))) == [10, 7, 5]


async def test_changes_are_found_by_who_made_them(changed, shop, key_with, application):
    secret = await key_with(["settings:write"])
    other = {"Authorization": f"Bearer {secret}"}
    made = await application.patch("/v1/settings", json={"oversell": True}, headers=other)
    mine = await log(changed, actor=KEY.text(shop.key))
    (theirs,) = [one for one in await log(changed) if one["actor"]["name"] == "narrow"]

    assert made.status_code == 200
    assert numbers(mine) == [10, 9, 8, 7, 5]
    assert numbers(await log(changed, actor=theirs["actor"]["key"])) == [11]


async def test_changes_are_found_by_their_time(changed):
    times = {change["sequence"]: change["timestamp"] for change in await log(changed)}

    assert numbers(await log(changed, since=times[8])) == [10, 9, 8]
    assert numbers(await log(changed, until=times[8])) == [7, 5]
    assert numbers(await log(changed, since=times[7], until=times[9])) == [8, 7]
    assert numbers(await log(changed, since="9999-12-31T23:59:59Z")) == []
    assert numbers(await log(changed, until="9999-12-31T23:59:59.999999Z")) == [10, 9, 8, 7, 5]
    assert numbers(await log(changed, until="0001-01-01T00:00:00Z")) == []


@pytest.mark.parametrize(
    "filters", [{"kind": "item.eaten"}, {"subject": "itm_x"}, {"subject": "x"}, {"actor": "key_x"}]
)
async def test_what_nobody_changed_is_not_found(changed, filters):
    assert await log(changed, **filters) == []


async def test_pages_tell_every_change_once(changed):
    seen, cursor = [], {}
    while cursor is not None:
        page = (await changed.get("/v1/audit-log", params={"limit": 2, **cursor})).json()
        seen += numbers(page["data"])
        cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}

    assert [number for number in seen if number > 4] == [10, 9, 8, 7, 5]
    assert seen == sorted(set(seen), reverse=True)


async def test_what_the_log_tells_is_verified(changed, database, shop):
    assert (await verify(database, shop.tenant)).ok


async def test_changes_between_two_moments_of_one_batch_are_not_lost(changed, stockroom):
    last = (await log(changed))[0]
    entry = await stockroom.issue("apples", 1, force=True)
    until = (entry.recorded_at + timedelta(microseconds=1)).isoformat()

    assert numbers(await log(changed, since=entry.recorded_at.isoformat(), until=until)) == [entry.sequence]
    assert entry.sequence == last["sequence"] + 1
