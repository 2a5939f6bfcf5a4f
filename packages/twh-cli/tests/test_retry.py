"""A change whose answer was lost is kept, and `twh retry` sends exactly that again."""

import json
import stat

import httpx
import pytest

from twh_cli import unsettled
from twh_cli.folders import state_folder

RECEIVE = ("receive", "TSHIRT-M", "1.50", "--at", "MAIN", "--reference", "PO-77", "--timeout", "0.1", "--key", "po-77")
REFUSAL = {"code": "insufficient_stock", "detail": "Too little.", "status": 409}


@pytest.fixture
def lost(twh, elsewhere):
    """A receipt whose answer was lost."""
    route = elsewhere.post("/movements").mock(side_effect=httpx.ReadTimeout("lost"))
    assert twh(*RECEIVE).exit_code == 8
    return route


def kept():
    return list((state_folder() / "unsettled").glob("*"))


def test_the_very_same_request_is_sent_again(twh, lost):
    lost.mock(side_effect=None, return_value=httpx.Response(201, json={"id": "ent_1"}))

    ran = twh("retry", "po-77", "--json")

    first, last = lost.calls[0].request, lost.calls.last.request
    assert ran.exit_code == 0
    assert ran.json == {"id": "ent_1"}
    assert last.content == first.content
    assert last.headers["idempotency-key"] == first.headers["idempotency-key"] == "po-77"
    assert "is done now" in ran.err
    assert kept() == []


def test_what_had_been_recorded_is_said_to_have_been(twh, lost):
    answer = httpx.Response(201, json={"id": "ent_1"}, headers={"idempotent-replayed": "true"})
    lost.mock(side_effect=None, return_value=answer)

    assert "It had been recorded" in twh("retry", "po-77").err


def test_a_refusal_settles_it_too(twh, lost):
    lost.mock(side_effect=None, return_value=httpx.Response(409, json=REFUSAL))

    assert twh("retry", "po-77").exit_code == 5
    assert kept() == []


def test_while_nobody_knows_it_stays(twh, lost):
    ran = twh("retry", "po-77", "--timeout", "0.1")

    assert ran.exit_code == 8
    assert "hint   twh retry po-77" in ran.err
    assert len(kept()) == 1


def test_the_same_command_with_its_key_settles_it_as_well(twh, lost):
    lost.mock(side_effect=None, return_value=httpx.Response(409, json=REFUSAL))

    twh(*RECEIVE)

    assert kept() == []


def test_what_is_kept_has_no_api_key_and_is_its_owners(twh, elsewhere, monkeypatch):
    monkeypatch.setenv("TWH_API_KEY", "twh_test_verysecret")
    elsewhere.post("/movements").mock(side_effect=httpx.ReadTimeout("lost"))
    twh("api", "POST", "movements", "-f", "a=b", "-H", "Cookie: mine", "-H", "X-A: 1", "--timeout", "0.1")

    (file,) = kept()
    told = json.loads(file.read_text())
    assert "verysecret" not in file.read_text()
    assert told["headers"] == {"X-A": "1"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_another_address_is_not_sent_it(twh, lost, monkeypatch):
    monkeypatch.setenv("TWH_BASE_URL", "https://other.example.com")
    calls = lost.call_count

    ran = twh("retry", "po-77")

    assert ran.exit_code == 2
    assert "It was sent to https://inventory.example.com" in ran.err
    assert lost.call_count == calls


def test_another_key_is_asked_about(twh, lost, monkeypatch):
    monkeypatch.setenv("TWH_API_KEY", "twh_test_another")
    lost.mock(side_effect=None, return_value=httpx.Response(201, json={"id": "ent_1"}))

    assert twh("retry", "po-77").exit_code == 10
    assert twh("retry", "po-77", "--yes").exit_code == 0


def test_without_a_kept_request_the_server_is_asked(twh, elsewhere):
    record = {
        "key": "k",
        "status": 201,
        "headers": {},
        "body": {"id": "ent_1"},
        "entry": "ent_1",
        "recorded_at": "2026-05-10T12:00:00Z",
    }
    elsewhere.get("/idempotency-keys/k").respond(json=record)

    assert twh("retry", "k", "--json").json["entry"] == "ent_1"


def test_a_key_that_nobody_knows_stays_unknown(twh, elsewhere):
    elsewhere.get("/idempotency-keys/k").respond(404, json={"code": "idempotency_key_not_found", "detail": "No."})

    ran = twh("retry", "k", "--json")

    assert ran.exit_code == 8
    assert "--idempotency-key" in ran.error["hint"]


def test_interrupted_while_it_was_sent_it_is_kept_as_well(twh, elsewhere):
    def interrupt(_):
        raise KeyboardInterrupt

    elsewhere.post("/movements").mock(side_effect=interrupt)

    ran = twh(*RECEIVE)

    assert ran.exit_code == 130
    assert "twh retry po-77" in ran.err
    assert len(kept()) == 1


def test_there_are_never_too_many(monkeypatch, twh, elsewhere):
    monkeypatch.setattr(unsettled, "KEPT_MAX", 2)
    elsewhere.post("/items").mock(side_effect=httpx.ReadTimeout("lost"))

    for key in ("a", "b", "c"):
        twh("items", "create", "A", "--name", "A", "--timeout", "0.1", "--key", key)

    assert unsettled.find("a") is None
    assert unsettled.find("c").body == {"sku": "A", "name": "A"}


@pytest.mark.parametrize("text", ["{", "[]", '{"key": "po-77"}', "null"])
def test_a_file_that_is_not_ours_is_nothing(twh, lost, elsewhere, text):
    elsewhere.get("/idempotency-keys/po-77").respond(404, json={"code": "idempotency_key_not_found", "detail": "No."})
    kept()[0].write_text(text)

    assert twh("retry", "po-77").exit_code == 8
