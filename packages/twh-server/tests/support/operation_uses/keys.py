"""API keys, used."""

import pytest

from operation_uses import Desk, uses
from twh import errors


@uses("api_keys.create")
async def create_key(desk: Desk):
    made = await desk.client.api_keys.create(name="till", scopes=["stock:read"])
    till = desk.with_key(made.secret)

    assert (await till.tenant.get()).key.scopes == ["stock:read"]
    with pytest.raises(errors.ScopeMissing):
        await till.api_keys.create(name="another", role="viewer")


@uses("api_keys.list")
async def list_keys(desk: Desk):
    made = [await desk.client.api_keys.create(name=str(number), role="viewer") for number in range(3)]

    assert [key.id for key in await desk.client.api_keys.list(page_size=2).to_list()][1:] == [key.id for key in made]


@uses("api_keys.get")
async def get_key(desk: Desk):
    made = await desk.client.api_keys.create(name="Ann", role="developer")

    read = await desk.client.api_keys.get(made)

    assert (read.name, read.role, read.etag) == ("Ann", "developer", made.etag)


@uses("api_keys.update")
async def update_key(desk: Desk):
    made = await desk.client.api_keys.create(name="Ann", role="developer")

    changed = await desk.client.api_keys.update(made, expires_at="2099-01-01T00:00:00Z", if_match=made.etag)

    assert (changed.name, changed.expires_at.year) == ("Ann", 2099)
    with pytest.raises(errors.StaleVersion):
        await desk.client.api_keys.update(made, name="Bob", if_match=made.etag)


@uses("api_keys.rotate")
async def rotate_key(desk: Desk):
    old = await desk.client.api_keys.create(name="till", scopes=["stock:read"])

    new = await desk.client.api_keys.rotate(old, overlap_seconds=0)

    assert (await desk.with_key(new.secret).tenant.get()).key.id == new.id
    with pytest.raises(errors.ApiKeyExpired) as refusal:
        await desk.with_key(old.secret).tenant.get()
    assert refusal.value.successor == new.id


@uses("api_keys.revoke")
async def revoke_key(desk: Desk):
    made = await desk.client.api_keys.create(name="till", scopes=["stock:read"])

    assert (await desk.client.api_keys.revoke(made)).revoked_at
    with pytest.raises(errors.ApiKeyRevoked):
        await desk.with_key(made.secret).tenant.get()
