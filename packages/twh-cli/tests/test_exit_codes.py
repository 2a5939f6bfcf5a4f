"""A script can rely on the exit code: one table says which fault ends with which."""

import httpx
import pytest

from twh_cli import exit_codes
from twh_cli.exit_codes import MEANINGS

STOCK_GET = ("stock", "get", "TSHIRT-M", "MAIN", "--timeout", "0.1")
RECEIVE = ("receive", "TSHIRT-M", "1", "--at", "MAIN", "--timeout", "0.1")


def problem(status: int, code: str, **facts: object) -> httpx.Response:
    body = {
        "type": f"/docs/problems#{code}",
        "title": "T",
        "status": status,
        "detail": "It is so.",
        "code": code,
        **facts,
    }
    return httpx.Response(status, json=body, headers={"content-type": "application/problem+json"})


LOST = httpx.ReadTimeout("lost")
UNREACHABLE = httpx.ConnectError("no route")
FAULTS = [
    ("no such item", STOCK_GET, problem(404, "item_not_found"), exit_codes.NOT_FOUND),
    ("no such item in a line", RECEIVE, problem(422, "item_not_found"), exit_codes.NOT_FOUND),
    ("an address that is not served", STOCK_GET, problem(404, "not_found"), exit_codes.NOT_FOUND),
    ("a key that is none", STOCK_GET, problem(401, "unauthenticated"), exit_codes.AUTH),
    ("a mistyped key", STOCK_GET, problem(401, "api_key_mistyped"), exit_codes.AUTH),
    ("a revoked key", STOCK_GET, problem(401, "api_key_revoked"), exit_codes.AUTH),
    ("a suspended tenant", RECEIVE, problem(403, "tenant_suspended"), exit_codes.AUTH),
    ("too many unknown keys", STOCK_GET, problem(429, "too_many_attempts"), exit_codes.RATE_LIMITED),
    ("a key that may not", STOCK_GET, problem(403, "scope_missing", scope="stock:read"), exit_codes.AUTH),
    ("too little stock", RECEIVE, problem(409, "insufficient_stock"), exit_codes.REFUSED),
    ("another version", RECEIVE, problem(412, "stale_version"), exit_codes.REFUSED),
    ("no sense", RECEIVE, problem(422, "invalid_entry"), exit_codes.REFUSED),
    ("a key used for something else", RECEIVE, problem(422, "idempotency_key_reused"), exit_codes.REFUSED),
    ("a code that came later", RECEIVE, problem(409, "something_new"), exit_codes.REFUSED),
    ("broken form", STOCK_GET, problem(400, "malformed_request"), exit_codes.USAGE),
    ("a method that is not allowed", STOCK_GET, problem(405, "method_not_allowed"), exit_codes.USAGE),
    ("too large", RECEIVE, problem(413, "body_too_large"), exit_codes.USAGE),
    ("too often", STOCK_GET, problem(429, "too_many_requests"), exit_codes.RATE_LIMITED),
    ("not reached", STOCK_GET, UNREACHABLE, exit_codes.NETWORK),
    ("a change that was not sent", RECEIVE, UNREACHABLE, exit_codes.NETWORK),
    ("a question whose answer was lost", STOCK_GET, LOST, exit_codes.NETWORK),
    ("a change whose answer was lost", RECEIVE, LOST, exit_codes.UNKNOWN),
    ("a proxy's error after a change", RECEIVE, httpx.Response(502, html="<h1>Bad gateway</h1>"), exit_codes.UNKNOWN),
    ("a broken server", STOCK_GET, problem(500, "internal"), exit_codes.SERVER),
    ("a full queue", RECEIVE, problem(503, "overloaded"), exit_codes.SERVER),
    ("a proxy's error", STOCK_GET, httpx.Response(502, html="<h1>Bad gateway</h1>"), exit_codes.SERVER),
    ("a login page", STOCK_GET, httpx.Response(200, html="<h1>Welcome</h1>"), exit_codes.SERVER),
    ("a redirect", STOCK_GET, httpx.Response(302, headers={"location": "https://example.org"}), exit_codes.SERVER),
]


