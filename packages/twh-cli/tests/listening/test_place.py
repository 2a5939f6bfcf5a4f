"""`twh listen`: where it begins, what it keeps of each target, and for whom."""

import threading

import pytest

import twh as sdk
from twh_cli.commands.listen import address
from twh_cli.listening import forwarding
from twh_cli.problems import WronglyTyped


def test_the_first_start_begins_with_what_comes_and_the_next_ones_where_the_last_one_was(twh, feed, target):
    twh("listen", "--forward-to", target.url, "--from", "2", "--count", "1")
    feed.add()
    feed.add()

    ran = twh("listen", "--forward-to", target.url, "--count", "2")

    assert target.ids == ["evt_3", "evt_4", "evt_5"]
    assert "after number 3" in ran.err


def test_a_first_start_begins_with_what_happens_from_now_on(twh, feed, target):
    feed.later.append(feed.pop())

    ran = twh("listen", "--forward-to", target.url, "--count", "1")

    assert "after number 2" in ran.err
    assert target.ids == ["evt_3"]


def test_the_secret_is_told_once_and_stays_the_same(twh, feed, target, secret_of):
    first = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1")
    second = twh("listen", "--forward-to", target.url, "--count", "1")
    secret = secret_of(target.url)

    assert f"signed with {secret}" in first.err
    assert secret not in second.err
    assert secret.startswith("whsec_")


def test_a_secret_of_the_environment_signs(twh, feed, target, monkeypatch):
    secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    monkeypatch.setenv("TWH_WEBHOOK_SECRET", secret)

    ran = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1")

    headers, body = target.arrived[0]
    assert sdk.webhooks.verify(body, headers, secret=secret)
    assert secret not in ran.err


def test_a_secret_of_the_environment_that_is_none_is_said_to_be_none(twh, feed, target, monkeypatch):
    monkeypatch.setenv("TWH_WEBHOOK_SECRET", "whsec_ü")

    ran = twh("listen", "--forward-to", target.url, "--json")

    assert (ran.exit_code, ran.error["hint"]) == (2, "unset TWH_WEBHOOK_SECRET")


def test_two_that_forward_to_one_target_are_one_too_many(twh, feed, target, monkeypatch):
    refused = []
    sleeping = threading.Event()

    def second(_):
        refused.append(twh("listen", "--forward-to", target.url, "--json").error["code"])
        sleeping.set()

    monkeypatch.setattr(forwarding.Forwarder, "forward", lambda self, *_: second(self))
    twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1")

    assert sleeping.is_set()
    assert refused == ["already_forwarded"]


def test_a_place_that_cannot_be_read_is_named_and_nothing_is_skipped(twh, feed, target, own_home):
    twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1")
    (kept,) = (own_home / "state" / "twh" / "listen").glob("*.json")
    kept.write_text("{")

    ran = twh("listen", "--forward-to", target.url, "--json")

    assert (ran.exit_code, ran.error["code"]) == (2, "file_unusable")
    assert str(kept) in ran.error["hint"]
    assert target.ids == ["evt_1"]


def test_what_is_kept_is_its_owners(twh, feed, target, own_home, secret_of):
    secret_of(target.url)

    (kept,) = (own_home / "state" / "twh" / "listen").glob("*.json")
    assert kept.stat().st_mode & 0o077 == 0


def test_what_a_kill_left_half_written_is_cleared_away(twh, feed, target, own_home, secret_of):
    secret_of(target.url)
    (kept,) = (own_home / "state" / "twh" / "listen").glob("*.json")
    half = kept.with_name(f".{kept.stem}-abc")
    half.write_text("{")

    twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1")

    assert not half.exists()


def test_without_a_home_it_is_said_that_no_place_can_be_kept(twh, feed, target, monkeypatch):
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr("pathlib.Path.home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))

    assert "XDG_STATE_HOME" in twh("listen", "--forward-to", target.url, "--json").error["hint"]


@pytest.mark.parametrize("begin", ["4", "yesterday", "-1"])
def test_a_place_that_is_none_is_refused(twh, feed, target, begin):
    assert twh("listen", "--forward-to", target.url, "--from", begin).exit_code == 2


def test_a_moment_is_found_in_the_feed(twh, feed, target):
    twh("listen", "--forward-to", target.url, "--since", "2026-01-05T08:29:00Z", "--count", "3")
    ran = twh("listen", "--forward-to", target.url, "--since", "1h", "--print-secret")

    assert ran.exit_code == 0
    assert target.ids == ["evt_1", "evt_2", "evt_3"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("4242", "http://localhost:4242"),
        ("localhost:4242/hook", "http://localhost:4242/hook"),
        ("https://shop.test/hook?a=1", "https://shop.test/hook?a=1"),
    ],
)
def test_an_address_is_meant_as_people_mean_it(typed, meant):
    assert address(typed) == meant


@pytest.mark.parametrize("typed", ["", "ftp://shop.test", "http://", "localhost:99999", "0"])
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(WronglyTyped):
        address(typed)
