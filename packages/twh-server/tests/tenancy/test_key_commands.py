"""What can be done to a tenant's keys, and what is left of it in the database."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from twh_server.access.key_form import digest_of, new_secret
from twh_server.access.keys import Keys
from twh_server.access.refusals import ApiKeyExpired
from twh_server.database.identifiers import KEY
from twh_server.ledger.verify import verify
from twh_server.tenancy import api_keys
from twh_server.tenancy.api_keys import KEYS_MAX, get_key, list_keys, tenant_of
from twh_server.tenancy.key_commands import CreateKey, RevokeKey, RotateKey, UpdateKey
from twh_server.tenancy.refusals import ApiKeyAlreadyRotated, ApiKeyEnded, ApiKeyNotFound, TooManyApiKeys

HOUR = timedelta(hours=1)


def create(**more):
    return CreateKey(**{"name": "till", "scopes": ["stock:read"], "secret": new_secret("sandbox"), **more})


def rotate(key, **more):
    return RotateKey(**{"key": key.id, "overlap": HOUR, "secret": new_secret("sandbox"), **more})


@pytest.fixture
async def till(stockroom):
    """A key."""
    return await stockroom.do(create())


@pytest.fixture
def row(database, shop):
    """A key as the database has it."""

    async def row(key):
        return await get_key(database, shop.tenant, key.id)

    return row


async def test_a_key_is_stored_as_its_digest_with_its_scopes_in_order(stockroom, row):
    secret = new_secret("sandbox")
    made = await stockroom.do(create(scopes=["stock:write", "items:read", "stock:write"], secret=secret))

    stored = await row(made)

    assert made.secret == secret
    assert stored.digest == digest_of(secret)
    assert (stored.scopes, stored.role, stored.version) == (["items:read", "stock:write"], None, 1)
    assert stored.shown() == api_keys.ApiKey(
        **{name: getattr(made, name) for name in api_keys.ApiKey.__struct_fields__}
    )


async def test_a_role_is_stored_with_its_scopes_for_code_that_knows_no_roles(stockroom, row):
    stored = await row(await stockroom.do(create(role="viewer", scopes=None)))

    assert stored.role == "viewer"
    assert stored.scopes == stored.allows
    assert "stock:write" not in stored.scopes


async def test_a_changed_key_has_a_new_version_and_an_unchanged_one_has_not(stockroom, till, row):
    ends = datetime.now(UTC) + HOUR

    await stockroom.do(UpdateKey(key=till.id, changes={"name": "till 2", "expires_at": ends}))
    await stockroom.do(UpdateKey(key=till.id, changes={"name": "till 2"}))
    await stockroom.do(UpdateKey(key=till.id, changes={"expires_at": None}))

    stored = await row(till)
    assert (stored.name, stored.expires_at, stored.version) == ("till 2", None, 3)


async def test_the_old_key_ends_after_the_overlap_and_names_its_successor(stockroom, till, row):
    new = await stockroom.do(rotate(till))

    old, made = await row(till), await row(new)
    assert old.expires_at - made.created_at == HOUR
    assert (old.successor, old.version) == (made.id, 2)
    assert (made.expires_at, made.successor) == (None, None)


async def test_a_rotation_never_prolongs_a_key(stockroom, row):
    soon = datetime.now(UTC) + HOUR / 2
    old = await stockroom.do(create(expires_at=soon))

    await stockroom.do(rotate(old))

    assert (await row(old)).expires_at == soon


async def test_the_successor_of_a_key_that_ends_lives_as_long_as_the_key_was_made_to(stockroom, row):
    old = await stockroom.do(create(expires_at=datetime.now(UTC) + 30 * HOUR))

    new = await row(await stockroom.do(rotate(old)))

    assert new.expires_at - new.created_at == old.expires_at - old.created_at


async def test_without_an_overlap_the_old_key_ends_at_once(stockroom, database, till):
    new = await stockroom.do(rotate(till, overlap=timedelta(0)))
    known = Keys(database)

    assert await known.find(new.secret)
    with pytest.raises(ApiKeyExpired) as refusal:
        await known.find(till.secret)
    assert refusal.value.facts["successor"] == new.id


async def test_a_key_is_rotated_once_even_by_many_at_once(stockroom, till):
    outcomes = await asyncio.gather(*(stockroom.do(rotate(till)) for _ in range(10)), return_exceptions=True)

    refused = [outcome for outcome in outcomes if isinstance(outcome, ApiKeyAlreadyRotated)]
    (new,) = [outcome for outcome in outcomes if outcome not in refused]
    assert {refusal.facts["successor"] for refusal in refused} == {new.id}


async def test_an_ended_key_comes_to_life_no_more(stockroom, database, till):
    expired = await stockroom.do(create(expires_at=datetime.now(UTC) + timedelta(milliseconds=50)))
    await stockroom.do(RevokeKey(key=till.id))
    await asyncio.sleep(0.1)

    for key in (till, expired):
        for command in (UpdateKey(key=key.id, changes={"expires_at": None}), rotate(key)):
            with pytest.raises(ApiKeyEnded):
                await stockroom.do(command)


async def test_an_expired_key_can_still_be_revoked(stockroom, row):
    expired = await stockroom.do(create(expires_at=datetime.now(UTC) + timedelta(milliseconds=20)))
    await asyncio.sleep(0.05)

    await stockroom.do(RevokeKey(key=expired.id))

    assert (await row(expired)).revoked_at


async def test_no_more_keys_work_than_there_is_room_for(stockroom, monkeypatch, till):
    monkeypatch.setattr(api_keys, "KEYS_MAX", 3)
    last = await stockroom.do(create())
    for command in (create(), rotate(till)):
        with pytest.raises(TooManyApiKeys):
            await stockroom.do(command)

    await stockroom.do(RevokeKey(key=last.id))

    assert await stockroom.do(create())
    assert KEYS_MAX == 1_000


async def test_keys_made_in_one_batch_are_counted_together(stockroom, monkeypatch):
    monkeypatch.setattr(api_keys, "KEYS_MAX", 3)

    outcomes = await asyncio.gather(*(stockroom.do(create()) for _ in range(10)), return_exceptions=True)

    assert sum(not isinstance(outcome, TooManyApiKeys) for outcome in outcomes) == 2


async def test_another_tenants_key_is_not_found(stockroom, database, other_shop):
    theirs = KEY.text(other_shop.key)

    for command in (UpdateKey(key=theirs, changes={"name": "x"}), RevokeKey(key=theirs)):
        with pytest.raises(ApiKeyNotFound):
            await stockroom.do(command)
    with pytest.raises(ApiKeyNotFound):
        await get_key(database, stockroom.shop.tenant, theirs)


async def test_keys_are_listed_oldest_first_with_the_ended_ones(stockroom, database, shop, till):
    await stockroom.do(RevokeKey(key=till.id))
    await stockroom.do(create(name="second"))

    listed = await list_keys(database, shop.tenant, after=None, limit=10)
    behind = await list_keys(database, shop.tenant, after=listed[1].id, limit=10)

    assert [(key.name, key.revoked_at is not None) for key in listed] == [
        ("tests", False),
        ("till", True),
        ("second", False),
    ]
    assert behind == listed[2:]


async def test_whose_key_it_is_can_be_told(database, shop, till):
    assert await tenant_of(database, KEY.parse(till.id)) == shop.tenant
    assert await tenant_of(database, KEY.parse("key_01h455vb4pex5vsknk084sn02q")) is None


async def test_a_change_does_not_take_back_when_the_key_was_used_last(stockroom, database, till, row):
    known = Keys(database)
    await known.find(till.secret)
    read = UpdateKey(key=till.id, changes={"name": "x"})
    await known.last_use.write()

    await stockroom.do(read)

    assert (await row(till)).last_used_at


async def test_what_happened_to_keys_is_sealed_and_names_its_subject(stockroom, database, shop, till):
    await stockroom.do(rotate(till))

    verification = await verify(database, shop.tenant)
    told = await stockroom.rows("select kind, subject from events where tenant_id = %(tenant)s order by sequence desc")

    assert verification.ok
    assert [kind for kind, _ in told[:3]] == ["key.created", "key.rotated", "key.created"]
    assert told[1][1] == told[2][1] == KEY.parse(till.id)