@pytest.mark.parametrize(("words", "answer", "expected"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
@pytest.mark.parametrize("as_json", [False, True], ids=["for people", "for programs"])
def test_a_fault_has_its_exit_code(twh, elsewhere, words, answer, expected, as_json):
    answer_with(elsewhere, answer)

    ran = twh(*words, *(["--json"] if as_json else []))

    assert ran.exit_code == expected
    assert ran.out == ""
    if as_json:
        assert ran.error["exit_code"] == expected
        assert ran.error["message"]
    else:
        assert ran.err.startswith("error  ")


WRONG = [
    ("no command", ["--quiet"], exit_codes.USAGE),
    ("an unknown command", ["sell"], exit_codes.USAGE),
    ("an unknown option", ["stock", "list", "--colour"], exit_codes.USAGE),
    ("a missing argument", ["receive", "TSHIRT-M", "--at", "MAIN"], exit_codes.USAGE),
    ("a missing option", ["adjust", "TSHIRT-M", "1", "--at", "MAIN"], exit_codes.USAGE),
    ("no quantity", ["receive", "TSHIRT-M", "many", "--at", "MAIN"], exit_codes.USAGE),
    ("no time", ["entries", "list", "--since", "yesteryear"], exit_codes.USAGE),
    ("no format", ["stock", "list", "--output", "xml"], exit_codes.USAGE),
    ("no timeout", ["stock", "list", "--timeout", "soon"], exit_codes.USAGE),
    ("an option without its value", ["stock", "list", "--output"], exit_codes.USAGE),
    ("a file that is not there", ["movements", "record", "nowhere.jsonl"], exit_codes.USAGE),
    ("no key", ["stock", "list"], exit_codes.AUTH),
    ("an unknown profile", ["stock", "list", "--profile", "nowhere"], exit_codes.AUTH),
    ("unconfirmed", ["items", "archive", "TSHIRT-M"], exit_codes.CONFIRMATION),
    ("unconfirmed, and nobody may be asked", ["items", "archive", "TSHIRT-M", "--no-input"], exit_codes.CONFIRMATION),
    ("no sandbox", ["sandbox", "status", "--data-dir", "/nowhere"], exit_codes.SANDBOX),
    ("no sandbox to reset", ["sandbox", "reset", "--data-dir", "/nowhere"], exit_codes.SANDBOX),
    ("a sandbox's name that is none", ["sandbox", "up", "--name", "../x"], exit_codes.USAGE),
]


@pytest.mark.parametrize(("words", "expected"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
@pytest.mark.parametrize("as_json", [False, True], ids=["for people", "for programs"])
def test_what_never_reaches_a_server_has_its_exit_code(twh, words, expected, as_json):
    ran = twh(*words, *(["--json"] if as_json else []))

    assert ran.exit_code == expected
    assert ran.out == ""
    if as_json:
        assert ran.error["exit_code"] == expected
    else:
        assert ran.err.startswith("error  ")


def test_a_sandbox_that_is_down_is_said_to_be_down_at_once(twh, monkeypatch):
    monkeypatch.setenv("TWH_API_KEY", "twh_test_key")
    monkeypatch.setenv("TWH_BASE_URL", "http://127.0.0.1:9")

    ran = twh("stock", "list", "--json")

    assert ran.exit_code == exit_codes.SANDBOX
    assert ran.error["hint"] == "twh sandbox up"


def test_interrupted_is_130(twh, elsewhere):
    def interrupt(_):
        raise KeyboardInterrupt

    answer_with(elsewhere, interrupt)

    ran = twh(*STOCK_GET)

    assert (ran.exit_code, ran.out, ran.err) == (exit_codes.INTERRUPTED, "", "interrupted\n")


def test_what_nobody_foresaw_is_1_and_says_how_to_see_more(twh, elsewhere):
    answer_with(elsewhere, ZeroDivisionError("oh"))

    ran = twh(*STOCK_GET)

    assert ran.exit_code == exit_codes.UNEXPECTED
    assert "ZeroDivisionError" in ran.err
    assert "--debug" in ran.err


def test_the_table_is_what_help_prints(twh):
    printed = twh("help", "exit-codes").out

    assert (
        [int(line.split()[0]) for line in printed.splitlines()]
        == [code for code, _, _ in MEANINGS]
        == [*range(12), 130]
    )


def answer_with(routes, answer) -> None:
    for route in (routes.get(url__regex=".*"), routes.post(url__regex=".*")):
        if isinstance(answer, httpx.Response):
            route.mock(return_value=answer)
        else:
            route.mock(side_effect=answer)
