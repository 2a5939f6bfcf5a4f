"""The stand-in for a server does what was laid down, keeps the server's word about keys, and says what nobody laid down."""

import json
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from twh import Client, Page, errors, models, testing
from twh.testing import UnexpectedCall, sample
from twh.testing.mock import calls


def create(client, **options):
    return client.items.create(sku="TSHIRT-M", name="T-shirt", options=options or None)


def test_a_call_is_answered_as_laid_down(twh_mock):
    twh_mock.on("items.get").answers(sample(models.Item, sku="TSHIRT-M"))

    assert Client().items.get("TSHIRT-M").sku == "TSHIRT-M"
    assert str(twh_mock.asked[0]) == "items.get (GET /v1/items/TSHIRT-M)"


async def test_an_async_client_is_answered_too(twh_mock):
    twh_mock.on("stock.get").answers(sample(models.Level, available=Decimal("2.5")))

    async with twh_mock.async_client() as client:
        assert (await client.stock.get("A", at="B")).available == Decimal("2.5")


def test_verbs_of_one_path_are_told_apart(twh_mock):
    received = twh_mock.on("movements.receive").answers(sample(models.Entry, kind="receipt"))
    twh_mock.on("movements.issue").refuses("insufficient_stock", available="1", requested="3")
    client = twh_mock.client()

    assert client.movements.receive(item="A", location="B", quantity=1).kind == "receipt"
    with pytest.raises(errors.InsufficientStock) as refusal:
        client.movements.issue(item="A", location="B", quantity=3)

    assert (refusal.value.status, refusal.value.available) == (409, Decimal(1))
    assert received.asked[0].body["lines"] == [{"item": "A", "location": "B", "quantity": "1"}]


def test_a_route_may_be_a_method_and_a_path(twh_mock):
    twh_mock.on("GET", "/v1/items/{item}").answers(sample(models.Item))
    twh_mock.on("GET", "/v1/items/SPECIAL").answers(sample(models.Item, sku="SPECIAL"))
    client = twh_mock.client()

    assert client.items.get("A").sku == "TSHIRT-M"
    assert client.items.get("SPECIAL").sku == "SPECIAL"


def test_an_answer_may_depend_on_what_was_asked(twh_mock):
    twh_mock.on("items.get").answers(lambda asked: sample(models.Item, sku=asked.path.rsplit("/", 1)[-1]))

    assert [twh_mock.client().items.get(sku).sku for sku in ("A", "B")] == ["A", "B"]


def test_answers_come_one_after_another_and_the_last_stays(twh_mock):
    twh_mock.on("items.get").answers(sample(models.Item, sku="ONE")).answers(sample(models.Item, sku="TWO"))

    assert [twh_mock.client().items.get("A").sku for _ in range(3)] == ["ONE", "TWO", "TWO"]


def test_a_list_is_a_page(twh_mock):
    twh_mock.on("items.list").answers([sample(models.Item, sku="A"), sample(models.Item, sku="B")])

    assert [item.sku for item in twh_mock.client().items.list()] == ["A", "B"]


def test_pages_may_be_laid_down_one_by_one(twh_mock):
    one, two = sample(models.Item, sku="A"), sample(models.Item, sku="B")
    twh_mock.on("items.list").answers(Page(data=[one], next_cursor="c")).answers(Page(data=[two]))

    assert [item.sku for item in twh_mock.client().items.list()] == ["A", "B"]
    assert twh_mock.asked[1].query == {"cursor": "c"}


def test_nothing_is_an_answer_too(twh_mock):
    twh_mock.on("webhooks.delete").answers()

    assert twh_mock.client().webhooks.delete("whe_1") is None


def test_the_feed_is_what_comes_after(twh_mock):
    twh_mock.on("events.list").answers([sample(models.EntryRecorded, sequence=n) for n in (1, 2, 3)])

    assert [event.sequence for event in twh_mock.client().events.list(after=1)] == [2, 3]


def test_a_stream_that_is_read_to_its_end_says_so(twh_mock):
    twh_mock.on("events.stream").answers([sample(models.StockLow, sequence=7)])
    stream = iter(twh_mock.client().events.stream())

    assert next(stream).sequence == 7
    with pytest.raises(UnexpectedCall, match="read to the end"):
        next(stream)
    twh_mock.unexpected.clear()


@pytest.mark.parametrize(("status", "retry_after"), [(429, 7), (503, 2.5)])
def test_a_busy_server_is_waited_for_without_waiting(twh_mock, twh_clock, status, retry_after):
    twh_mock.on("items.create").is_busy(status, retry_after=retry_after).answers(sample(models.Item))

    raw = twh_mock.client().with_raw.items.create(sku="A", name="A")

    assert (raw.attempts, raw.replayed) == (2, False)
    assert retry_after <= twh_clock.pauses[0] <= retry_after * 1.25
    assert raw.elapsed == pytest.approx(twh_clock.pauses[0])


def test_a_server_that_stays_busy_is_given_up_at_the_deadline(twh_mock):
    twh_mock.on("items.create").is_busy(429, retry_after=300)

    with pytest.raises(errors.TooManyRequests) as refusal:
        create(twh_mock.client())

    assert refusal.value.retry_after == 300


