"""`/v1/sandboxes` and `/v1/tenant`: tenants to try things in, and whose key this is."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from pydantic import Field

from twh_server.access.refusals import TenantClosed
from twh_server.access.tenants import Tenant, find_tenant
from twh_server.database.identifiers import KEY
from twh_server.http.operation import Call, operation, shown
from twh_server.http.shapes import Body, Query
from twh_server.journal.commands import Answer
from twh_server.sandboxes.create import DEFAULT_NAME, Sandbox, create_sandbox


class NewSandbox(Body):
    """A sandbox to be created."""

    name: str = Field(DEFAULT_NAME, min_length=1, max_length=64)
    seed: bool = Field(
        default=True, description="Whether it has a shop's items, locations and history; else it is empty."
    )


class KeyRef(msgspec.Struct, frozen=True, kw_only=True):
    """The API key of a request, without its secret."""

    id: Annotated[str, Meta(description="The key's id.", examples=["key_01kaqgn4dwe3cspqs98yp6vtkh"])]
    name: Annotated[str, Meta(description="What people call it.", examples=["backend"])]
    scopes: Annotated[list[str], Meta(description="What it may do.", examples=[["stock:read", "stock:write"]])]
    role: Annotated[str | None, Meta(description="The role that gives it its scopes; null: they were named.")] = None
    expires_at: Annotated[datetime | None, Meta(description="When it stops to work by itself; null: never.")] = None
    last_used_at: Annotated[datetime | None, Meta(description="As it was written before; to the minute.")] = None


class Whose(msgspec.Struct, frozen=True):
    """The tenant and the key that a request was made with."""

    tenant: Tenant
    key: KeyRef


@operation(
    id="sandboxes.create",
    method="POST",
    path="/v1/sandboxes",
    scope="tenants:admin",
    body=NewSandbox,
    answers={201: Sandbox},
    example={"name": "Ann's sandbox"},
)
async def create(call: Call[NewSandbox, Query]) -> Answer:
    """Create a sandbox: a tenant of its own, seeded with items, locations and some weeks of movements, or empty.

    The answer carries the secret of its key, this once.
    """
    sandbox = await create_sandbox(call.rooms.database, call.rooms.writer, name=call.body.name, seed=call.body.seed)
    return Answer(status=201, body=msgspec.json.encode(sandbox))


@operation(
    id="tenant.get",
    method="GET",
    path="/v1/tenant",
    scope="",
    answers={200: Whose},
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read whose key this is, and what it may do."""
    tenant = await find_tenant(call.rooms.database, call.tenant)
    if tenant is None:  # it was closed and purged since the key was looked at
        raise TenantClosed
    access = call.access
    key = KeyRef(
        id=KEY.text(access.key),
        name=access.name,
        role=access.role,
        scopes=sorted(access.scopes),
        expires_at=access.expires_at,
        last_used_at=access.last_used_at,
    )
    return shown(Whose(tenant, key))
