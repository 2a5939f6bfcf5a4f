"""Settings by name and value, and a line for each change in the audit log."""

import json

import pytest

SETTINGS = {
    "occurred_at_back_days": None,
    "occurred_at_ahead_minutes": 5,
    "oversell": False,
    "adjustment_reasons": ["damaged", "lost in transit"],
    "reason_required": [],
    "idempotency_key_days": 7,
    "event_days": None,
    "version": 2,
    "etag": '"se2"',
    "updated_at": "2026-05-10T12:00:00Z",
}
CHANGE = {
    "id": "evt_1",
    "type": "settings.updated",
    "timestamp": "2026-05-10T12:00:00.5Z",
    "sequence": 42,
    "actor": {"key": "key_1", "name": "back office"},
    "subject": "ten_1",
    "data": SETTINGS,
    "previous": {"oversell": True, "idempotency_key_days": 3},
}


@pytest.fixture
def served(elsewhere):
    elsewhere.get("/settings").respond(json=SETTINGS)
    elsewhere.get("/audit-log").respond(json={"data": [CHANGE], "next_cursor": None})
    return elsewhere.patch("/settings").respond(json=SETTINGS)


def sent(route):
    return json.loads(route.calls.last.request.content)


def test_settings_are_shown(twh, served):
    assert twh("settings", "get", "--json").json == SETTINGS
    assert "lost in transit" in twh("settings", "get", "--output", "table").out


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["oversell", "true"], {"oversell": True}),
        (["oversell", "No"], {"oversell": False}),
        (["idempotency_key_days", "30"], {"idempotency_key_days": 30}),
        (["adjustment_reasons", "damaged", "lost in transit"], {"adjustment_reasons": ["damaged", "lost in transit"]}),
        (
            ["adjustment_reasons", "damaged,lost in transit, ", "found"],
            {"adjustment_reasons": ["damaged", "lost in transit", "found"]},
        ),
        (["reason_required", "receipt,issue"], {"reason_required": ["receipt", "issue"]}),
        (["reason_required", "receipt"], {"reason_required": ["receipt"]}),
        (["adjustment_reasons", "default"], {"adjustment_reasons": None}),
        (["oversell", "default"], {"oversell": None}),
        (["occurred_at_back_days", "any"], {"occurred_at_back_days": None}),
        (["occurred_at_back_days", "0"], {"occurred_at_back_days": 0}),
    ],
)
def test_a_setting_is_set_by_its_name_and_values(twh, served, words, body):
    ran = twh("settings", "set", *words, "--if-match", '"se2"')

    assert (ran.exit_code, sent(served)) == (0, body)
    assert served.calls.last.request.headers["if-match"] == '"se2"'
    assert f"{words[0]} is set." in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ["colour", "red"],
        ["oversell"],
        ["oversell", "perhaps"],
        ["oversell", "true", "false"],
        ["idempotency_key_days", "many"],
        ["idempotency_key_days", "-1"],
        ["occurred_at_back_days", "default"],
    ],
)
def test_what_is_no_value_is_said_before_anything_is_sent(twh, served, words):
    assert twh("settings", "set", *words).exit_code == 2
    assert not served.called


def test_an_unknown_setting_is_told_with_those_that_there_are(twh, served):
    assert "There are: occurred_at_back_days, " in twh("settings", "set", "colour", "red").err


def test_a_change_is_a_line_that_says_when_who_what_and_which_values(twh, served):
    line = twh("audit", "list", "--output", "table").out.splitlines()[1].split()

    assert line[:5] == ["2026-05-10", "12:00:00Z", "back", "office", "settings.updated"]
    assert "oversell, idempotency_key_days" in twh("audit", "list", "--output", "table").out


def test_programs_get_the_change_as_it_was_sealed(twh, served):
    (change,) = twh("audit", "list", "--json").json

    assert (change["sequence"], change["actor"]["name"], change["previous"]) == (42, "back office", CHANGE["previous"])
    assert "who" not in change


def test_filters_travel_as_they_are_called(twh, served, elsewhere):
    twh(
        "audit",
        "list",
        "--actor",
        "key_1",
        "--kind",
        "item.updated",
        "--subject",
        "itm_1",
        "--until",
        "2026-05-10T00:00:00Z",
    )
    asked = elsewhere.calls.last.request.url.params

    assert {name: asked[name] for name in ("actor", "kind", "subject")} == {
        "actor": "key_1",
        "kind": "item.updated",
        "subject": "itm_1",
    }


def test_what_the_operator_did_has_no_key(twh, elsewhere):
    tenant = {"id": "ten_1", "name": "Shop", "kind": "live", "created_at": "2026-05-10T12:00:00Z"}
    told = {**CHANGE, "type": "tenant.suspended", "data": tenant, "previous": {"state": "active"}}
    del told["actor"]
    elsewhere.get("/audit-log").respond(json={"data": [told], "next_cursor": None})

    assert "(the operator)" in twh("audit", "list", "--output", "table").out
