"""API keys over HTTP: a secret is told once, no key gives more than it has, and what was changed is on the record."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from twh_server.access.keys import BELIEVED_SECONDS
from twh_server.access.scopes import ROLES

KEYS = "/v1/api-keys"
TILL = {"name": "till 3", "scopes": ["stock:read", "stock:write"]}


def bearer(secret):
    return {"headers": {"Authorization": f"Bearer {secret}"}}


def in_a(**duration):
    return (datetime.now(UTC) + timedelta(**duration)).isoformat()


async def test_the_secret_works_and_is_told_at_creation_and_never_again(http, application):
    created = await http.post(KEYS, json=TILL)

    address, secret = created.headers["location"], created.json()["secret"]
    read = await http.get(address)
    listed = await http.get(KEYS)
    told = await http.get("/v1/events")
    whose = await application.get("/v1/tenant", **bearer(secret))
    assert created.status_code == 201
    assert secret.startswith("twh_test_")
    assert created.headers["etag"] == read.headers["etag"] == read.json()["etag"] == '"ak1"'
    assert read.json() == {name: value for name, value in created.json().items() if name != "secret"}
    assert [key["name"] for key in listed.json()["data"]] == ["tests", "till 3"]
    assert secret not in told.text + listed.text
    assert whose.json()["key"] == {
        "id": read.json()["id"],
        "name": "till 3",
        "role": None,
        "scopes": ["stock:read", "stock:write"],
        "expires_at": None,
        "last_used_at": None,
    }


async def test_a_retried_creation_tells_the_secret_again_and_keeps_it_sealed(http, superuser):
    headers = {"Idempotency-Key": "made-once"}

    first = await http.post(KEYS, json=TILL, headers=headers)
    again = await http.post(KEYS, json=TILL, headers=headers)
    record = await http.get("/v1/idempotency-keys/made-once")
    kept = await (await superuser.execute("select body from idempotency_keys where key = 'made-once'")).fetchall()

    assert (again.status_code, again.content) == (201, first.content)
    assert len((await http.get(KEYS)).json()["data"]) == 2
    assert first.json()["secret"] not in record.text + repr(kept)


async def test_a_key_with_a_role_may_what_the_role_means(http, application):
    created = (await http.post(KEYS, json={"name": "Ann", "role": "viewer"})).json()

    assert (created["role"], set(created["scopes"])) == ("viewer", ROLES["viewer"])
    assert (await application.get("/v1/items", **bearer(created["secret"]))).status_code == 200
    refused = await application.post("/v1/items", json={"sku": "x", "name": "x"}, **bearer(created["secret"]))
    assert refused.json()["scope"] == "items:write"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"name": "x"}, [("/scopes", "role_or_scopes")]),
        ({"name": "x", "role": "viewer", "scopes": ["stock:read"]}, [("/scopes", "role_or_scopes")]),
        ({"name": "x", "role": "king"}, [("/role", "unknown_role")]),
        (
            {"name": "x", "scopes": ["stock:steal", "stock:read", "x"], "expires_at": "2020-01-01T00:00:00Z"},
            [("/scopes/0", "unknown_scope"), ("/scopes/2", "unknown_scope"), ("/expires_at", "expires_in_the_past")],
        ),
    ],
)
async def test_everything_wrong_with_a_key_is_named_at_once(http, problem, body, wrong):
    errors = problem(await http.post(KEYS, json=body), 422, "invalid_api_key")["errors"]

    assert [(error["pointer"], error["code"]) for error in errors] == wrong


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"scopes": ["stock:read"]}, "/name"),
        ({**TILL, "name": ""}, "/name"),
        ({**TILL, "name": "x" * 256}, "/name"),
        ({"name": "x", "scopes": []}, "/scopes"),
        ({"name": "x", "scopes": "stock:read"}, "/scopes"),
        ({**TILL, "expires_at": 1_800_000_000}, "/expires_at"),
        ({**TILL, "secret": "twh_live_mine"}, "/secret"),
    ],
)
async def test_a_body_of_the_wrong_shape_says_where(http, problem, body, pointer):
    errors = problem(await http.post(KEYS, json=body), 400, "malformed_request")["errors"]

    assert [error["pointer"] for error in errors] == [pointer]


@pytest.mark.parametrize(
    ("granted", "missing"),
    [({"scopes": ["keys:read", "stock:force"]}, "stock:force"), ({"role": "viewer"}, "items:read")],
)
async def test_a_key_grants_nothing_that_it_has_not(application, key_with, problem, granted, missing):
    secret = await key_with(["keys:read", "keys:write"])

    refused = await application.post(KEYS, json={"name": "x", **granted}, **bearer(secret))

    assert problem(refused, 403, "scope_missing")["scope"] == missing


async def test_a_refused_grant_is_not_remembered_for_its_idempotency_key(http, application, key_with):
    secret, body = await key_with(["keys:write"]), {"name": "x", "scopes": ["stock:read"]}
    narrow = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "k"}

    assert (await application.post(KEYS, json=body, headers=narrow)).status_code == 403
    assert (await http.post(KEYS, json=body, headers={"Idempotency-Key": "k"})).status_code == 201


async def test_a_stronger_key_is_neither_rotated_nor_prolonged_and_may_be_revoked(http, application, key_with, problem):
    narrow = bearer(await key_with(["keys:write"]))
    address = (await http.post(KEYS, json=TILL)).headers["location"]

    for refused in (
        await application.post(f"{address}/rotate", json={}, **narrow),
        await application.patch(address, json={"expires_at": None}, **narrow),
    ):
        assert problem(refused, 403, "scope_missing")["scope"] == "stock:read"
    assert (await application.patch(address, json={"name": "x"}, **narrow)).status_code == 200
    assert (await application.post(f"{address}/revoke", **narrow)).status_code == 200


async def test_a_change_asks_for_the_version_that_was_read(http, problem):
    created = await http.post(KEYS, json=TILL)
    address, tag = created.headers["location"], created.headers["etag"]

    changed = await http.patch(address, json={"expires_at": in_a(days=1)}, headers={"If-Match": tag})
    stale = await http.patch(address, json={"name": "x"}, headers={"If-Match": tag})
    unchanged = await http.get(address, headers={"If-None-Match": changed.headers["etag"]})

    assert (changed.status_code, changed.json()["name"], changed.headers["etag"]) == (200, "till 3", '"ak2"')
    assert problem(stale, 412, "stale_version")["etag"] == '"ak2"'
    assert unchanged.status_code == 304


async def test_an_end_in_the_past_is_refused(http, problem):
    address = (await http.post(KEYS, json=TILL)).headers["location"]

    refused = problem(await http.patch(address, json={"expires_at": in_a(seconds=-1)}), 422, "invalid_api_key")

    assert [error["pointer"] for error in refused["errors"]] == ["/expires_at"]


async def test_a_rotated_key_works_beside_its_successor_until_it_ends(http, application, problem):
    old = (await http.post(KEYS, json=TILL)).json()

    rotated = await http.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_seconds": 1})
    new = rotated.json()
    both = [(await application.get("/v1/tenant", **bearer(key["secret"]))).json()["key"]["id"] for key in (old, new)]
    await asyncio.sleep(1.1)
    ended = await application.get("/v1/tenant", **bearer(old["secret"]))

    assert (rotated.status_code, rotated.headers["location"]) == (201, f"{KEYS}/{new['id']}")
    assert (new["name"], new["scopes"], new["expires_at"]) == (old["name"], old["scopes"], None)
    assert both == [old["id"], new["id"]]
    assert problem(ended, 401, "api_key_expired")["successor"] == new["id"]
    assert (await application.get("/v1/tenant", **bearer(new["secret"]))).status_code == 200


async def test_a_retried_rotation_makes_one_successor(http):
    old = (await http.post(KEYS, json=TILL)).json()
    rotate = f"{KEYS}/{old['id']}/rotate"

    first, again = [await http.post(rotate, json={}, headers={"Idempotency-Key": "r"}) for _ in range(2)]
    once_more = await http.post(rotate, json={})

    assert again.content == first.content
    assert (once_more.status_code, once_more.json()["code"]) == (409, "api_key_already_rotated")
    assert once_more.json()["successor"] == first.json()["id"]


@pytest.mark.parametrize("seconds", [-1, 604_801, "60", 1.5, None])
async def test_an_overlap_is_up_to_a_week_of_whole_seconds(http, problem, seconds):
    old = (await http.post(KEYS, json=TILL)).json()

    problem(await http.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_seconds": seconds}), 400, "malformed_request")


async def test_a_revoked_key_stops_and_stays_revoked(http, application, problem):
    key = (await http.post(KEYS, json=TILL)).json()
    address = f"{KEYS}/{key['id']}"

    first, again = await http.post(f"{address}/revoke"), await http.post(f"{address}/revoke")
    refused = await application.get("/v1/tenant", **bearer(key["secret"]))

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert first.json()["revoked_at"]
    problem(refused, 401, "api_key_revoked")
    for change in (await http.patch(address, json={"name": "x"}), await http.post(f"{address}/rotate", json={})):
        problem(change, 409, "api_key_ended")


async def test_a_key_that_was_just_used_stops_within_two_seconds(http, application):
    key = (await http.post(KEYS, json=TILL)).json()
    assert (await application.get("/v1/tenant", **bearer(key["secret"]))).status_code == 200

    await http.post(f"{KEYS}/{key['id']}/revoke")
    await asyncio.sleep(BELIEVED_SECONDS)

    assert (await application.get("/v1/tenant", **bearer(key["secret"]))).status_code == 401


async def test_what_was_done_to_keys_is_told_with_who_did_it_and_what_was_before(http, shop):
    key = (await http.post(KEYS, json=TILL)).json()
    address = f"{KEYS}/{key['id']}"
    await http.patch(address, json={"name": "till 4"})
    new = (await http.post(f"{address}/rotate", json={"overlap_seconds": 0})).json()
    await http.post(f"{KEYS}/{new['id']}/revoke")
    await http.post(f"{KEYS}/{new['id']}/revoke")

    events = (await http.get("/v1/events")).json()["data"]

    told = [(event["type"], event["data"]["id"], sorted(event.get("previous", {}))) for event in events]
    assert told == [
        ("key.created", key["id"], []),
        ("key.updated", key["id"], ["name"]),
        ("key.rotated", key["id"], ["expires_at", "successor"]),
        ("key.created", new["id"], []),
        ("key.revoked", new["id"], ["revoked_at"]),
    ]
    assert {event["actor"]["name"] for event in events} == {"tests"}
    assert events[1]["previous"] == {"name": "till 3"}
    assert events[2]["data"]["successor"] == new["id"]


async def test_keys_are_listed_page_by_page_and_only_the_tenants_own(http, other_shop):
    made = [(await http.post(KEYS, json=TILL)).json()["id"] for _ in range(3)]

    first = (await http.get(KEYS, params={"limit": 2})).json()
    second = (await http.get(KEYS, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    theirs = (await http.get(KEYS, headers=other_shop.headers)).json()

    assert [key["id"] for key in first["data"] + second["data"]][1:] == made
    assert second["next_cursor"] is None
    assert not {key["id"] for key in theirs["data"]} & set(made)
