"""Settings over HTTP: read with a tag, changed at a version, and obeyed by what is recorded next."""

import pytest

DEFAULTS = {
    "occurred_at_back_days": None,
    "occurred_at_ahead_minutes": 5,
    "oversell": False,
    "adjustment_reasons": [],
    "reason_required": [],
    "idempotency_key_days": 7,
    "event_days": None,
    "version": 0,
    "etag": '"se0"',
    "updated_at": None,
}


async def test_a_sandbox_begins_with_the_defaults(http, stockroom):
    answer = await http.get("/v1/settings")

    assert answer.json() == DEFAULTS
    assert answer.headers["etag"] == '"se0"'
    assert (await http.get("/v1/settings", headers={"If-None-Match": '"se0"'})).status_code == 304


async def test_what_is_left_out_stays_and_null_restores(http, stockroom):
    changed = await http.patch("/v1/settings", json={"oversell": True, "idempotency_key_days": 3})
    restored = await http.patch("/v1/settings", json={"oversell": None})

    assert changed.json() == (await http.get("/v1/settings")).json() | {
        "oversell": True,
        "version": 1,
        "etag": '"se1"',
        "updated_at": changed.json()["updated_at"],
    }
    assert (restored.json()["oversell"], restored.json()["idempotency_key_days"]) == (False, 3)
    assert (await http.get("/v1/settings")).json() == restored.json()


async def test_a_change_is_made_at_the_version_that_was_read(http, stockroom, problem):
    made = await http.patch("/v1/settings", json={"oversell": True}, headers={"If-Match": '"se0"'})
    stale = await http.patch("/v1/settings", json={"oversell": False}, headers={"If-Match": '"se0"'})

    assert (made.status_code, made.headers["etag"]) == (200, '"se1"')
    assert problem(stale, 412, "stale_version")["etag"] == '"se1"' == stale.headers["etag"]


async def test_a_retried_change_is_answered_with_the_same_bytes(http, stockroom):
    headers = {"Idempotency-Key": "k", "If-Match": '"se0"'}
    first = await http.patch("/v1/settings", json={"oversell": True}, headers=headers)
    again = await http.patch("/v1/settings", json={"oversell": True}, headers=headers)

    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"


OUT_OF_BOUNDS = [
    {"occurred_at_back_days": -1},
    {"occurred_at_back_days": 3651},
    {"occurred_at_back_days": 7.5},
    {"occurred_at_back_days": "7"},
    {"occurred_at_ahead_minutes": 1441},
    {"oversell": 1},
    {"adjustment_reasons": ["x"] * 101},
    {"adjustment_reasons": [""]},
    {"adjustment_reasons": ["x" * 65]},
    {"adjustment_reasons": "damaged"},
    {"reason_required": ["theft"]},
    {"idempotency_key_days": 0},
    {"idempotency_key_days": 31},
    {"event_days": 6},
    {"event_days": 3651},
    {"currency": "EUR"},
]


@pytest.mark.parametrize("body", OUT_OF_BOUNDS, ids=str)
async def test_what_is_out_of_bounds_is_refused_where_it_stands(http, stockroom, body, problem):
    refused = problem(await http.patch("/v1/settings", json=body), 400, "malformed_request")

    assert all(error["pointer"].startswith(f"/{next(iter(body))}") for error in refused["errors"])
    assert (await http.get("/v1/settings")).json() == DEFAULTS


AT_THE_BOUNDS = [
    {"occurred_at_back_days": 0, "occurred_at_ahead_minutes": 0, "idempotency_key_days": 1},
    {"occurred_at_back_days": 3650, "occurred_at_ahead_minutes": 1440, "idempotency_key_days": 30},
    {"adjustment_reasons": [f"{number:064}" for number in range(100)], "reason_required": ["reversal", "count"]},
]


@pytest.mark.parametrize("body", AT_THE_BOUNDS, ids=["least", "most", "longest"])
async def test_what_is_at_its_bounds_is_taken(http, stockroom, body):
    answer = await http.patch("/v1/settings", json=body)

    assert answer.status_code == 200
    assert body.items() <= answer.json().items()


async def test_an_unknown_reason_is_refused_with_those_that_there_are(http, stockroom, problem):
    await http.patch("/v1/settings", json={"adjustment_reasons": ["damaged", "stolen"]})
    body = {"kind": "adjustment", "reason": "x", "lines": [{"item": "apples", "location": "MAIN", "quantity": "1"}]}
    refused = problem(
        await http.post("/v1/movements", json=body, headers={"Idempotency-Key": "k"}), 422, "reason_unknown"
    )

    assert refused["errors"] == [
        {
            "pointer": "/reason",
            "code": "reason_unknown",
            "message": "The reason of an adjustment is one of damaged, stolen.",
        }
    ]
