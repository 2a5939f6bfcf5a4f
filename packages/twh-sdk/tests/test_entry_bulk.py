"""Batches of entries: each row has a key that stays the same, its result is an entry or an error, and memory stays small."""

import json
import pickle
from decimal import Decimal

import pytest

from twh import errors

BATCH = "/v1/movements/batch"
PROBLEM = {
    "type": "/docs/problems#insufficient_stock",
    "title": "There is not enough stock to take",
    "status": 409,
    "detail": "Only 1 of A at B is available; 3 was asked for.",
    "code": "insufficient_stock",
    "request_id": "req_1",
    "available": "1",
    "requested": "3",
}
AWAY = {**PROBLEM, "status": 503, "code": "unavailable"}


def entries(count, **more):
    for number in range(count):
        yield {"kind": "receipt", "lines": [{"item": f"SKU-{number}", "location": "B", "quantity": 1}], **more}


def results(server, *statuses):
    """What the server says of rows with these statuses."""
    rows = [
        {
            "status": one,
            "idempotency_key": f"key-{number}",
            "replayed": False,
            **({"problem": AWAY if one == 503 else {**PROBLEM, "status": one}} if one >= 400 else {}),
        }
        for number, one in enumerate(statuses)
    ]
    counts = {
        "recorded": statuses.count(201),
        "unchanged": statuses.count(204),
        "refused": sum(400 <= one < 500 for one in statuses),
        "failed": sum(one >= 500 for one in statuses),
        "replayed": 0,
    }
    return server.answer(200, {"results": rows, **counts})


def keys_of(asked):
    return [row["idempotency_key"] for row in asked.json["entries"]]


def test_a_row_is_the_bytes_that_it_would_be_alone(server):
    line = {"item": "Ä", "location": "B", "quantity": Decimal("2.50"), "expected": {"version": 3}}
    server.will(results(server, 201), server.answer(204))
    said = {"reason": "why", "reference": "PO-1", "occurred_at": "2026-05-10T12:00:00Z"}
    server.client().movements.batch([{"kind": "count", "lines": [line], "record_unchanged": True, **said}])
    server.client().movements.count(lines=[line], record_unchanged=True, **said)

    assert server.asked[1].body in server.asked[0].body


def test_what_became_of_a_row_is_an_entry_or_an_error_that_was_not_raised(server):
    server.will(results(server, 204, 409))
    answer = server.client().movements.batch(entries(2))
    unchanged, refused = answer.results

    assert (unchanged.entry, unchanged.error, answer.unchanged) == (None, None, 1)
    assert isinstance(refused.error, errors.InsufficientStock)
    assert (refused.error.available, refused.error.requested) == (Decimal(1), Decimal(3))
    assert (refused.error.idempotency_key, refused.error.request_id) == ("key-1", "req_1")
    assert pickle.loads(pickle.dumps(refused.error)).available == Decimal(1)


def test_a_row_without_a_key_gets_that_of_the_run_and_its_number(server):
    server.will(results(server, 201, 201))
    server.client().movements.batch([*entries(1), *entries(1, idempotency_key="mine")])
    fresh, mine = keys_of(server.asked[0])

    assert mine == "mine"
    assert fresh == f"{server.asked[0].key}-1"


@pytest.mark.parametrize("method", ["batch", "record_many"])
def test_a_run_whose_answer_is_lost_can_be_settled_with_the_key_that_is_raised(server, method):
    server.will(server.lose)
    with pytest.raises(errors.OutcomeUnknown) as unknown:
        getattr(server.client(deadline=0.2).movements, method)(entries(2))
    server.will(results(server, 201, 201))
    options = {"idempotency_key": unknown.value.idempotency_key}
    getattr(server.client().movements, method)(entries(2), options=options)

    assert server.asked[-1].body == server.asked[0].body


def test_a_lost_answer_is_asked_for_again_with_the_same_keys(server):
    server.will(server.lose, results(server, 201, 201))
    server.client().movements.batch(entries(2))
    lost, heard = server.asked

    assert heard.body == lost.body


def test_many_entries_go_in_batches_under_numbered_keys(server):
    server.will(results(server, 201, 409), results(server, 204, 500), results(server, 201))
    seen = []
    came = server.client().movements.record_many(
        entries(5), batch_size=2, each=lambda answer: seen.append(answer.recorded), options={"idempotency_key": "run"}
    )

    assert [keys_of(asked) for asked in server.asked] == [["run-1", "run-2"], ["run-3", "run-4"], ["run-5"]]
    assert (came.entries, came.recorded, came.unchanged, came.refused, came.failed) == (5, 2, 1, 1, 1)
    assert [(one.number, type(one.error)) for one in came.refusals] == [
        (1, errors.InsufficientStock),
        (3, errors.InsufficientStock),
    ]
    assert seen == [1, 0, 1]


async def test_many_entries_go_in_batches_when_awaited(server):
    server.will(results(server, 201, 201), results(server, 201))
    async with server.async_client() as client:
        came = await client.movements.record_many(entries(3), batch_size=2)
    keys = [key for asked in server.asked for key in keys_of(asked)]

    assert (came.recorded, len(set(keys))) == (3, 3)


def test_rows_that_could_not_be_carried_out_are_sent_again_with_their_keys(server):
    server.will(results(server, 201, 503, 503), results(server, 201, 503), results(server, 409))
    seen = []
    came = server.client().movements.record_many(entries(3), each=seen.append, options={"idempotency_key": "run"})

    assert [keys_of(asked) for asked in server.asked] == [["run-1", "run-2", "run-3"], ["run-2", "run-3"], ["run-3"]]
    assert (came.recorded, came.refused, came.failed) == (2, 1, 0)
    assert [[row.status for row in answer.results] for answer in seen] == [[201, 201, 409]]


def test_when_no_row_can_be_carried_out_it_is_told(server):
    server.will(results(server, 201, 503), server.problem(503, "unavailable"))
    with pytest.raises(errors.OutcomeUnknown):
        server.client(deadline=0.5).movements.record_many(entries(2))


def test_entries_are_taken_only_as_they_are_sent(server):
    server.will(results(server, 201, 201))
    taken = []

    def endless():
        for entry in entries(10**9):
            taken.append(entry)
            yield entry

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        server.client().movements.record_many(endless(), batch_size=2, each=stop)
    assert len(taken) == 3


def test_a_batch_of_large_entries_is_cut_before_it_is_too_large(server):
    server.will(results(server, 201, 201), results(server, 201))
    server.client().movements.record_many(entries(3, reason="x" * 1_500_000))

    assert [len(keys_of(asked)) for asked in server.asked] == [2, 1]


@pytest.mark.parametrize("size", [0, 1_001])
def test_a_batch_has_a_size_that_the_server_takes(server, size):
    with pytest.raises(ValueError, match="batch_size"):
        server.client().movements.record_many([], batch_size=size)


def test_many_entries_have_no_one_raw_answer(server):
    with pytest.raises(TypeError, match="without with_raw"):
        server.client().with_raw.movements.record_many([])


def test_what_is_said_of_an_entry_that_the_sdk_does_not_know_is_sent_as_it_is(server):
    server.will(results(server, 201))
    server.client().movements.batch(entries(1, colour="red"))

    assert json.loads(server.asked[0].body)["entries"][0]["entry"]["colour"] == "red"
