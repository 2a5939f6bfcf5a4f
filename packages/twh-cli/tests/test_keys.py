"""Keys are made, rotated and revoked; a secret is shown once, on stdout, and is never an argument."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from twh_cli import exit_codes, registry

KEY = {
    "id": "key_1",
    "name": "till 3",
    "role": None,
    "scopes": ["stock:read", "stock:write"],
    "created_at": "2026-05-10T12:00:00Z",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": "2026-05-11T08:30:00Z",
    "successor": None,
    "version": 1,
    "etag": '"ak1"',
}
MADE = {**KEY, "secret": "twh_test_shown_once"}
ENDPOINT = {
    "id": "whe_1",
    "url": "https://example.com/hook",
    "kinds": [],
    "description": "",
    "enabled": True,
    "previous_secret_until": "2026-05-12T08:30:00Z",
    "version": 2,
    "etag": '"wh2"',
    "created_at": "2026-05-10T12:00:00Z",
    "updated_at": "2026-05-11T08:30:00Z",
    "secret": "whsec_shown_once",
}


@pytest.fixture
def served(elsewhere):
    """A server with one key."""
    elsewhere.get("/api-keys").respond(json={"data": [KEY], "next_cursor": None})
    elsewhere.get("/api-keys/key_1").respond(json=KEY)
    elsewhere.post("/api-keys").respond(201, json=MADE)
    elsewhere.post("/api-keys/key_1/rotate").respond(201, json={**MADE, "id": "key_2"})
    elsewhere.post("/api-keys/key_1/revoke").respond(json={**KEY, "revoked_at": "2026-05-12T08:30:00Z"})
    elsewhere.post("/webhook-endpoints/whe_1/rotate-secret").respond(json=ENDPOINT)
    return elsewhere


def sent(served):
    return json.loads(served.calls.last.request.content)


def test_keys_are_listed_with_when_they_were_used(twh, served):
    told = twh("keys", "list", "--output", "table").out

    assert "till 3" in told
    assert "2026-05-11 08:30:00Z" in told
    assert twh("keys", "list", "--json").json == [KEY]
    assert twh("keys", "get", "key_1", "--json").json == KEY


def test_the_secret_of_a_new_key_is_shown_on_stdout_and_nowhere_else(twh, served):
    ran = twh("keys", "create", "till 3", "--scope", "stock:read", "--scope", "stock:write", "--json")

    assert ran.json["secret"] == MADE["secret"]
    assert "shown this once" in ran.err
    assert MADE["secret"] not in ran.err
    assert sent(served) == {"name": "till 3", "scopes": ["stock:read", "stock:write"]}
    assert served.calls.last.request.headers["idempotency-key"]


def test_people_see_the_secret_too(twh, served):
    assert MADE["secret"] in twh("keys", "create", "Ann", "--role", "viewer", "--output", "table").out
    assert sent(served) == {"name": "Ann", "role": "viewer"}


def test_a_key_may_end_after_a_while(twh, served):
    assert twh("keys", "create", "Ann", "--role", "viewer", "--expires", "90d").exit_code == 0

    ends = datetime.fromisoformat(sent(served)["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89) < ends < timedelta(days=91)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [([], None), (["--overlap", "30s"], 30), (["--overlap", "7d"], 604_800), (["--overlap", "0s"], 0)],
)
@pytest.mark.parametrize("what", [("keys", "rotate", "key_1"), ("webhooks", "rotate-secret", "whe_1")])
def test_what_is_rotated_goes_on_for_the_overlap(twh, served, what, words, seconds):
    ran = twh(*what, *words, "--json")

    assert sent(served) == ({} if seconds is None else {"overlap_seconds": seconds})
    assert ran.json["secret"].endswith("_shown_once")
    assert ran.json["secret"] not in ran.err


def test_a_key_is_revoked_after_a_yes(twh, served):
    unconfirmed = twh("keys", "revoke", "key_1")
    confirmed = twh("keys", "revoke", "key_1", "--yes", "--json")

    assert (unconfirmed.exit_code, unconfirmed.out) == (exit_codes.CONFIRMATION, "")
    assert confirmed.json["revoked_at"]
    assert [call.request.url.path for call in served.calls] == ["/v1/api-keys/key_1/revoke"]


@pytest.mark.parametrize(
    "words",
    [
        ["keys", "create", "Ann"],
        ["keys", "create", "Ann", "--role", "viewer", "--scope", "stock:read"],
        ["keys", "create", "--role", "viewer"],
        ["keys", "create", "Ann", "--role", "viewer", "--expires", "some day"],
        ["keys", "rotate", "key_1", "--overlap", "a while"],
        ["keys", "rotate"],
        ["webhooks", "rotate-secret", "whe_1", "--overlap", "2h ago"],
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_sent(twh, served, words):
    assert twh(*words).exit_code == exit_codes.USAGE
    assert not served.calls


@pytest.mark.parametrize(
    ("status", "code", "exit_code", "hint"),
    [
        (404, "api_key_not_found", exit_codes.NOT_FOUND, "twh keys list"),
        (409, "api_key_already_rotated", exit_codes.REFUSED, "twh keys get key_1"),
        (409, "api_key_ended", exit_codes.REFUSED, "twh keys create NAME"),
        (403, "scope_missing", exit_codes.AUTH, "twh whoami"),
        (401, "api_key_revoked", exit_codes.AUTH, "twh whoami"),
    ],
)
def test_a_refusal_has_its_exit_code_and_a_command_to_go_on_with(twh, elsewhere, status, code, exit_code, hint):
    elsewhere.post("/api-keys/key_1/rotate").respond(status, json={"code": code, "detail": "No."})

    ran = twh("keys", "rotate", "key_1", "--json")

    assert (ran.exit_code, ran.out) == (exit_code, "")
    assert ran.error["hint"].startswith(hint)


def test_no_command_takes_a_key_as_an_argument(twh):
    for command in registry.COMMANDS:
        assert "--api-key" not in twh(*command.words, "--help").out


def test_a_hint_about_the_environment_is_left_as_it_is(twh):
    assert "TWH_API_KEY" in twh("keys", "get", "key_1", "--json").error["hint"]
