"""A replay makes deliveries once more, some at a time: cancelled, resumed, killed, each of them is made once."""

from datetime import timedelta

import pytest

from twh_server.database.identifiers import DELIVERY, ENDPOINT, ITEM, JOB
from twh_server.http.problems import answer
from twh_server.webhooks import replay_scope, replaying
from twh_server.webhooks.refusals import InvalidReplay, ReplayIsFinished, TooManyReplays
from twh_server.webhooks.replay_commands import RUNNING_MAX, StartReplay, TurnReplay
from twh_server.webhooks.replay_scope import Scope, Stretch, Window, stretch_of
from twh_server.webhooks.replaying import Replayer
from twh_server.webhooks.replays import get_replay
from twh_server.webhooks.schedule import Schedule


@pytest.fixture
def replayer(webhooks):
    """The worker's part, stepped by the test."""
    return Replayer(webhooks.database, webhooks.writer, queued=lambda: None, clock=webhooks.clock)


@pytest.fixture
def start(webhooks, database, shop):
    """`start(which, endpoint, first, last)` starts a replay of what is counted then."""

    async def start(which="failed", endpoint=None, first=1, last=None, **more):
        last = last or (await stretch_of(database, shop.tenant, Window())).last
        identifier = endpoint and ENDPOINT.parse(endpoint.id)
        scope = Scope(which=which, stretch=Stretch(first=first, last=last), endpoint=identifier, **more)
        total = await replay_scope.count(database, shop.tenant, scope)
        return await webhooks.submit(
            StartReplay(endpoint=endpoint and endpoint.id, scope=scope, total=total, rate_per_second=start.rate)
        )

    start.rate = None
    return start


@pytest.fixture
def known(database, shop):
    async def known(replay):
        return await get_replay(database, shop.tenant, replay.id)

    return known


async def worked(replayer, webhooks, steps=50):
    """Steps, and what they queue delivered, until nothing is due."""
    for _ in range(steps):
        if not await replayer.step():
            return
        await webhooks.attempt_all()
        webhooks.ahead += timedelta(seconds=1)


async def given_up(webhooks):
    """Everything is tried, and has no more attempts than one."""
    await webhooks.attempt_all(schedule=Schedule(waits_seconds=(0.0,)))


async def test_dead_letters_are_made_once_more_with_their_id_and_keep_their_attempts(
    webhooks, receiver, replayer, start, known
):
    receiver.answer = receiver.say(500)
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen("A", "B")
    await webhooks.fan_out()
    await given_up(webhooks)
    before = await webhooks.deliveries(state="failed")
    receiver.requests.clear()
    receiver.answer = receiver.say(204)

    replay = await start("failed", endpoint)
    await worked(replayer, webhooks)

    assert (replay.total, len(before)) == (2, 2)
    assert sorted(receiver.ids) == sorted(one.event for one in before)
    for delivery in await webhooks.deliveries(replay=replay.id):
        assert (delivery.state, delivery.tries) == ("delivered", 1)
        assert delivery.attempts == 2
        assert len(await webhooks.attempts(delivery)) == delivery.attempts
    told = await known(replay)
    assert (told.state, told.queued, told.delivered, told.failed) == ("finished", 2, 2, 0)


async def test_an_endpoint_can_have_what_was_before_it(webhooks, receiver, replayer, start):
    await webhooks.happen("A", "B", "C")
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"], ordering="endpoint")
    await webhooks.fan_out()

    replay = await start("all", endpoint, first=2, last=3)
    await worked(replayer, webhooks)

    assert replay.total == 2
    assert [event["data"]["code"] for event in receiver.events] == ["B", "C"]


async def test_all_is_what_was_delivered_too_and_what_waits_is_not_made_twice(webhooks, receiver, replayer, start):
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen("A")
    await webhooks.fan_out()
    await webhooks.attempt_all()
    await webhooks.happen("B")
    await webhooks.fan_out()

    replay = await start("all", endpoint)
    await worked(replayer, webhooks)

    assert replay.total == 1
    assert sorted(event["data"]["code"] for event in receiver.events) == ["A", "A", "B"]


