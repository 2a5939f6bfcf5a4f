"""`/v1/replays` and the retry of one delivery, as HTTP tells them; what they do is tested in tests/webhooks."""

import pytest

from twh_server.http import replays as http_replays


@pytest.fixture
async def delivery(http, things):
    return (await http.get(f"/v1/deliveries/{things['delivery']}")).json()


async def test_a_dry_run_tells_the_number_and_starts_nothing(http, delivery):
    before = (await http.get("/v1/replays")).json()["data"]

    plan = await http.post("/v1/replays", json={"dry_run": True, "endpoint": delivery["endpoint"]})

    assert (plan.status_code, plan.json()["total"], plan.json()["first_sequence"]) == (200, 1, 1)
    assert (await http.get("/v1/replays")).json()["data"] == before


async def test_a_retry_is_a_replay_of_one(http, delivery):
    answer = await http.post(f"/v1/deliveries/{delivery['id']}/retry")

    replay = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/replays/{replay['id']}")
    assert (replay["deliveries"], replay["total"], replay["state"]) == ([delivery["id"]], 1, "running")
    assert (await http.get(f"/v1/replays/{replay['id']}")).json() == replay


async def test_what_an_endpoint_that_is_deleted_had_is_not_sent_again(http, delivery, problem):
    await http.delete(f"/v1/webhook-endpoints/{delivery['endpoint']}")

    refused = await http.post(f"/v1/deliveries/{delivery['id']}/retry")

    assert problem(refused, 404, "endpoint_not_found")["endpoint"] == delivery["endpoint"]


async def test_deliveries_are_named(http, delivery):
    body = {"deliveries": [delivery["id"], delivery["id"]], "dry_run": True}

    assert (await http.post("/v1/replays", json=body)).json()["total"] == 1


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"endpoint": "whe_nonsense"}, ["/endpoint"]),
        ({"types": ["stock.low", "stock.lower"]}, ["/types/1"]),
        ({"which": "all"}, ["/first_sequence"]),
        ({"which": "unacknowledged", "until": None}, ["/first_sequence"]),
        ({"deliveries": ["dlv_nonsense"]}, ["/deliveries/0"]),
        ({"deliveries": ["dlv_nonsense"], "which": "all", "since": "2026-05-10T12:00:00Z"}, ["/since", "/which"]),
    ],
)
async def test_what_makes_no_sense_is_named(http, things, problem, body, pointers):
    refused = await http.post("/v1/replays", json={**body, "dry_run": True})

    assert [error["pointer"] for error in problem(refused, 422, "invalid_replay")["errors"]] == pointers


async def test_a_part_of_the_feed_may_be_too_wide(http, things, problem, monkeypatch):
    monkeypatch.setattr(http_replays, "JUDGED_MAX", 3)
    body = {"which": "all", "endpoint": things["endpoint"], "dry_run": True, "first_sequence": 1}

    refused = await http.post("/v1/replays", json={**body, "last_sequence": 4})

    assert problem(refused, 422)["errors"][0]["code"] == "window_too_wide"
    assert (await http.post("/v1/replays", json={**body, "last_sequence": 3})).status_code == 200


async def test_a_replay_is_cancelled_and_resumed(http, things):
    cancelled = await http.post(f"/v1/replays/{things['replay']}/cancel")
    running = (await http.get("/v1/replays?state=running")).json()["data"]
    resumed = await http.post(f"/v1/replays/{things['replay']}/resume")

    assert (cancelled.json()["state"], running, resumed.json()["state"]) == ("cancelled", [], "running")


async def test_deliveries_are_found_by_time_type_and_replay(http, delivery):
    event = (await http.get(f"/v1/events/{delivery['event']}")).json()

    async def found(**wanted):
        return [one["id"] for one in (await http.get("/v1/deliveries", params=wanted)).json()["data"]]

    assert await found(since=event["timestamp"]) == [delivery["id"]]
    assert await found(until=event["timestamp"]) == []
    assert await found(types="entry.recorded,stock.low", state="failed") == [delivery["id"]]
    assert await found(types="stock.low") == []
    assert await found(replay="job_nonsense") == []
    assert await found(since="2099-01-01T00:00:00Z") == []
