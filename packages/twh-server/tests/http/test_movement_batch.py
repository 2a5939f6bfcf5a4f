"""The batch of entries over HTTP: each row is the request that it would have been alone, with its own key and answer."""

import json

import pytest

from twh_server.http import movement_batch
from twh_server.journal import writer

BATCH = "/v1/movements/batch"
JSON = {"Content-Type": "application/json"}


def row(key, kind="receipt", quantity="1", **more):
    line = {"item": "apples", "location": "MAIN", "quantity": quantity}
    return {"idempotency_key": key, "entry": {"kind": kind, "lines": [line], **more}}


@pytest.fixture
def send(http, stockroom):
    """Send rows, and answer the answer."""

    async def send(*rows):
        return await http.post(BATCH, json={"entries": rows})

    return send


@pytest.fixture
def alone(http, stockroom):
    """Send a row as the request that it would be alone."""

    async def alone(row):
        # Written as httpx writes JSON: a key stands for bytes.
        return await http.post("/v1/movements", json=row["entry"], headers={"Idempotency-Key": row["idempotency_key"]})

    return alone


async def test_each_row_is_answered_as_it_would_have_been_alone(send, key_with, application):
    answer = (
        await send(
            row("a", quantity="5"),
            row("b", "issue", "9"),
            row("c", "issue", "2"),
            row("d", "count", "3"),
            row("e", "nonsense", "0"),
            row("f", colour="red"),
            {"idempotency_key": "g", "entry": None},
        )
    ).json()
    results = answer["results"]

    assert [one["status"] for one in results] == [201, 409, 201, 204, 422, 400, 400]
    assert [one["idempotency_key"] for one in results] == list("abcdefg")
    assert results[2]["entry"]["movements"][0]["on_hand_after"] == "3"
    assert set(results[3]) == {"status", "idempotency_key", "replayed"}
    assert [error["pointer"] for error in results[4]["problem"]["errors"]] == ["/lines/0/quantity", "/kind"][::-1]
    assert results[5]["problem"]["errors"][0]["pointer"] == "/colour"
    counts = {name: answer[name] for name in ("recorded", "unchanged", "refused", "failed", "replayed")}
    assert counts == {"recorded": 2, "unchanged": 1, "refused": 4, "failed": 0, "replayed": 0}


async def test_a_row_sent_again_alone_is_answered_with_the_same_bytes(send, alone):
    rows = [row("a", quantity="5"), row("b", "issue", "9"), row("c", "count", "5")]
    told = (await send(*rows)).content
    for one, result in zip(rows, json.loads(told)["results"], strict=True):
        again = await alone(one)
        assert again.status_code == result["status"]
        assert again.headers["idempotent-replayed"] == "true"
        assert again.content in told


async def test_what_was_sent_alone_is_answered_to_a_row_with_the_same_bytes(send, alone):
    first = await alone(row("a", quantity="5"))
    answer = await send(row("a", quantity="5"), row("b"))

    assert first.content in answer.content
    assert [one["replayed"] for one in answer.json()["results"]] == [True, False]
    assert (answer.json()["recorded"], answer.json()["replayed"]) == (2, 1)


async def test_a_batch_sent_again_records_nothing_twice(send, stockroom):
    rows = [row(f"key-{number}") for number in range(250)]
    first, again = (await send(*rows)).json(), (await send(*rows)).json()

    assert [one["entry"] for one in again["results"]] == [one["entry"] for one in first["results"]]
    assert (first["replayed"], again["replayed"]) == (0, 250)
    assert await stockroom.on_hand("apples") == "250"


async def test_a_key_that_stands_twice_in_a_batch_is_one_request(send, stockroom):
    results = (await send(row("a"), row("a"), row("a", quantity="2"))).json()["results"]

    assert [one["status"] for one in results] == [201, 201, 422]
    assert results[1]["entry"] == results[0]["entry"]
    assert [one["replayed"] for one in results] == [False, True, False]
    assert results[2]["problem"]["code"] == "idempotency_key_reused"
    assert await stockroom.on_hand("apples") == "1"


async def test_rows_are_recorded_in_their_order(send):
    kinds = ["receipt", "issue"] * 300
    answer = (await send(*(row(f"key-{number}", kind) for number, kind in enumerate(kinds)))).json()
    sequences = [one["entry"]["sequence"] for one in answer["results"]]

    assert answer["recorded"] == 600
    assert sequences == sorted(sequences)