async def test_what_was_never_acknowledged_are_dead_letters_and_events_without_a_delivery(
    webhooks, receiver, replayer, start
):
    await webhooks.happen("A")
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen("B")
    await webhooks.fan_out()
    await webhooks.attempt_all()
    await webhooks.happen("C")
    await webhooks.fan_out()
    receiver.answer = receiver.say(500)
    await given_up(webhooks)
    receiver.answer = receiver.say(204)
    receiver.requests.clear()

    replay = await start("unacknowledged", endpoint)
    await worked(replayer, webhooks)

    assert replay.total == 2
    assert sorted(event["data"]["code"] for event in receiver.events) == ["A", "C"]


async def test_what_waits_for_its_next_attempt_is_tried_now_and_what_is_under_way_is_left_alone(
    webhooks, receiver, replayer, start, superuser, shop
):
    receiver.answer = receiver.say(500)
    await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen("A", "B")
    await webhooks.fan_out()
    await webhooks.attempt_all()
    waiting, under_way = await webhooks.deliveries()
    await superuser.execute(
        "update deliveries set fence = gen_random_uuid(), next_attempt_at = now() + interval '1 minute'"
        " where tenant_id = %s and id = %s",
        (shop.tenant, DELIVERY.parse(under_way.id)),
    )
    named = [DELIVERY.parse(one.id) for one in (waiting, under_way)]

    replay = await start("all", deliveries=named)
    await replayer.step()

    assert replay.total == 1
    begun = {one.id: (one.tries, one.replay) for one in await webhooks.deliveries()}
    assert begun == {waiting.id: (0, replay.id), under_way.id: (1, None)}
    assert await webhooks.due() == 1


async def test_only_some_hundreds_are_due_at_once_and_a_cancelled_replay_queues_nothing_more(
    webhooks, receiver, replayer, start, known, monkeypatch
):
    monkeypatch.setattr(replaying, "AHEAD_MAX", 3)
    await webhooks.happen(*(f"L{number}" for number in range(8)))
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.fan_out()
    replay = await start("all", endpoint)

    await replayer.step()
    webhooks.ahead += timedelta(seconds=1)
    await replayer.step()
    ahead = await webhooks.due()
    cancelled = await webhooks.submit(TurnReplay(replay=replay.id, to="cancelled"))
    webhooks.ahead += timedelta(seconds=1)
    after = await replayer.step()

    assert (ahead, after) == (3, None)
    assert (cancelled.state, cancelled.queued, cancelled.position) == ("cancelled", 3, 3)

    await webhooks.attempt_all()
    await webhooks.submit(TurnReplay(replay=replay.id, to="running"))
    await worked(replayer, webhooks)

    assert sorted(event["data"]["code"] for event in receiver.events) == [f"L{number}" for number in range(8)]
    told = await known(replay)
    assert (told.state, told.queued, told.delivered) == ("finished", 8, 8)
    with pytest.raises(ReplayIsFinished):
        await webhooks.submit(TurnReplay(replay=replay.id, to="cancelled"))


async def test_an_event_of_many_endpoints_is_queued_for_each_of_them_once(
    webhooks, receiver, replayer, start, monkeypatch
):
    monkeypatch.setattr(replaying, "AHEAD_MAX", 2)
    await webhooks.happen("A", "B")
    for _ in range(3):
        await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.fan_out()

    replay = await start("all")
    await worked(replayer, webhooks)

    assert replay.total == 6
    assert sorted(event["data"]["code"] for event in receiver.events) == ["A"] * 3 + ["B"] * 3


async def test_a_step_that_is_lost_is_made_again(webhooks, receiver, replayer, start, monkeypatch):
    await webhooks.happen("A", "B")
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.fan_out()
    await start("all", endpoint)

    with monkeypatch.context() as patched:
        patched.setattr(replaying, "MOVE", "select 1/0")
        with pytest.raises(Exception, match="division by zero"):
            await replayer.step()
    queued = await webhooks.due()
    await worked(replayer, webhooks)

    assert queued == 0
    assert sorted(event["data"]["code"] for event in receiver.events) == ["A", "B"]


async def test_a_rate_is_held(webhooks, receiver, replayer, start):
    await webhooks.happen(*(f"L{number}" for number in range(9)))
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.fan_out()
    start.rate = 4
    await start("all", endpoint)

    queued = []
    for _ in range(8):
        step = await replayer.step()
        queued.append(step.queued if step else 0)
        webhooks.ahead += timedelta(seconds=0.25)

    assert sum(queued) in (8, 9)
    assert max(queued[place] + queued[place + 1] for place in range(7)) <= 2


