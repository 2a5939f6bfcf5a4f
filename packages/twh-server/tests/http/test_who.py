"""Who asks: no key is 401, a key without the scope is 403 and names it, and neither is told anything else."""

import pytest

from twh_server.http.operations import OPERATIONS


@pytest.fixture
def asked(things, request_of, operation):
    return request_of(operation.id)


async def test_without_a_key_nothing_is_answered(application, asked, operation, problem):
    application.headers.pop("Authorization", None)
    answer = await asked.send(application)

    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.scope], ids=lambda one: one.id)
async def test_a_key_without_the_scope_is_told_which(application, asked, operation, problem, key_with, all_scopes):
    secret = await key_with(all_scopes - {operation.scope})
    asked.headers["Authorization"] = f"Bearer {secret}"
    body = problem(await asked.send(application), 403, "scope_missing")

    assert body["scope"] == operation.scope
    assert operation.scope in body["detail"]


async def test_a_key_with_nothing_but_the_scope_will_do(application, asked, operation, key_with):
    secret = await key_with([operation.scope] if operation.scope else [])
    asked.headers["Authorization"] = f"Bearer {secret}"
    answer = await asked.send(application)

    assert answer.status_code not in (401, 403)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic {}",
        "{}",
        "Bearer {}x",
        "Bearer {} {}",
        "Bearer twh_test_" + "x" * 32,
    ],
)
async def test_what_is_no_key_is_none(http, shop, problem, authorization):
    answer = await http.get("/v1/tenant", headers={"Authorization": authorization.format(shop.secret, shop.secret)})

    problem(answer, 401, "unauthenticated")


async def test_the_scheme_is_read_in_any_case(http, shop):
    answer = await http.get("/v1/tenant", headers={"Authorization": f"bearer {shop.secret}"})

    assert answer.status_code == 200


async def test_a_stranger_is_told_nothing_about_the_request(application, problem):
    headers = {"Authorization": "Bearer nobody", "If-None-Match": "nonsense", "Accept": "text/html"}

    problem(await application.get("/v1/items/x?limit=0", headers=headers), 401, "unauthenticated")


async def test_taking_below_zero_needs_a_scope_of_its_own(application, things, key_with, all_scopes, problem):
    secret = await key_with(all_scopes - {"stock:force"})
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "k"}
    body = {"kind": "issue", "force": True, "lines": [{"item": "apples", "location": "MAIN", "quantity": "9"}]}
    refusals = [
        await application.post("/v1/movements", json=body, headers=headers),
        await application.post(f"/v1/entries/{things['entry']}/reverse", json={"force": True}, headers=headers),
    ]

    for answer in refusals:
        assert problem(answer, 403, "scope_missing")["scope"] == "stock:force"


async def test_whose_key_it_is_can_be_asked(http, shop):
    answer = (await http.get("/v1/tenant")).json()

    assert (answer["tenant"]["name"], answer["key"]["name"], answer["tenant"]["kind"]) == ("Shop", "tests", "sandbox")
    assert "secret" not in answer["key"]