async def test_a_row_that_forces_needs_a_key_that_may(application, stockroom, key_with):
    secret = await key_with(["stock:write"])
    answer = await application.post(
        BATCH,
        json={"entries": [row("a", "issue", force=True), row("b")]},
        headers={"Authorization": f"Bearer {secret}"},
    )

    assert [one["status"] for one in answer.json()["results"]] == [403, 201]
    assert answer.json()["results"][0]["problem"]["scope"] == "stock:force"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"entries": []}, ["/entries"]),
        ({"entries": [row("a")] * 1_001}, ["/entries"]),
        ({"entries": [row("a"), {"entry": {}}, row("b c"), row(""), row("ä")]}, [f"/entries/{n}/idempotency_key" for n in (1, 2, 3, 4)]),
        ({"entries": [{"idempotency_key": "a"}, 7]}, ["/entries/0/entry", "/entries/1"]),
        ({"entries": [{**row("a"), "kind": "receipt"}]}, ["/entries/0/kind"]),
        ({"rows": []}, ["/entries", "/rows"]),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_the_batch_itself_is_named_and_nothing_is_recorded(
    http, stockroom, problem, body, pointers
):
    errors = problem(await http.post(BATCH, json=body), 400, "malformed_request")["errors"]

    assert [error["pointer"] for error in errors] == pointers
    assert await stockroom.on_hand("apples") == "0"


@pytest.mark.parametrize("raw", [b'{"entries": [{"idempotency_key": "a", "entry": {NaN}}]}', b'{"entries": NaN}'])
async def test_what_is_not_json_is_malformed(http, stockroom, problem, raw):
    problem(await http.post(BATCH, content=raw, headers=JSON), 400, "malformed_request")


async def test_an_entry_is_as_large_as_alone_at_the_most(http, stockroom):
    small, large = row("a", reason="x" * 200), row("b", reason="x" * (1 << 20))
    answer = (await http.post(BATCH, json={"entries": [small, large]})).json()

    assert [one["status"] for one in answer["results"]] == [201, 413]


async def test_rows_behind_one_that_could_not_be_carried_out_are_not_tried(send, stockroom, monkeypatch):
    monkeypatch.setattr(writer, "TENANT_QUEUE_MAX", 20)
    rows = [row(f"key-{number}") for number in range(150)]
    answer = (await send(*rows)).json()

    assert [one["status"] for one in answer["results"]] == [201] * 20 + [503] * 130
    assert (answer["recorded"], answer["failed"]) == (20, 130)
    assert [one["idempotency_key"] for one in answer["results"]] == [one["idempotency_key"] for one in rows]

    monkeypatch.undo()
    again = (await send(*rows)).json()
    assert (again["recorded"], again["replayed"]) == (150, 20)
    assert await stockroom.on_hand("apples") == "150"


async def test_a_batch_of_which_nothing_could_be_carried_out_is_unavailable(send, monkeypatch):
    monkeypatch.setattr(writer, "TENANT_QUEUE_MAX", 0)
    answer = await send(row("a"), row("b"))

    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert answer.headers["retry-after"] == "1"


async def test_what_breaks_one_row_is_told_to_that_row(send, monkeypatch):
    read = movement_batch.NewEntry.read

    def read_or_break(raw):
        if b'"broken"' in raw:
            raise RuntimeError("a fault of ours")
        return read(raw)

    monkeypatch.setattr(movement_batch.NewEntry, "read", read_or_break)
    results = (await send(row("a"), row("b", reason="broken"), row("c"))).json()["results"]

    assert [one["status"] for one in results] == [201, 500, 201]
    assert results[1]["problem"]["code"] == "internal"


async def test_lines_without_end_wait_some_at_a_time(send, stockroom):
    lines = [{"item": "apples", "location": "MAIN", "quantity": "1"}] * 1_000
    rows = [{"idempotency_key": f"key-{number}", "entry": {"kind": "receipt", "lines": lines}} for number in range(12)]

    assert [len(some) for some in movement_batch._abreast([_Bytes(70_000)] * 3)] == [1, 1, 1]
    assert (await send(*rows)).json()["recorded"] == 12
    assert await stockroom.on_hand("apples") == "12000"


class _Bytes:
    """A row of which only the size counts."""

    def __init__(self, size):
        self.entry = b"x" * size
