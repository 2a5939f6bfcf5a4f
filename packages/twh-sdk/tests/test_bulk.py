"""Many items: batch after batch, taken as they are sent, with one key for each batch and one sum of all."""

from decimal import Decimal

import pytest

from twh import models


def batch_answer(server, *statuses):
    """What the server says of a batch: a row for each status."""
    problem = {"code": "invalid_item", "detail": "No."}
    rows = [{"status": one, "problem": problem if one >= 400 else None} for one in statuses]
    refused = sum(one >= 400 for one in statuses)
    counts = {"created": len(statuses) - refused, "updated": 0, "unchanged": 0, "refused": refused}
    return server.answer(200, {"results": rows, **counts})


def wares(count):
    return ({"sku": f"SKU-{number}", "name": "N"} for number in range(count))


def test_many_items_go_in_batches_and_are_summed_up(server):
    server.will(batch_answer(server, 201, 422), batch_answer(server, 201, 201), batch_answer(server, 409))
    seen = []
    came = server.client().items.upsert_many(
        wares(5), batch_size=2, each=lambda answer: seen.append(answer.created), options={"idempotency_key": "run"}
    )

    assert (came.items, came.created, came.refused, seen) == (5, 3, 2, [1, 2, 0])
    assert [(one.number, one.sku, one.problem["code"]) for one in came.refusals] == [
        (1, "SKU-1", "invalid_item"),
        (4, "SKU-4", "invalid_item"),
    ]
    assert [(asked.path, asked.key, len(asked.json["items"])) for asked in server.asked] == [
        ("/v1/items/batch", f"run-{number}", size) for number, size in ((1, 2), (2, 2), (3, 1))
    ]


async def test_many_items_go_in_batches_when_awaited(server):
    server.will(batch_answer(server, 201, 201), batch_answer(server, 201))
    async with server.async_client() as client:
        came = await client.items.upsert_many(wares(3), batch_size=2)

    assert (came.created, len({asked.key for asked in server.asked})) == (3, 2)


def test_items_are_taken_only_as_they_are_sent(server):
    server.will(batch_answer(server, 201, 201))
    taken = []

    def endless():
        for item in wares(10**9):
            taken.append(item)
            yield item

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        server.client().items.upsert_many(endless(), batch_size=2, each=stop)
    assert len(taken) == 3


def test_a_batch_of_large_items_is_cut_before_it_is_too_large(server):
    large = [{"sku": f"SKU-{number}", "name": "N", "attributes": {"text": "x" * 1_500_000}} for number in range(3)]
    server.will(batch_answer(server, 201, 201), batch_answer(server, 201))

    assert server.client().items.upsert_many(large).created == 3
    assert [len(asked.json["items"]) for asked in server.asked] == [2, 1]


@pytest.mark.parametrize("size", [0, 1_001])
def test_a_batch_has_a_size_that_the_server_takes(server, size):
    with pytest.raises(ValueError, match="batch_size"):
        server.client().items.upsert_many([], batch_size=size)


def test_many_items_have_no_one_raw_answer(server):
    with pytest.raises(TypeError, match="without with_raw"):
        server.client().with_raw.items.upsert_many([])


def test_quantities_of_items_in_a_batch_are_exact(server):
    server.will(batch_answer(server, 201))
    pack = models.Pack(name="case", quantity=Decimal("12.50"), barcode=None)
    server.client().items.batch([{"sku": "A", "name": "N", "reorder_point": Decimal(3), "packs": [pack]}])

    assert server.asked[0].json["items"] == [
        {
            "sku": "A",
            "name": "N",
            "reorder_point": "3",
            "packs": [{"name": "case", "quantity": "12.50", "barcode": None}],
        }
    ]
    with pytest.raises(TypeError, match=r"packs\[0\].quantity"):
        server.client().items.batch([{"sku": "A", "name": "N", "packs": [{"name": "case", "quantity": 1.5}]}])