async def test_a_replay_waits_for_a_paused_endpoint_and_a_deleted_one_is_sent_nothing(
    webhooks, receiver, replayer, start, known
):
    endpoint = await webhooks.create(receiver.url, kinds=["location.created"])
    await webhooks.happen("A")
    await webhooks.fan_out()
    await webhooks.attempt_all()
    receiver.requests.clear()
    await webhooks.update(endpoint, enabled=False)
    replay = await start("all", endpoint)
    await worked(replayer, webhooks, steps=3)
    paused = await known(replay)
    await webhooks.delete(endpoint)
    await webhooks.fan_out()
    webhooks.ahead += timedelta(minutes=1)
    await worked(replayer, webhooks)

    assert (paused.state, paused.queued, paused.delivered) == ("running", 1, 0)
    assert (await known(replay)).state == "finished"
    assert receiver.requests == []


async def test_a_replay_tells_its_life_in_the_feed(webhooks, receiver, replayer, start, stockroom):
    replay = await start("failed")
    await webhooks.submit(TurnReplay(replay=replay.id, to="cancelled"))
    await webhooks.submit(TurnReplay(replay=replay.id, to="cancelled"))
    await webhooks.submit(TurnReplay(replay=replay.id, to="running"))
    webhooks.ahead += timedelta(seconds=1)
    await replayer.step()

    told = await stockroom.rows(
        "select kind, subject from events where tenant_id = %(tenant)s and kind ~ '^replay' order by sequence"
    )
    assert told == [
        (f"replay.{what}", JOB.parse(replay.id)) for what in ("started", "cancelled", "resumed", "finished")
    ]


async def test_a_window_is_a_stretch_of_the_feed(webhooks, database, shop, stockroom):
    rows = await stockroom.rows("select recorded_at from events where tenant_id = %(tenant)s order by sequence")
    times = [at for (at,) in rows]

    async def stretch(**window):
        found = await stretch_of(database, shop.tenant, Window(**window))
        return found.first, found.last

    assert await stretch() == (1, 4)
    assert await stretch(since=times[1], until=times[3]) == (2, 3)
    assert await stretch(since=times[1] + timedelta(microseconds=1)) == (3, 4)
    assert await stretch(first_sequence=2, last_sequence=99) == (2, 4)
    assert await stretch(since=times[3] + timedelta(days=1)) == (5, 4)
    assert await stretch(until=times[0]) == (1, 0)


async def test_so_many_run_at_once_and_no_more(webhooks, start, monkeypatch):
    monkeypatch.setattr("twh_server.webhooks.replay_commands.RUNNING_MAX", 1)
    await start("failed")

    with pytest.raises(TooManyReplays) as refused:
        await start("failed")

    assert refused.value.facts == {"replays_max": 1}
    assert answer(refused.value, "req").status == 409
    assert RUNNING_MAX == 1_000


async def test_an_endpoint_that_is_deleted_meanwhile_is_named(webhooks, receiver, start):
    endpoint = await webhooks.create(receiver.url)
    await webhooks.delete(endpoint)

    with pytest.raises(InvalidReplay):
        await start("failed", endpoint)


async def test_what_an_endpoint_wishes_for_is_counted_and_replayed_and_nothing_else(
    webhooks, receiver, replayer, start, stockroom, database, shop
):
    for item in ("apples", "flour", "apples"):
        await stockroom.receive(item, 5)
    apples = await webhooks.create(receiver.url, items=["apples"], kinds=["entry.*"], ordering="item")
    await webhooks.fan_out()

    replay = await start("all", apples)
    await worked(replayer, webhooks)

    assert replay.total == 2
    told = [movement["item"]["sku"] for event in receiver.events for movement in event["data"]["movements"]]
    assert told == ["apples", "apples"]
    sql = "select distinct lanes from deliveries where tenant_id = %(tenant)s"
    ((lanes,),) = await database.read(shop.tenant, sql, {"tenant": shop.tenant})
    assert [str(lane) for lane in lanes] == [str(ITEM.parse(receiver.events[0]["data"]["movements"][0]["item"]["id"]))]
