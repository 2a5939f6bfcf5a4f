"""Streams: what was handled is known by what is asked for next, the place is kept by the server, and time ends them."""

import logging
from types import SimpleNamespace

import pytest

from twh import AsyncClient
from twh.errors import EventsGone
from twh.pages import Tail
from twh.resources import Events
from twh.streams import KEPT_EVENTS, Follow

ANYWHERE = {
    "name": "shipping",
    "head": 9,
    "lag": 0,
    "version": 1,
    "etag": '"cp1"',
    "updated_at": "2026-05-10T12:00:00Z",
}


class Watched:
    """A follow without a server: its clock is moved by hand, and its calls are told."""

    def __init__(self, **asked):
        self.now = 0.0
        self.follow = Follow(Events.stream.describe(None, **{"checkpoint": "shipping", **asked}), lambda: self.now)
        self.flow = self.follow.run()

    def next(self, answer=None):
        """What it does next: the number of an event, or what it asks for."""
        return told(self.flow.send(answer))


def told(step):
    if hasattr(step, "sequence"):
        return step.sequence
    if step.method == "PUT":
        return "keep", step.body["sequence"]
    return ("where",) if "checkpoints" in step.path else ("read", step.query.get("after"), step.wait)


def page(*numbers, head=None):
    events = [SimpleNamespace(sequence=number) for number in numbers]
    last = numbers[-1] if numbers else head or 0
    return Tail(data=events, next_after=last, head=last)


def test_it_begins_where_the_consumer_was_or_where_it_is_told_to():
    known, new = Watched(after=3), Watched(after=3)

    assert (known.next(), known.next(SimpleNamespace(sequence=7))) == (("where",), ("read", "7", 25))
    assert (new.next(), new.next(None)) == (("where",), ("read", "3", 25))


def test_an_event_is_handled_when_the_next_is_asked_for():
    watched = Watched()
    steps = [watched.next(), watched.next(None), watched.next(page(1, 2))]
    watched.now = 5.0

    assert steps[-1] == 1
    assert watched.next() == ("keep", 1)
    assert watched.next(None) == 2


def test_the_place_is_kept_after_so_many_events_and_not_with_each():
    watched = Watched()
    watched.next(), watched.next(None)
    steps = [watched.next(page(*range(1, KEPT_EVENTS + 3)))]
    steps += [watched.next() for _ in range(KEPT_EVENTS + 1)]

    assert [one for one in steps if isinstance(one, tuple)] == [("keep", KEPT_EVENTS - 1)]


def test_what_is_not_kept_yet_is_waited_with_for_a_second_only():
    watched = Watched()
    watched.next(), watched.next(None)
    watched.next(page(1))

    assert watched.next() == ("read", "1", 1)
    watched.now = 1.0
    assert watched.next(page(head=1)) == ("keep", 1)
    assert watched.next(None) == ("read", "1", 25)


def test_what_was_passed_over_is_handled_too():
    watched = Watched(types=["stock.low"])
    watched.next(), watched.next(None)
    watched.now = 1.0

    assert watched.next(page(head=9)) == ("keep", 9)


def test_in_the_end_what_was_handled_is_kept_and_what_is_at_hand_is_not():
    watched = Watched()
    watched.next(), watched.next(None)
    watched.next(page(1, 2, 3))
    watched.next(), watched.next()

    last = watched.follow.leaving()

    assert (told(last), last.options["deadline"]) == (("keep", 2), 5.0)
    assert watched.follow.leaving() is None


def test_without_a_checkpoint_nothing_is_kept():
    watched = Watched(checkpoint=None)
    steps = [watched.next(), watched.next(page(1))]
    watched.now = 60.0

    assert [*steps, watched.next()] == [("read", None, 25), 1, ("read", "1", 25)]
    assert watched.follow.leaving() is None


def test_it_ends_after_so_long_without_anything_new():
    watched = Watched(checkpoint=None, idle=10)
    watched.next(), watched.next(page(1))
    watched.now = 60.0
    waits = [watched.next()]
    watched.now = 69.5
    waits.append(watched.next(page(head=1)))
    watched.now = 70.0

    assert waits == [("read", "1", 10), ("read", "1", 1)]
    with pytest.raises(StopIteration):
        watched.next(page(head=1))


def test_it_ends_after_so_long_whatever_comes():
    watched = Watched(checkpoint=None, timeout=10)
    watched.next(), watched.next(page(1))
    watched.now = 10.0

    with pytest.raises(StopIteration):
        watched.next()


def feed(event, *numbers):
    return {
        "data": [{**event, "sequence": number} for number in numbers],
        "next_after": numbers[-1],
        "head": numbers[-1],
    }


def asked_of(server):
    return [f"{one.method} {one.path.partition('?')[0]}" for one in server.asked]


def test_a_stream_keeps_its_place_when_it_is_closed(server, event):
    server.will(
        server.problem(404, "checkpoint_not_found"),
        server.answer(200, feed(event, 1, 2)),
        server.answer(201, {**ANYWHERE, "sequence": 1}),
    )
    with server.client().events.stream(checkpoint="shipping") as events:
        going = iter(events)
        assert [next(going).sequence, next(going).sequence] == [1, 2]

    assert asked_of(server)[-1] == "PUT /v1/checkpoints/shipping"
    assert server.asked[-1].body == b'{"sequence":1}'


def test_save_keeps_the_place_behind_the_event_at_hand(server, event):
    server.will(
        server.answer(200, {**ANYWHERE, "sequence": 0}),
        server.answer(200, feed(event, 1)),
        server.answer(200, {**ANYWHERE, "sequence": 1}),
    )
    events = server.client().events.stream(checkpoint="shipping")
    next(iter(events))
    events.save()

    assert server.asked[-1].body == b'{"sequence":1}'


async def test_awaited_it_is_the_same(server, event):
    server.will(
        server.problem(404, "checkpoint_not_found"),
        server.answer(200, feed(event, 1, 2)),
        server.answer(201, {**ANYWHERE, "sequence": 1}),
        server.answer(200, {**ANYWHERE, "sequence": 2}),
    )
    async with AsyncClient("twh_test_1", base_url=server.url) as client:
        async with client.events.stream(checkpoint="shipping") as events:
            found = [await anext(going := aiter(events)), await anext(going)]
        await events.save()

    assert [one.sequence for one in found] == [1, 2]
    assert [one.body for one in server.asked[-2:]] == [b'{"sequence":1}', b'{"sequence":2}']


def test_a_place_that_is_further_on_already_is_as_good_as_kept(server, event):
    server.will(
        server.answer(200, {**ANYWHERE, "sequence": 0}),
        server.answer(200, feed(event, 1)),
        server.problem(409, "checkpoint_passed"),
    )
    events = server.client().events.stream(checkpoint="shipping")
    next(iter(events))

    events.save()


def test_a_place_that_cannot_be_kept_in_the_end_is_said_and_raises_nothing(server, event, caplog):
    server.will(
        server.answer(200, {**ANYWHERE, "sequence": 0}),
        server.answer(200, feed(event, 1, 2)),
        server.problem(403, "scope_missing"),
    )
    with caplog.at_level(logging.WARNING, "twh"), server.client().events.stream(checkpoint="shipping") as events:
        going = iter(events)
        next(going), next(going)

    assert "could not be kept" in caplog.text


def test_what_is_gone_is_raised_and_names_the_oldest_that_there_is(server):
    server.will(server.problem(410, "events_gone", first_sequence=8))

    with pytest.raises(EventsGone) as gone:
        next(iter(server.client().events.stream(after=3)))

    assert gone.value.first_sequence == 8
