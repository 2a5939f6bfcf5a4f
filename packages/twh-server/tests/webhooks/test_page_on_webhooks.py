"""The page on receiving webhooks says what is done: the schedule, and the times after which something happens."""

import re
from datetime import timedelta
from pathlib import Path

from twh_server.webhooks import disabling, schedule, sending

PAGE = (Path(__file__).parents[4] / "docs" / "how-to" / "webhooks.md").read_text()
UNITS = {"second": 1, "minute": 60, "hour": 3_600}
WORDS = {3: "three", 5: "five"}


def seconds(text):
    if text == "at once":
        return 0
    number, unit = text.split()
    return int(number) * UNITS[unit.rstrip("s")]


def test_the_schedule_is_the_one_on_the_page():
    told = re.findall(r"^\| (\d+) \| (at once|\d+ \w+) \|$", PAGE, re.MULTILINE)

    assert [int(number) for number, _ in told] == list(range(1, len(schedule.WAITS_SECONDS) + 1))
    assert [seconds(wait) for _, wait in told] == list(schedule.WAITS_SECONDS)
    assert f"up to a {'tenth' if schedule.JITTER == 0.1 else schedule.JITTER} longer" in PAGE


def test_what_happens_after_how_long_is_on_the_page():
    page = " ".join(PAGE.split())

    assert f"within {sending.DEADLINE_SECONDS:.0f} seconds" in page
    assert f"nothing has arrived for {WORDS[disabling.DISABLE_AFTER.days]} days is disabled" in page
    assert f"{WORDS[disabling.WARN_AFTER.days]} days in `endpoint.disabling` warns" in page
    assert timedelta(days=1) == sending.RETRY_AFTER_MAX
    assert "a day at the most" in page
