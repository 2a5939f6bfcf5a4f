"""A bucket allows so many at once, fills evenly, and says truly when to come back."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twh_server.access.rates import Buckets, Rate

KEY, OTHER = uuid4(), uuid4()


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def buckets(clock):
    """Six requests a minute: one each ten seconds."""
    return Buckets(Rate(requests=6, seconds=60), clock=clock)


def allowed(buckets, times, key=KEY):
    return [buckets.take(key).allowed for _ in range(times)]


def test_so_many_are_allowed_at_once_and_not_one_more(buckets):
    assert allowed(buckets, 8) == [True] * 6 + [False] * 2


def test_what_is_refused_costs_nothing(buckets, clock):
    allowed(buckets, 100)
    clock.now += 10

    assert allowed(buckets, 2) == [True, False]


def test_it_fills_evenly_and_never_above_its_edge(buckets, clock):
    allowed(buckets, 6)
    clock.now += 25
    assert allowed(buckets, 3) == [True, True, False]

    clock.now += 100_000
    assert allowed(buckets, 7) == [True] * 6 + [False]


def test_keys_do_not_share_a_bucket(buckets):
    allowed(buckets, 6)

    assert allowed(buckets, 1, OTHER) == [True]


def test_it_tells_how_much_is_left_and_when_it_is_full(buckets, clock):
    taken = [buckets.take(KEY) for _ in range(7)]

    assert [one.remaining for one in taken] == [5, 4, 3, 2, 1, 0, 0]
    assert [one.full_seconds for one in taken] == [10, 20, 30, 40, 50, 60, 60]
    assert [one.retry_seconds for one in taken] == [0] * 6 + [10]


def test_a_clock_that_stands_still_or_is_behind_gives_nothing(buckets, clock):
    allowed(buckets, 6)

    assert allowed(buckets, 3) == [False] * 3


def test_only_so_many_buckets_are_kept_and_the_longest_idle_goes(clock):
    buckets = Buckets(Rate(requests=1, seconds=60), kept_max=2, clock=clock)
    keys = [uuid4() for _ in range(3)]

    assert [buckets.take(key).allowed for key in keys] == [True] * 3
    assert [buckets.take(key).allowed for key in reversed(keys)] == [False, False, True]


@given(
    st.integers(1, 50),
    st.integers(1, 100),
    st.lists(st.tuples(st.floats(0, 100), st.integers(1, 20)), max_size=30),
)
def test_over_any_time_no_more_is_allowed_than_the_bucket_and_what_flowed_in(requests, seconds, steps):
    clock = Clock()
    rate = Rate(requests=requests, seconds=seconds)
    buckets = Buckets(rate, clock=clock)
    begun, count = clock.now, 0
    for pause, times in steps:
        clock.now += pause
        count += sum(allowed(buckets, times))

        assert count <= requests + (clock.now - begun) * rate.per_second + 1e-6


@given(st.integers(1, 1_000), st.integers(1, 1_000), st.integers(1, 50))
def test_whoever_comes_back_when_told_is_let_in(requests, seconds, rounds):
    clock = Clock()
    buckets = Buckets(Rate(requests=requests, seconds=seconds), clock=clock)
    allowed(buckets, requests)
    for _ in range(rounds):
        taken = buckets.take(KEY)
        clock.now += taken.retry_seconds + 1e-6

        assert taken.allowed or buckets.take(KEY).allowed
