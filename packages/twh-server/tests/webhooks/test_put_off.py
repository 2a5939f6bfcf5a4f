"""How long an endpoint may put us off: what Retry-After says, in either of its two forms, and a day at most."""

from datetime import UTC, datetime, timedelta

import pytest

from twh_server.webhooks.sending import put_off

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("86400", 86_400),
        ("86401", 86_400),
        ("9" * 5_000, 86_400),
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120),
        ("Sunday, 01-Mar-26 12:02:00 GMT", 120),
        ("Sun Mar  1 12:02:00 2026", 120),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 01 Mar 2099 12:00:00 GMT", 86_400),
    ],
)
def test_seconds_and_dates_are_understood_up_to_a_day(said, seconds):
    assert put_off(said, at=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("said", ["", "soon", "-1", "1.5", "1e3", "٣", "120, 240", "Sun, 99 Mar 2026 12:02:00 GMT"])
def test_what_is_neither_says_nothing(said):
    assert put_off(said, at=NOW) is None
