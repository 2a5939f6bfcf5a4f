"""Errors say what happened and what to do, and survive the way to another process."""

import json
import pickle
import re
from datetime import UTC, datetime

import pytest

from twh import errors
from twh.errors import problems, tree
from twh.errors.reading import read_error

ADDRESS = "http://127.0.0.1:8750"


def read(status, body=b"", **headers):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_error(status, {name.replace("_", "-"): value for name, value in headers.items()}, text, ADDRESS)


def problem(status, code, **facts):
    return read(status, {"type": f"/docs/problems#{code}", "title": "T", "detail": "d", "code": code, **facts})


def test_a_problem_is_the_class_of_its_code_with_its_facts():
    error = problem(409, "insufficient_stock", line=2, available="1.50", requested="3", request_id="req_1")

    assert isinstance(error, errors.InsufficientStock)
    assert isinstance(error, errors.Conflict)
    assert (error.line, str(error.available), str(error.requested)) == (2, "1.50", "3")
    assert error.docs_url == f"{ADDRESS}/docs/problems#insufficient_stock"
    assert "force=True" in error.hint
    assert str(error) == "d [409 insufficient_stock, request req_1]"


def test_a_missing_fact_is_none():
    assert problem(409, "insufficient_stock").available is None


def test_an_unknown_code_is_the_class_of_its_status():
    error = problem(409, "moon_in_wrong_phase")

    assert type(error) is errors.Conflict
    assert error.code == "moon_in_wrong_phase"


@pytest.mark.parametrize(
    ("status", "kind"), [(418, errors.APIError), (599, errors.ServerError), (302, errors.Redirected)]
)
def test_an_unknown_status_is_the_class_of_its_hundred(status, kind):
    assert type(read(status)) is kind


def test_all_that_is_wrong_is_listed():
    wrong = [{"pointer": "/lines/0/item", "code": "item_not_found", "message": "no item X"}]

    assert problem(422, "item_not_found", errors=wrong).errors == (
        errors.ErrorDetail(pointer="/lines/0/item", code="item_not_found", message="no item X"),
    )


def wrong_lines(number):
    return [
        {"pointer": f"/lines/{line}/item", "code": "item_not_found", "message": f"no {line}"} for line in range(number)
    ]


def test_several_errors_are_named_with_their_places():
    told = str(problem(422, "invalid_entry", errors=wrong_lines(2)))

    assert told.splitlines() == ["d [422 invalid_entry]", "  /lines/0/item: no 0", "  /lines/1/item: no 1"]


def test_one_error_is_named_with_its_place():
    assert str(problem(422, "item_not_found", errors=wrong_lines(1))) == "d [422 item_not_found at /lines/0/item]"


def test_a_thousand_errors_do_not_fill_the_screen():
    told = str(problem(422, "invalid_entry", errors=wrong_lines(1000))).splitlines()

    assert len(told) == 12
    assert told[-1] == "  and 990 more in .errors"


def test_a_name_that_cannot_stand_in_an_address_is_a_value_error_of_ours():
    assert issubclass(errors.UnusableName, (errors.TwhError, ValueError))
    assert isinstance(pickle.loads(pickle.dumps(errors.UnusableName("no", hint="h"))), ValueError)


def test_one_sort_of_wrong_lines_is_an_invalid_entry_too():
    assert isinstance(problem(422, "reason_required"), errors.InvalidEntry)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"code": 5}', b'{"code": '])
def test_a_body_that_is_no_problem_still_is_an_error(body):
    error = read(502, body, content_type="text/html")

    assert error.code == "http_502"
    assert error.errors == ()


@pytest.mark.parametrize("wrong", [5, "text", [5, None, "x"], {"a": 1}])
def test_malformed_details_are_left_out(wrong):
    assert problem(422, "invalid_entry", errors=wrong).errors == ()


@pytest.mark.parametrize(("header", "seconds"), [("3", 3), ("0.5", 0.5), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)])
def test_retry_after_is_seconds_or_a_date(header, seconds):
    assert read(429, retry_after=header).retry_after == seconds


@pytest.mark.parametrize("header", ["", "soon", "-5", "１"])
def test_a_retry_after_that_is_neither_is_none(header):
    assert read(429, retry_after=header).retry_after is None


def test_every_error_pickles():
    for name in [*problems.__all__, *tree.__all__]:
        kind = getattr(errors, name)
        if not (isinstance(kind, type) and issubclass(kind, errors.TwhError)) or kind is errors.WebhookRejected:
            continue
        error = kind(
            "message", code="c", status=409, request_id="r", idempotency_key="k", attempts=2, hint="h", docs_url="d"
        )

        copy = pickle.loads(pickle.dumps(error))

        assert type(copy) is kind
        assert copy.__dict__ == error.__dict__
        assert str(copy) == str(error)


def test_a_refused_webhook_pickles():
    assert pickle.loads(pickle.dumps(errors.WebhookRejected("no", check="no_match"))).check == "no_match"


def test_facts_pickle():
    assert pickle.loads(pickle.dumps(problem(412, "stale_version", version=3, etag='"v3"'))).version == 3


def test_every_error_has_all_attributes():
    error = errors.OutcomeUnknown("lost")

    for name in ("message", "code", "status", "request_id", "idempotency_key", "hint", "docs_url"):
        assert hasattr(error, name)
    assert error.attempts == 0
    assert error.errors == ()


def test_the_code_of_a_class_is_its_name():
    for code, kind in problems.BY_CODE.items():
        assert re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower() == code


def test_what_a_problem_tells_has_its_type():
    error = problem(401, "api_key_expired", key="key_1", expired_at="2026-05-10T12:00:00Z", successor=None)

    assert isinstance(error, errors.ApiKeyExpired)
    assert error.expired_at == datetime(2026, 5, 10, 12, tzinfo=UTC)
    assert (error.key, error.successor) == ("key_1", None)
    assert problem(401, "api_key_expired", expired_at="soon").expired_at is None


def test_the_hint_is_what_the_catalogue_says_where_we_say_nothing_better():
    assert "force=True" in problem(409, "insufficient_stock").hint
    assert problem(409, "too_many_endpoints").hint == " ".join(
        errors.TooManyEndpoints.__doc__.partition("\n\n")[2].split()
    )
    assert problem(422, "moon_in_wrong_phase").hint.startswith("Look at .errors")


def test_every_class_says_what_happened_and_what_to_do():
    for kind in problems.BY_CODE.values():
        title, _, what_to_do = kind.__doc__.strip().partition("\n\n")

        assert title.endswith("."), kind
        assert what_to_do, kind
