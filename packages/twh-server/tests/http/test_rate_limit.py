"""A key that asks too often is told so before anything else of its request is looked at, and nothing is remembered."""

import re

import httpx
import pytest

from twh_server.access.rates import Buckets, Rate
from twh_server.access.sealing import Sealer
from twh_server.app import build, open_rooms
from twh_server.events.bell import Bell

FORM = re.compile(r'"default";r=(\d+);t=(\d+)')


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def narrow(database, shop, clock):
    """An application that allows a key three requests in thirty seconds."""
    app = build(
        open_rooms(database, Bell(), Sealer(bytes(32)), rates=Buckets(Rate(requests=3, seconds=30), clock=clock))
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://twh.test", headers=shop.headers
    ) as client:
        yield client


async def test_a_request_too_many_is_429_and_says_when_to_come_back(narrow, clock, problem):
    answers = [await narrow.get("/v1/items") for _ in range(4)]

    body = problem(answers[-1], 429, "rate_limited")
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["retry-after"] == "10"
    assert (body["requests"], body["window_seconds"], body["retry_after_seconds"]) == (3, 30, 10)
    clock.now += 10
    assert (await narrow.get("/v1/items")).status_code == 200


async def test_every_answer_to_a_key_says_how_it_stands(narrow, problem):
    answers = [
        await narrow.get("/v1/items"),
        await narrow.get("/v1/items?nonsense=1"),
        await narrow.get("/v1/items/nothing"),
        await narrow.get("/v1/items"),
    ]

    assert [answer.status_code for answer in answers] == [200, 400, 404, 429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"default";q=3;w=30'}
    assert [FORM.fullmatch(answer.headers["ratelimit"]).groups() for answer in answers] == [
        ("2", "10"),
        ("1", "20"),
        ("0", "30"),
        ("0", "30"),
    ]


async def test_whoever_has_no_key_is_not_told_and_not_counted(narrow, shop):
    strangers = [await narrow.get("/v1/items", headers={"Authorization": "Bearer nothing"}) for _ in range(5)]

    assert {answer.status_code for answer in strangers} == {401}
    assert not [answer for answer in strangers if "ratelimit" in answer.headers]
    assert (await narrow.get("/v1/items")).status_code == 200


async def test_it_comes_before_scope_and_shape(narrow, database, key_with, problem):
    weak = {"Authorization": f"Bearer {await key_with(['items:read'])}"}
    refused = [await narrow.post("/v1/items", content=b"{", headers=weak) for _ in range(4)]

    assert [answer.status_code for answer in refused] == [403, 403, 403, 429]
    assert refused[0].headers["ratelimit"] == '"default";r=2;t=10'


async def test_a_refused_attempt_is_not_remembered_for_its_key(narrow, clock):
    key = {"Idempotency-Key": "once"}
    item = {"sku": "plums", "name": "Plums"}
    for _ in range(3):
        await narrow.get("/v1/items")
    refused = await narrow.post("/v1/items", json=item, headers=key)
    clock.now += 30
    created = await narrow.post("/v1/items", json=item, headers=key)
    again = await narrow.post("/v1/items", json=item, headers=key)

    assert (refused.status_code, created.status_code, again.status_code) == (429, 201, 201)
    assert "idempotent-replayed" not in created.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["ratelimit"] != created.headers["ratelimit"]


async def test_another_key_of_the_tenant_has_a_bucket_of_its_own(narrow, key_with):
    for _ in range(4):
        await narrow.get("/v1/items")
    other = await narrow.get("/v1/items", headers={"Authorization": f"Bearer {await key_with(['items:read'])}"})

    assert other.status_code == 200


async def test_without_a_limit_nothing_is_said(database, shop):
    app = build(open_rooms(database, Bell(), Sealer(bytes(32))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://twh.test") as client:
        answer = await client.get("/v1/items", headers=shop.headers)

    assert answer.status_code == 200
    assert "ratelimit" not in answer.headers
    assert "ratelimit-policy" not in answer.headers
