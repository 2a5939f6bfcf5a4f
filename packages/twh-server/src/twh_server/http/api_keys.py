"""`/v1/api-keys`: who may act for a tenant. A secret is told once; a key gives no more than the asking key has."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from pydantic import Field

from twh_server.access.key_form import new_secret
from twh_server.access.keys import scopes_of
from twh_server.access.scopes import ROLES, SCOPES
from twh_server.http.operation import Call, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.refusals import ScopeMissing
from twh_server.http.shapes import Body, Name, PageQuery, Query, Time, changes_of
from twh_server.journal.commands import Answer, Command
from twh_server.journal.versions import StaleVersion
from twh_server.tenancy import api_keys
from twh_server.tenancy.api_keys import ApiKey, ApiKeyRow, NewApiKey
from twh_server.tenancy.key_commands import (
    OVERLAP_SECONDS_DEFAULT,
    OVERLAP_SECONDS_MAX,
    CreateKey,
    RevokeKey,
    RotateKey,
    UpdateKey,
)
from twh_server.tenancy.refusals import (
    ApiKeyAlreadyRotated,
    ApiKeyEnded,
    ApiKeyNotFound,
    InvalidApiKey,
    TooManyApiKeys,
)


class ApiKeyDraft(Body):
    """A key to be created: with a role, or with scopes."""

    name: Name
    role: str | None = Field(None, max_length=32, description=f"Any of {', '.join(ROLES)}.")
    scopes: list[str] | None = Field(
        None, min_length=1, max_length=100, description=f"Instead of a role. Any of {', '.join(SCOPES)}."
    )
    expires_at: Time | None = Field(None, description="When it stops to work by itself; null: never.")


class ApiKeyChanges(Body):
    """What is to be changed of a key; what is left out stays."""

    name: Name = ""
    expires_at: Time | None = Field(None, description="When it stops to work by itself; null: never.")


class KeyRotation(Body):
    """How a key is to be rotated."""

    overlap_seconds: int = Field(
        OVERLAP_SECONDS_DEFAULT,
        ge=0,
        le=OVERLAP_SECONDS_MAX,
        description="For how long the old key goes on working beside the new one.",
    )


class ApiKeyList(msgspec.Struct, frozen=True):
    """A page of keys."""

    data: list[ApiKey]
    next_cursor: str | None


@operation(
    id="api_keys.create",
    method="POST",
    path="/v1/api-keys",
    scope="keys:write",
    body=ApiKeyDraft,
    answers={201: NewApiKey},
    key="honoured",
    refusals=(ScopeMissing, InvalidApiKey, TooManyApiKeys),
    example={"name": "till 3", "scopes": ["items:read", "stock:read", "stock:write"]},
)
async def create(call: Call[ApiKeyDraft, Query]) -> Answer:
    """Create an API key.

    It is given a role or scopes, none that your own key has not. A role's scopes are those that the role has at the
    time of a request. The answer carries the secret, this once.
    """
    body = call.body
    _require_scopes(call, scopes_of(body.role, body.scopes or ()))
    command = CreateKey(
        name=body.name,
        role=body.role,
        scopes=body.scopes,
        expires_at=body.expires_at,
        secret=new_secret(call.access.tenant_kind),
    )
    return await _submit_secret(call, command)


@operation(
    id="api_keys.list",
    method="GET",
    path="/v1/api-keys",
    scope="keys:read",
    query=PageQuery,
    answers={200: ApiKeyList},
)
async def list_(call: Call[Any, PageQuery]) -> Answer:
    """List API keys, oldest first, the ended ones too."""
    query = call.query
    after = key_of(query.cursor, UUID)
    found = await api_keys.list_keys(call.rooms.database, call.tenant, after=after, limit=query.limit + 1)
    page, cursor = paged(found, query.limit, lambda key: key.id)
    return shown(ApiKeyList([key.shown() for key in page], cursor))


@operation(
    id="api_keys.get",
    method="GET",
    path="/v1/api-keys/{api_key}",
    scope="keys:read",
    answers={200: ApiKey},
    conditional=True,
    refusals=(ApiKeyNotFound,),
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read an API key. Its secret is told to nobody any more."""
    return _shown(await api_keys.get_key(call.rooms.database, call.tenant, call.path["api_key"]))


