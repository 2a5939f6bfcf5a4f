"""Keys: found by their digest, believed for two seconds, and not a moment longer when they end."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from twh_server.access import keys
from twh_server.access.key_form import digest_of, new_secret
from twh_server.access.keys import Keys, create_key
from twh_server.access.refusals import ApiKeyExpired, ApiKeyMistyped, ApiKeyRevoked, ApiKeyUnknown
from twh_server.access.scopes import ALL_SCOPES, ROLES, SANDBOX_SCOPES, SCOPES
from twh_server.access.tenants import create_tenant, find_tenant
from twh_server.database.engine import Transient
from twh_server.database.identifiers import KEY


async def add(database, shop, **more):
    tenant = await find_tenant(database, shop.tenant)
    async with database.transaction() as tx:
        return await create_key(tx, tenant, **{"name": "till", "scopes": ["stock:read"], **more})


@pytest.fixture
def revoke(superuser):
    """Ends a key, as another process would."""

    async def revoke(key):
        await superuser.execute("update api_keys set revoked_at = now() where id = %s", (KEY.parse(key.id),))

    return revoke


async def test_a_key_gives_its_tenant_its_name_and_its_scopes(database, shop, known):
    key = await add(database, shop, name="till 1", scopes=["stock:write", "items:read"])

    access = await known.find(key.secret)

    assert (access.tenant, access.tenant_kind, access.name) == (shop.tenant, "sandbox", "till 1")
    assert access.scopes == {"items:read", "stock:write"}
    assert KEY.text(access.key) == key.id


async def test_a_secret_says_what_it_opens_and_is_not_stored(database, shop, superuser):
    key = await add(database, shop)

    stored = await (await superuser.execute("select digest from api_keys where name = 'till'")).fetchall()

    assert key.secret.startswith("twh_test_")
    assert (digest_of(key.secret),) in stored
    assert key.secret not in repr(stored)


async def test_a_live_tenants_key_says_that_it_is_live(database):
    async with database.transaction() as tx:
        tenant = await create_tenant(tx, name="Live", kind="live")
        key = await create_key(tx, tenant, name="till", scopes=["stock:read"])

    assert key.secret.startswith("twh_live_")


async def test_what_has_not_the_form_of_a_key_is_not_looked_up(known, asked):
    with pytest.raises(ApiKeyMistyped):
        await known.find("twh_test_" + "a" * 38)

    assert asked.times == 0


async def test_a_key_is_believed_for_two_seconds(shop, known, asked, clock):
    await known.find(shop.secret)
    clock.now += 1.99
    await known.find(shop.secret)
    assert asked.times == 1

    clock.now += 0.01
    await known.find(shop.secret)

    assert asked.times == 2


async def test_an_unknown_key_is_remembered_too(known, asked):
    secret = new_secret("sandbox")

    for _ in range(3):
        with pytest.raises(ApiKeyUnknown):
            await known.find(secret)

    assert asked.times == 1


async def test_many_who_ask_at_once_share_one_look(shop, known, asked):
    found = await asyncio.gather(*(known.find(shop.secret) for _ in range(50)))

    assert {access.tenant for access in found} == {shop.tenant}
    assert asked.times == 1


async def test_one_who_goes_away_does_not_take_the_answer_from_the_others(shop, known):
    impatient = asyncio.create_task(known.find(shop.secret))
    patient = asyncio.create_task(known.find(shop.secret))
    await asyncio.sleep(0)
    impatient.cancel()

    assert (await patient).tenant == shop.tenant


async def test_a_lost_database_is_not_remembered(shop, known, asked):
    asked.broken = True
    with pytest.raises(Transient):
        await known.find(shop.secret)
    asked.broken = False

    assert (await known.find(shop.secret)).tenant == shop.tenant


async def test_a_revoked_key_stops_within_the_two_seconds(database, shop, known, clock, revoke):
    key = await add(database, shop)
    assert await known.find(key.secret)

    await revoke(key)
    clock.now += 2

    with pytest.raises(ApiKeyRevoked) as refusal:
        await known.find(key.secret)
    assert refusal.value.facts["key"] == key.id


async def test_a_key_ends_at_its_end_even_while_it_is_believed(database, shop, known):
    key = await add(database, shop, expires_at=datetime.now(UTC) + timedelta(milliseconds=300))
    assert await known.find(key.secret)

    await asyncio.sleep(0.4)

    with pytest.raises(ApiKeyExpired) as refusal:
        await known.find(key.secret)
    assert (refusal.value.facts["key"], refusal.value.facts["successor"]) == (key.id, None)


async def test_no_more_keys_are_remembered_than_there_is_room_for(shop, asked, clock):
    known = Keys(asked, clock=clock, cached_max=3)

    for _ in range(10):
        with pytest.raises(ApiKeyUnknown):
            await known.find(new_secret("sandbox"))
    await known.find(shop.secret)
    await known.find(shop.secret)

    assert asked.times == 11
    assert len(known._known) == 3


async def test_two_processes_stop_to_believe_a_revoked_key_each_within_two_seconds(database, shop, clock, revoke):
    processes = [Keys(database, clock=clock), Keys(database, clock=clock)]
    key = await add(database, shop)
    for known in processes:
        assert await known.find(key.secret)

    await revoke(key)
    clock.now += 1.9
    for known in processes:
        assert await known.find(key.secret)
    clock.now += 0.1

    for known in processes:
        with pytest.raises(ApiKeyRevoked):
            await known.find(key.secret)


async def test_a_key_with_a_role_may_what_the_role_means_now(database, shop, known, superuser):
    key = await add(database, shop, scopes=["stock:read"])
    await superuser.execute("update api_keys set role = 'viewer' where id = %s", (KEY.parse(key.id),))

    access = await known.find(key.secret)

    assert (access.role, access.scopes) == ("viewer", ROLES["viewer"])


async def test_a_role_that_came_with_later_code_gives_the_scopes_that_were_stored(database, shop, known, superuser):
    key = await add(database, shop, scopes=["stock:read"])
    await superuser.execute("update api_keys set role = 'auditor' where id = %s", (KEY.parse(key.id),))

    assert (await known.find(key.secret)).scopes == {"stock:read"}


async def test_the_state_of_the_tenant_comes_with_its_key(database, shop, known, clock, superuser):
    assert (await known.find(shop.secret)).tenant_state == "active"
    await superuser.execute("update tenants set state = 'suspended' where id = %s", (shop.tenant,))
    clock.now += 2

    assert (await known.find(shop.secret)).tenant_state == "suspended"


async def test_a_scope_that_does_not_exist_is_refused(database, shop):
    with pytest.raises(ValueError, match="no such scope: stock:steal"):
        await add(database, shop, scopes=["stock:read", "stock:steal"])


def test_a_sandbox_may_do_everything_but_administer():
    assert {"tenants:admin"} == ALL_SCOPES - SANDBOX_SCOPES
    assert all(sentence.endswith(".") for sentence in SCOPES.values())
    assert keys.BELIEVED_SECONDS == 2
