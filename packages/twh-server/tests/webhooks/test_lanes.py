"""Order: a delivery waits for an earlier one that shares a lane with it, and for nothing else."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twh_server.webhooks.lanes import Pending, whose_turn

NOW = datetime(2026, 7, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
APPLES, PEARS = uuid4(), uuid4()


def pending(*lanes, at=NOW):
    return Pending(delivery=uuid4(), lanes=lanes, next_attempt_at=at)


def test_of_each_lane_the_first_has_its_turn():
    first, second, other = pending(APPLES), pending(APPLES), pending(PEARS)

    turn = whose_turn([first, second, other], room=10, now=NOW)

    assert turn.deliveries == [first.delivery, other.delivery]
    assert turn.idle_until is None


def test_what_waits_for_its_retry_keeps_its_lane_waiting():
    waiting, behind, other = pending(APPLES, at=LATER), pending(APPLES), pending(PEARS)

    turn = whose_turn([waiting, behind, other], room=10, now=NOW)

    assert turn.deliveries == [other.delivery]
    assert turn.idle_until == LATER


def test_what_is_in_two_lanes_waits_for_both_and_is_waited_for_in_both():
    waiting, both, behind = pending(APPLES, at=LATER), pending(APPLES, PEARS), pending(PEARS)

    assert whose_turn([waiting, both, behind], room=10, now=NOW).deliveries == []


def test_what_is_in_no_lane_waits_for_nobody():
    waiting, free = pending(APPLES, at=LATER), pending()

    assert whose_turn([waiting, free], room=10, now=NOW).deliveries == [free.delivery]


@pytest.mark.parametrize("room", [0, 1])
def test_without_room_for_all_it_is_due_again_at_once(room):
    apples, pears = pending(APPLES), pending(PEARS)

    turn = whose_turn([apples, pears], room=room, now=NOW)

    assert turn.deliveries == [apples.delivery, pears.delivery][:room]
    assert turn.idle_until == NOW


LANES = [uuid4() for _ in range(4)]
WAITING = st.lists(st.tuples(st.sets(st.sampled_from(LANES), max_size=3), st.booleans()), max_size=30)


@given(WAITING, st.integers(0, 10))
def test_no_two_of_one_lane_go_at_once_and_none_before_an_earlier_one(drawn, room):
    ones = [pending(*lanes, at=NOW if due else LATER) for lanes, due in drawn]

    chosen = set(whose_turn(ones, room=room, now=NOW).deliveries)

    assert len(chosen) <= room
    for place, one in enumerate(ones):
        if one.delivery in chosen:
            assert one.next_attempt_at <= NOW
            assert all(set(one.lanes).isdisjoint(earlier.lanes) for earlier in ones[:place])
