"""`twh events`: a line that a person can read, and the place in the feed at which one wishes to begin."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from twh import Client, models
from twh.testing import sample
from twh_cli import feed, terminal
from twh_cli.event_lines import told_by, when

MONDAY = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)


def entry(number, *skus, at="MAIN"):
    movements = [
        sample(
            models.Movement,
            item=sample(models.ItemRef, id=f"itm_{sku}", sku=sku),
            location=sample(models.LocationRef, id=f"loc_{at}", code=at),
            quantity="-2",
        )
        for sku in skus
    ]
    told = sample(models.Entry, kind="issue", movements=movements, reference=None, reason=None)
    return event(models.EntryRecorded, number, told)


def event(kind, number, told, **more):
    moment = MONDAY + timedelta(hours=number)
    actor = sample(models.Actor, name="back office")
    return sample(kind, id=f"evt_{number}", sequence=number, timestamp=moment, actor=actor, data=told, **more)


FEED = [
    entry(1, "TSHIRT-M"),
    event(models.ItemUpdated, 2, sample(models.Item, sku="MUG-BLUE", name="Mug"), previous={"name": "Cup"}),
    entry(3, "MUG-BLUE", "TSHIRT-M", at="SHOP"),
    event(models.LocationCreated, 4, sample(models.Location, code="SHOP", name="Shop")),
]


@pytest.fixture
def fed(elsewhere):
    """The feed of `FEED`, in pages of what is asked for."""

    def page(request):
        asked = request.url.params
        after, limit = int(asked.get("after", 0)), int(asked.get("limit", 100))
        found = FEED[after:][:limit]
        onward = found[-1].sequence if len(found) == limit else len(FEED)
        told = [one.model_dump(mode="json") for one in found]
        return httpx.Response(200, json={"data": told, "next_after": onward, "head": len(FEED)})

    return elsewhere.get("/events").mock(side_effect=page)


def tail(twh, *words):
    return [line.split() for line in twh("events", "tail", "--no-follow", "-o", "table", *words).out.splitlines()]


def test_a_line_says_when_what_and_who_made_it_happen(twh, fed):
    lines = twh("events", "tail", "--no-follow", "-o", "table").out.splitlines()

    assert lines[0].split() == [
        "1",
        "01-05",
        "09:30Z",
        "entry.recorded",
        "back",
        "office:",
        "issue:",
        "-2",
        "TSHIRT-M",
        "at",
        "MAIN",
    ]
    assert lines[1].endswith("back office: MUG-BLUE, Mug (name)")


def test_today_needs_no_date():
    now = datetime.now(UTC)

    assert when(now) == f"{now:%H:%M:%SZ}"


def test_what_nobody_asked_for_names_nobody():
    low = FEED[0].model_copy(update={"actor": None})

    assert told_by(low) == "issue: -2 TSHIRT-M at MAIN"


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ([], ["1", "2", "3", "4"]),
        (["-n", "1"], ["4"]),
        (["--after", "2"], ["3", "4"]),
        (["--since", "2026-01-05T10:45:00Z"], ["3", "4"]),
        (["--since", "2026-01-01"], ["1", "2", "3", "4"]),
        (["--since", "2026-02-01"], []),
        (["--item", "MUG-BLUE"], ["2", "3"]),
        (["--item", "itm_TSHIRT-M"], ["1", "3"]),
        (["--location", "SHOP"], ["3", "4"]),
        (["--item", "TSHIRT-M", "--at", "SHOP"], ["3"]),
        (["--count", "2"], ["1", "2"]),
    ],
    ids=" ".join,
)
def test_one_begins_where_one_wishes_and_sees_what_one_asks_for(twh, fed, words, numbers):
    assert [line[0] for line in tail(twh, *words)] == numbers


def test_two_ways_to_say_where_to_begin_are_one_too_many(twh, fed):
    assert twh("events", "tail", "--after", "1", "--since", "1h").exit_code == 2


def test_a_line_stays_one_on_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(terminal, "is_terminal", lambda _: True)

    assert len(terminal.fitted("x" * 200)) == 80
    assert terminal.fitted("short") == "short"


def test_the_bytes_of_an_event_are_found_in_a_page_however_they_are_written():
    bodies = [b'{"a": "]}, {"}', b"[1, 2.50]", '{"größe" : 1}'.encode()]

    assert feed.exact(b' { "data" : [' + b" ,\n".join(bodies) + b'] , "head": 3}') == bodies
    assert feed.exact(b'{"data":[],"next_after":0,"head":0}') == []


def test_what_is_no_page_is_told():
    with pytest.raises(ValueError, match="no page of the feed"):
        feed.exact(json.dumps({"head": 0}).encode())


def test_a_moment_is_found_in_few_requests(fed, elsewhere):
    with Client("twh_test_1", base_url="https://inventory.example.com", environment="sandbox") as client:
        assert [feed.before(client, MONDAY + timedelta(hours=hours)) for hours in (0, 1, 2, 4, 9)] == [0, 0, 1, 3, 4]


def test_a_consumer_is_shown_each_event_once_over_two_runs_and_the_server_keeps_its_place(twh, fed, elsewhere):
    place = {"sequence": None}

    def where(request):
        if place["sequence"] is None:
            return httpx.Response(404, json={"code": "checkpoint_not_found", "status": 404})
        return httpx.Response(200, json=checkpoint(place["sequence"]))

    def kept(request):
        place.update(json.loads(request.content))
        return httpx.Response(200, json=checkpoint(place["sequence"]))

    elsewhere.get("/checkpoints/shop").mock(side_effect=where)
    elsewhere.put("/checkpoints/shop").mock(side_effect=kept)
    words = ("events", "tail", "--checkpoint", "shop", "--count")

    first, second = twh(*words, "3"), twh(*words, "1")

    assert [numbers_in(ran) for ran in (first, second)] == [[1, 2, 3], [4]]
    assert place == {"sequence": 4}


def checkpoint(sequence):
    moment = MONDAY.isoformat()
    return {
        "name": "shop",
        "sequence": sequence,
        "head": 4,
        "lag": 0,
        "version": 1,
        "etag": '"cp1"',
        "updated_at": moment,
    }


def numbers_in(ran):
    return [json.loads(line)["sequence"] for line in ran.out.splitlines()]
