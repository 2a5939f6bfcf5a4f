"""Problems: one table knows every refusal, and whatever is asked, what is refused is told in one form."""

import re

import pytest

from twh_server.access.keys import digest_of
from twh_server.http import problems
from twh_server.http.operations import OPERATIONS
from twh_server.refusals import Refusal, code_of, title_of


def every_refusal(kind=Refusal):
    for below in kind.__subclasses__():
        if below.__module__.startswith("twh_server."):
            yield below
        yield from every_refusal(below)


REFUSALS = sorted(set(every_refusal()), key=lambda kind: kind.__name__)


def test_every_refusal_has_a_status_and_nothing_else_has_one():
    assert set(problems.STATUS) == set(REFUSALS)


def test_no_refusal_is_a_success_or_a_redirect():
    assert all(400 <= status < 600 for status in problems.STATUS.values())


def test_every_code_is_of_one_refusal():
    codes = [code_of(kind) for kind in REFUSALS]

    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("kind", REFUSALS, ids=code_of)
def test_a_title_is_one_sentence_without_its_full_stop(kind):
    title = title_of(kind)

    assert kind.__doc__
    assert title[0].isupper()
    assert title[-1] not in ".!"
    assert len(title) < 80


@pytest.mark.parametrize("kind", REFUSALS, ids=code_of)
def test_a_code_is_words_in_snake_case(kind):
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code_of(kind))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_what_an_operation_says_it_refuses_is_in_the_table(operation):
    assert set(operation.refusals) <= set(problems.STATUS)


@pytest.mark.parametrize("name", ["type", "title", "status", "code", "request_id"])
def test_no_fact_may_hide_what_every_problem_says(name):
    with pytest.raises(TypeError, match=name):
        Refusal("It cannot be.", **{name: "something else"})


async def test_every_code_has_its_place_in_the_catalogue(http):
    page = (await http.get("/docs/problems")).text

    assert [code for code in problems.codes() if f'id="{code}"' not in page] == []


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v2/items", "/v1/items/x/y", "/v1/Items", "/%00"])
async def test_where_nothing_is_served_a_problem_says_so(http, problem, path):
    problem(await http.get(path), 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_history_has_no_method_that_edits_it(http, things, problem, method):
    paths = {
        "/v1/movements": {"GET", "HEAD", "POST"},
        f"/v1/movements/{things['movement']}": {"GET", "HEAD"},
        "/v1/entries": {"GET", "HEAD"},
        f"/v1/entries/{things['entry']}": {"GET", "HEAD"},
    }
    for path, methods in paths.items():
        answer = await http.request(method, path)
        problem(answer, 405, "method_not_allowed")
        allowed = {one.strip() for one in answer.headers["allow"].split(",")}
        assert allowed - {"OPTIONS"} == methods


async def test_every_answer_has_a_request_id_of_its_own(http, things):
    paths = ["/v1/items", "/v1/items/apples", "/v1/nothing", "/v1/items/nothing", "/v1/items?limit=0", "/v1/tenant"]
    ids = [(await http.get(path)).headers["twh-request-id"] for path in paths * 3]

    assert len(set(ids)) == len(ids)
    assert all(one.startswith("req_") for one in ids)


async def test_a_problem_names_the_facts_that_a_client_acts_on(http, things, problem):
    body = {"kind": "issue", "lines": [{"item": "apples", "location": "MAIN", "quantity": "9"}]}
    answer = problem(await http.post("/v1/movements", json=body, headers={"Idempotency-Key": "k"}), 409)

    assert (answer["code"], answer["line"], answer["available"], answer["requested"]) == (
        "insufficient_stock",
        0,
        "5",
        "9",
    )
    assert answer["errors"][0]["pointer"] == "/lines/0/quantity"


async def test_a_key_is_never_told_in_a_problem(http, shop, problem):
    answer = await http.get("/v1/items?nonsense=1")

    assert problem(answer)
    assert shop.secret not in answer.text
    assert digest_of(shop.secret).hex() not in answer.text
