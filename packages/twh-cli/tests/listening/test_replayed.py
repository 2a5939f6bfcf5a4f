"""`twh listen` sees replays: their events are forwarded again, under the same ids, and a kill loses none of them."""

import json

import httpx
import pytest

import twh as sdk
from twh import models
from twh.testing import sample
from twh_cli.choices import Choices
from twh_cli.listening import bookmark
from twh_cli.listening.bookmark import Left
from twh_cli.listening.replayed import Replayed
from twh_cli.session import open_session

ELSEWHERE = "https://inventory.example.com"


@pytest.fixture
def replays(feed, routes):
    """`replays(which="all", …)`: a replay that the feed tells of, and the server knows."""
    known = {}

    def start(event_of="started", **values):
        values = {"id": "job_1", "deliveries": None, "state": "running", "position": 0, "types": [], **values}
        replay = sample(models.Replay, **values)
        known[replay.id] = replay
        kind = models.ReplayStarted if event_of == "started" else models.ReplayResumed
        number = len(feed) + 1
        told = sample(kind, id=f"evt_{number}", sequence=number, data=replay)
        feed.append(told.model_dump_json().encode())
        return known

    routes.get(url__regex=rf"{ELSEWHERE}/v1/replays/job_\d").mock(
        side_effect=lambda request: answer(known[request.url.path.rpartition("/")[2]])
    )
    return start


def answer(model):
    return httpx.Response(200, json=model.model_dump(mode="json"))


@pytest.fixture
def made(routes):
    """The deliveries that a replay has made once more so far."""
    made = []

    def listed(_):
        found = [sample(models.Delivery, event=f"evt_{number}", sequence=number) for number in sorted(made)[::-1]]
        return httpx.Response(200, json={"data": [one.model_dump(mode="json") for one in found], "next_cursor": None})

    routes.get(f"{ELSEWHERE}/v1/deliveries").mock(side_effect=listed)
    return made


def test_a_replay_of_a_part_of_the_feed_is_forwarded_again_and_says_so(twh, feed, target, replays):
    replays(which="all", first_sequence=2, last_sequence=3)

    ran = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "6")

    assert target.ids == ["evt_1", "evt_2", "evt_3", "evt_4", "evt_2", "evt_3"]
    assert [body for _, body in target.arrived[4:]] == feed[1:3]
    assert [json.loads(line)["replay"] for line in ran.out.splitlines()] == [None] * 4 + ["job_1"] * 2


def test_a_person_reads_that_it_comes_again(twh, feed, target, replays):
    replays(which="all", first_sequence=3, last_sequence=3)

    ran = twh("listen", "--forward-to", target.url, "--from", "3", "--count", "2", "-o", "table")

    assert "again  item.created" in ran.out.splitlines()[1]


def test_only_what_is_wanted_comes_again_and_the_telling_of_it_only_where_that_is_wanted(twh, feed, target, replays):
    feed.add(models.ItemUpdated)
    replays(which="all", first_sequence=1, last_sequence=4)

    twh("listen", "-f", target.url, "--type", "item.updated", "--from", "start", "--count", "2")

    assert target.ids == ["evt_4", "evt_4"]


def test_of_other_replays_the_server_says_what_they_have_made_so_far(twh, feed, target, replays, made):
    known = replays(which="failed", first_sequence=1, last_sequence=3, position=2)
    made += [2, 3]

    twh("listen", "--forward-to", target.url, "--from", "3", "--count", "2")
    known["job_1"] = known["job_1"].model_copy(update={"position": 3, "state": "finished"})
    twh("listen", "--forward-to", target.url, "--count", "1")

    assert target.ids == ["evt_4", "evt_2", "evt_3"]


def test_what_is_left_of_a_replay_is_kept_with_the_place(twh, feed, target, replays, own_home):
    replays(which="all", first_sequence=1, last_sequence=3)

    twh("listen", "--forward-to", target.url, "--from", "3", "--count", "2")
    (kept,) = (own_home / "state" / "twh" / "listen").glob("*.json")
    left = json.loads(kept.read_text())["replays"]
    twh("listen", "--forward-to", target.url, "--count", "2")

    assert left == [{"id": "job_1", "after": 1}]
    assert target.ids == ["evt_4", "evt_1", "evt_2", "evt_3"]


@pytest.fixture
def replayed(feed):
    """What is left of `job_1` for a target that has forwarded nothing of it."""
    mark = bookmark.of("ten_1", "http://localhost:1")
    mark.begin(Left(id="job_1", after=0))
    open_session(Choices(), [])
    return Replayed(client=sdk.Client(), bookmark=mark)


@pytest.mark.parametrize("state", ["running", "cancelled", "finished"])
def test_a_replay_of_the_feed_is_at_its_end_with_its_last_event(replays, replayed, state):
    replays(which="all", first_sequence=1, last_sequence=2, state=state)

    again = [event.id for event, _, _ in replayed.some()]

    assert (again, replayed.bookmark.replays) == (["evt_1", "evt_2"], [])


def test_a_replay_that_is_cancelled_is_at_its_end_once_all_that_it_made_is_forwarded(replays, replayed, made):
    known = replays(which="failed", first_sequence=1, last_sequence=3, position=1)
    made += [1]

    assert [event.id for event, _, _ in replayed.some()] == ["evt_1"]
    assert replayed.bookmark.replays == [{"id": "job_1", "after": 1}]

    known["job_1"] = known["job_1"].model_copy(update={"state": "cancelled"})
    assert list(replayed.some()) == []
    assert replayed.bookmark.replays == []


def test_a_cancelled_replay_that_goes_on_is_forwarded_from_where_it_was(twh, feed, target, replays, made):
    known = replays("resumed", which="failed", first_sequence=1, last_sequence=3, position=2)
    known["job_1"] = known["job_1"].model_copy(update={"state": "finished", "position": 3})
    made += [1, 2, 3]

    twh("listen", "--forward-to", target.url, "--from", "3", "--count", "3")

    assert target.ids == ["evt_4", "evt_2", "evt_3"]


def test_a_replay_that_may_not_be_seen_is_said_and_left(replays, replayed, routes, capsys):
    replays(which="failed", first_sequence=1, last_sequence=3, position=3)
    problem = {"type": "x", "title": "x", "status": 403, "detail": "needs webhooks:read", "code": "scope_missing"}
    routes.get(f"{ELSEWHERE}/v1/deliveries").respond(
        403, json={**problem, "request_id": "req_1"}, headers={"content-type": "application/problem+json"}
    )

    assert list(replayed.some()) == []
    assert replayed.bookmark.replays == []
    assert "The replay job_1 is not forwarded" in capsys.readouterr().err


def test_a_replay_that_is_known_goes_on_from_the_earlier_place(own_home):
    mark = bookmark.of("ten_1", "http://localhost:1")

    mark.begin(Left(id="job_1", after=9))
    mark.begin(Left(id="job_2", after=0))
    mark.begin(Left(id="job_1", after=4))

    assert bookmark.of("ten_1", "http://localhost:1").replays == [
        {"id": "job_2", "after": 0},
        {"id": "job_1", "after": 4},
    ]