def test_an_answer_lost_after_the_commit_is_given_to_the_retry(twh_mock):
    route = twh_mock.on("items.create").loses_the_answer().answers(sample(models.Item, sku="DONE"))

    raw = twh_mock.client().with_raw.items.create(sku="A", name="A")

    assert (raw.value.sku, raw.attempts, raw.replayed) == ("DONE", 2, True)
    assert len(route.asked) == 1
    assert len({asked.idempotency_key for asked in twh_mock.asked}) == 1


def test_a_refusal_can_be_lost_too(twh_mock):
    twh_mock.on("items.create").loses_the_answer().refuses("sku_taken")

    with pytest.raises(errors.SkuTaken):
        create(twh_mock.client())


def test_answers_that_are_all_lost_leave_the_outcome_unknown(twh_mock, twh_clock):
    twh_mock.on("items.create").loses_the_answer()

    with pytest.raises(errors.OutcomeUnknown):
        create(twh_mock.client())

    assert 50 < sum(twh_clock.pauses) < 60


def test_a_key_is_answered_once_and_then_the_same(twh_mock):
    twh_mock.on("items.create").answers(sample(models.Item, sku="ONE")).answers(sample(models.Item, sku="TWO"))
    client = twh_mock.client()

    first, again = create(client, idempotency_key="k1"), create(client, idempotency_key="k1")

    assert (first.sku, again.sku) == ("ONE", "ONE")
    assert create(client, idempotency_key="k2").sku == "TWO"


def test_a_key_for_another_request_is_refused(twh_mock):
    twh_mock.on("items.create").answers(sample(models.Item))
    client = twh_mock.client()
    create(client, idempotency_key="k1")

    with pytest.raises(errors.IdempotencyKeyReused):
        client.items.create(sku="OTHER", name="Other", options={"idempotency_key": "k1"})


def test_an_unmatched_call_names_the_nearest_route(twh_mock):
    twh_mock.on("items.list").answers([])
    twh_mock.on("POST", "/v1/movements").answers()

    with pytest.raises(UnexpectedCall, match=r"items\.get \(GET /v1/items/A\).*nearest is 'items\.list'"):
        twh_mock.client().items.get("A")
    with pytest.raises(UnexpectedCall, match=r"the nearest is 'POST /v1/movements'"):
        twh_mock.client().movements.get("mov_1")
    assert len(twh_mock.unexpected) == 2
    twh_mock.unexpected.clear()


def test_without_any_route_it_says_how_to_lay_one_down(twh_mock):
    with pytest.raises(UnexpectedCall, match=r"twh_mock\.on\('items\.get'\)"):
        twh_mock.client().items.get("A")
    twh_mock.unexpected.clear()


def test_a_call_that_no_client_has_is_refused_with_the_nearest(twh_mock):
    with pytest.raises(ValueError, match=r"did you mean 'items\.get'"):
        twh_mock.on("items.gett")


def test_a_code_that_nobody_knows_needs_a_status(twh_mock):
    with pytest.raises(ValueError, match="status="):
        twh_mock.on("items.get").refuses("moon_in_wrong_phase")
    twh_mock.on("items.get").refuses("moon_in_wrong_phase", status=409)

    with pytest.raises(errors.Conflict):
        twh_mock.client().items.get("A")


def test_other_hosts_are_left_alone(twh_mock, server):
    server.will(server.answer(200, {"elsewhere": True}))

    assert httpx.get(server.url).json() == {"elsewhere": True}


def test_every_call_of_a_client_can_be_laid_down(twh_mock):
    assert len(calls()) > 25
    for name in calls():
        twh_mock.on(name)


def test_a_clock_moves_only_when_it_is_moved():
    clock = testing.Clock()
    then = clock()

    clock.move(90)
    clock.move(timedelta(minutes=-1))

    assert clock() == then + 30
    assert clock.now.timestamp() == clock()


@pytest.mark.parametrize("name", [name for name, module in models.MODULES.items() if module == "twh.models.generated"])
def test_a_sample_of_every_model_can_be_made(name):
    made = sample(getattr(models, name))

    assert type(made).model_validate_json(made.model_dump_json()) == made


KINDS = [
    kind
    for kind in (getattr(models, name) for name, module in models.MODULES.items() if module == "twh.events")
    if isinstance(kind, type) and issubclass(kind, models.Told) and kind not in {models.Told, models.UnknownEvent}
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_of_every_event_is_read_as_its_kind(kind):
    assert type(models.read(models.ANY_EVENT, sample(kind).model_dump_json().encode())) is kind


def test_a_field_that_a_model_has_not_is_refused():
    with pytest.raises(TypeError, match="colour"):
        sample(models.Item, colour="red")


def test_what_is_laid_down_is_json(twh_mock):
    twh_mock.on("tenant.get").answers(json.loads(sample(models.Whose).model_dump_json()))

    assert twh_mock.client().tenant.get().tenant.id.startswith("ten_")
