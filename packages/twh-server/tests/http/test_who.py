"""Who asks: no key is 401, a key without the scope is 403 and names it, and neither is told anything else."""

import httpx
import pytest

from twh_server.access.attempts import ATTEMPTS_AT_ONCE
from twh_server.access.key_form import new_secret
from twh_server.access.sealing import Sealer
from twh_server.app import build, open_rooms
from twh_server.events.bell import Bell
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


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {} {}"])
async def test_what_sends_no_key_is_asked_for_one(http, shop, problem, authorization):
    answer = await http.get("/v1/tenant", headers={"Authorization": authorization.format(shop.secret, shop.secret)})

    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="twh"'


@pytest.mark.parametrize("mistyped", ["x", "{}x", "twh_test_" + "x" * 38, "twh_test_" + "x" * 31])
async def test_a_typo_is_told_from_an_unknown_key(http, shop, problem, mistyped):
    answer = await http.get("/v1/tenant", headers={"Authorization": f"Bearer {mistyped.format(shop.secret)}"})

    problem(answer, 401, "api_key_mistyped")
    assert answer.headers["www-authenticate"] == 'Bearer realm="twh", error="invalid_token"'


async def test_a_key_that_nobody_made_is_unknown(http, problem):
    answer = await http.get("/v1/tenant", headers={"Authorization": f"Bearer {new_secret('live')}"})

    problem(answer, 401, "api_key_unknown")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("ended", "code"), [("revoked_at = now()", "api_key_revoked"), ("expires_at = now()", "api_key_expired")]
)
async def test_who_holds_an_ended_key_is_told_how_it_ended(
    application, things, key_with, problem, superuser, ended, code
):
    secret = await key_with(["items:read"])
    await superuser.execute(f"update api_keys set {ended} where digest = sha256(%s)", (secret.encode(),))
    answer = await application.get("/v1/items", headers={"Authorization": f"Bearer {secret}"})

    assert problem(answer, 401, code)["key"].startswith("key_")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_who_guesses_is_slowed_and_a_key_that_works_is_not(database, shop, problem):
    transport = httpx.ASGITransport(app=build(open_rooms(database, Bell(), Sealer(bytes(32)))))
    async with httpx.AsyncClient(transport=transport, base_url="http://twh.test") as client:
        assert (await client.get("/v1/tenant", headers=shop.headers)).status_code == 200
        guesses = [
            await client.get("/v1/tenant", headers={"Authorization": f"Bearer {new_secret('sandbox')}"})
            for _ in range(ATTEMPTS_AT_ONCE + 1)
        ]
        found = await client.get("/v1/tenant", headers=shop.headers)

    assert {guess.status_code for guess in guesses[:-1]} == {401}
    assert problem(guesses[-1], 429, "too_many_attempts")["retry_after_seconds"] == 1
    assert guesses[-1].headers["retry-after"] == "1"
    assert found.status_code == 200


@pytest.fixture
def in_state(shop, superuser, key_with, all_scopes):
    """Puts the shop in a state; the secret of a key of it that nobody has seen before."""

    async def in_state(state):
        await superuser.execute("update tenants set state = %s where id = %s", (state, shop.tenant))
        return await key_with(all_scopes)

    return in_state


# None of them changes stock or what a tenant has: one reads, the others keep a reader's place.
AS_GOOD_AS_READING = {"ledger.verify", "checkpoints.set", "checkpoints.delete"}


async def test_a_suspended_tenant_may_read_and_not_change(application, things, request_of, problem, in_state):
    secret = await in_state("suspended")
    for operation in OPERATIONS:
        answer = await request_of(operation.id, secret=secret).send(application)
        if operation.method == "GET" or operation.id in AS_GOOD_AS_READING:
            assert answer.is_success, operation.id
        else:
            problem(answer, 403, "tenant_suspended")
    head = await application.head("/v1/items/apples", headers={"Authorization": f"Bearer {secret}"})
    assert head.status_code == 200


async def test_a_closed_tenant_is_not_let_in(application, things, request_of, problem, in_state):
    secret = await in_state("closed")
    for operation in OPERATIONS:
        problem(await request_of(operation.id, secret=secret).send(application), 403, "tenant_closed")


async def test_the_scheme_is_read_in_any_case(http, shop):
    answer = await http.get("/v1/tenant", headers={"Authorization": f"bearer {shop.secret}"})

    assert answer.status_code == 200


async def test_a_stranger_is_told_nothing_about_the_request(application, problem):
    headers = {"Authorization": "Bearer nobody", "If-None-Match": "nonsense", "Accept": "text/html"}

    problem(await application.get("/v1/items/x?limit=0", headers=headers), 401, "api_key_mistyped")


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
