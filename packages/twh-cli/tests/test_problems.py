"""An error is told in four lines that help, or as an object that a program reads."""

import httpx
import pytest

from twh import errors
from twh_cli import problems

REFUSAL = {
    "type": "/docs/problems#insufficient_stock",
    "title": "There is not enough stock to take.",
    "status": 409,
    "detail": "Only 3 of TSHIRT-M at MAIN is available.",
    "code": "insufficient_stock",
    "request_id": "req_1",
    "line": 0,
    "available": "3",
    "requested": "50",
}
ISSUE = ("issue", "TSHIRT-M", "50", "--at", "MAIN", "--idempotency-key", "order-1")


@pytest.fixture
def refused(elsewhere):
    elsewhere.post("/movements").respond(409, json=REFUSAL)


def test_four_lines_say_what_and_what_to_do_and_where_to_read_and_which(twh, refused):
    assert twh(*ISSUE).err.splitlines() == [
        "error  Only 3 of TSHIRT-M at MAIN is available. (line 0, requested 50)",
        "hint   twh stock list --item TSHIRT-M",
        "docs   https://inventory.example.com/docs/problems#insufficient_stock",
        "ref    request req_1, key order-1",
    ]


def test_a_program_gets_an_object_with_the_facts(twh, refused):
    error = twh(*ISSUE, "--json").error

    assert error["code"] == "insufficient_stock"
    assert error["available"] == "3"
    assert error["status"] == 409
    assert error["idempotency_key"] == "order-1"


def test_all_that_is_wrong_is_named(twh, elsewhere):
    wrong = [
        {"pointer": f"/lines/{line}/item", "code": "item_not_found", "message": f"no {line}"} for line in range(25)
    ]
    elsewhere.post("/movements").respond(
        422, json={"code": "invalid_entry", "detail": "Much is wrong.", "errors": wrong}
    )

    told = twh(*ISSUE).err.splitlines()

    assert told[1] == "       /lines/0/item no 0"
    assert "… and 5 more" in told[21]


def test_an_unknown_outcome_says_how_to_settle_it(twh, elsewhere):
    elsewhere.post("/movements").mock(side_effect=httpx.ReadTimeout("lost"))

    told = twh(*ISSUE, "--timeout", "0.1").err

    assert "hint   twh retry order-1   (settles it; nothing is recorded twice)" in told


def test_where_nothing_can_be_kept_the_command_itself_settles_it(twh, elsewhere, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    elsewhere.post("/movements").mock(side_effect=httpx.ReadTimeout("lost"))

    ran = twh("receive", "TSHIRT-M", "1", "--at", "MAIN", "--timeout", "0.1", "--json")

    assert f"--idempotency-key {ran.error['idempotency_key']}" in ran.error["hint"]


def test_what_the_server_says_cannot_move_the_cursor(twh, elsewhere):
    elsewhere.get("/items/X").respond(404, json={"code": "item_not_found", "detail": "No \x1b[2Jitem"})

    assert "\x1b" not in twh("items", "get", "X").err


def test_every_error_of_the_sdk_has_an_exit_code():
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.TwhError)}

    without = {kind for kind in kinds if problems.exit_code_of(kind("x")) == 1}

    assert without == {errors.TwhError}


@pytest.mark.parametrize("words", [["--debug", *ISSUE], [*ISSUE, "--debug"]])
def test_debug_shows_where_it_came_from(twh, refused, words):
    assert "Traceback" in twh(*words).err