@operation(
    id="api_keys.update",
    method="PATCH",
    path="/v1/api-keys/{api_key}",
    scope="keys:write",
    body=ApiKeyChanges,
    answers={200: ApiKey},
    key="honoured",
    conditional=True,
    refusals=(ApiKeyNotFound, StaleVersion, ApiKeyEnded, InvalidApiKey),
    example={"name": "till 3, front"},
)
async def update(call: Call[ApiKeyChanges, Query]) -> Answer:
    """Change an API key's name or its end.

    What it may do stays as it is: for that, create another. Only a key that may do as much itself changes the end. With
    `If-Match`, it is changed only at the version that you read.
    """
    changes = changes_of(call.body)
    if "expires_at" in changes:
        await _require_as_much(call)
    return await call.submit(UpdateKey(key=call.path["api_key"], changes=changes, if_match=call.if_match), _shown)


@operation(
    id="api_keys.rotate",
    method="POST",
    path="/v1/api-keys/{api_key}/rotate",
    scope="keys:write",
    body=KeyRotation,
    answers={201: NewApiKey},
    key="honoured",
    refusals=(ApiKeyNotFound, ApiKeyEnded, ApiKeyAlreadyRotated, TooManyApiKeys),
    example={"overlap_seconds": 3600},
)
async def rotate(call: Call[KeyRotation, Query]) -> Answer:
    """Rotate an API key: a new one takes its place, and the old one goes on working for a while.

    The new key has the same name and may do the same; if the old one was made to end, the new one lives as long. The
    old one ends after `overlap_seconds` and names its `successor`. The answer carries the new secret, this once.
    """
    await _require_as_much(call)
    overlap = timedelta(seconds=call.body.overlap_seconds)
    command = RotateKey(key=call.path["api_key"], overlap=overlap, secret=new_secret(call.access.tenant_kind))
    return await _submit_secret(call, command)


@operation(
    id="api_keys.revoke",
    method="POST",
    path="/v1/api-keys/{api_key}/revoke",
    scope="keys:write",
    answers={200: ApiKey},
    key="honoured",
    refusals=(ApiKeyNotFound,),
)
async def revoke(call: Call[Any, Query]) -> Answer:
    """Revoke an API key. Every server stops to believe it within two seconds; to revoke it again changes nothing."""
    return await call.submit(RevokeKey(key=call.path["api_key"]), _shown)


async def _submit_secret(call: Call[Any, Any], command: Command[NewApiKey]) -> Answer:
    sealer = call.rooms.sealer

    def answer(key: NewApiKey) -> Answer:
        body = msgspec.json.encode(key)
        headers = {"Location": f"/v1/api-keys/{key.id}", "ETag": key.etag}
        return Answer(status=201, headers=headers, body=body, kept=sealer.keep(body, tenant=call.tenant))

    return await call.submit(command, answer, reopen=lambda kept: sealer.reopen(kept, tenant=call.tenant))


async def _require_as_much(call: Call[Any, Any]) -> None:
    """Raise ScopeMissing when the key in the path may do what the asking one may not; its scopes never change."""
    key = await api_keys.get_key(call.rooms.database, call.tenant, call.path["api_key"])
    _require_scopes(call, key.allows)


def _require_scopes(call: Call[Any, Any], scopes: Iterable[str]) -> None:
    granted = frozenset(scopes)
    for scope in SCOPES:
        if scope in granted:
            call.require_scope(scope)


def _shown(key: ApiKeyRow) -> Answer:
    return shown(key.shown(), tag=key.etag)
