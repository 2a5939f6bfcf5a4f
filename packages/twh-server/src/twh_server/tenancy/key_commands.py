"""What can be done to API keys: create, update, rotate, revoke. Whether the asking key may is judged before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec

from twh_server.access.key_form import digest_of
from twh_server.access.scopes import ROLES, SCOPES
from twh_server.database.engine import Row
from twh_server.database.identifiers import KEY, KeyId
from twh_server.journal.commands import Effects, Facts, Moment, Read, Write
from twh_server.journal.versions import news_of, require
from twh_server.refusals import Problem
from twh_server.tenancy import api_keys
from twh_server.tenancy.api_keys import ApiKeyRow, NewApiKey
from twh_server.tenancy.refusals import ApiKeyAlreadyRotated, ApiKeyEnded, InvalidApiKey, TooManyApiKeys

OVERLAP_SECONDS_DEFAULT = 3_600
OVERLAP_SECONDS_MAX = 7 * 24 * 3_600


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateKey:
    """Create an API key with either a role or scopes. Its secret comes with the command and is told in the result only."""

    name: str
    role: str | None = None
    scopes: Sequence[str] | None = None
    expires_at: datetime | None = None
    secret: str = field(repr=False)
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """How many work."""
        yield api_keys.COUNT_KEYS, ()

    def decide(self, facts: Facts, moment: Moment) -> Effects[NewApiKey]:
        """The new key with its secret. Raises InvalidApiKey or TooManyApiKeys."""
        if problems := [*_grant_problems(self.role, self.scopes), *_end_problems(self.expires_at, moment)]:
            raise InvalidApiKey(problems)
        roles = cast("Mapping[str, frozenset[str]]", ROLES)
        granted = roles[self.role] if self.role else frozenset(self.scopes or ())
        key = _new_key(
            moment,
            name=self.name,
            role=self.role,
            scopes=[scope for scope in SCOPES if scope in granted],
            expires_at=self.expires_at,
            secret=self.secret,
        )
        return _made(key, self.secret, facts)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateKey:
    """Change an API key's name or end; what is not named stays. What it may do stays for ever."""

    key: str
    changes: Mapping[str, Any]
    """Any of name and expires_at (None: without end)."""
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The key."""
        yield _asked(self.key)

    def decide(self, facts: Facts, moment: Moment) -> Effects[ApiKeyRow]:
        """The changed key. Raises ApiKeyNotFound, StaleVersion, ApiKeyEnded or InvalidApiKey."""
        key = api_keys.find(facts, self.key)
        require(self.if_match, tag=key.etag, version=key.version)
        _require_working(key, moment)
        if problems := _end_problems(self.changes.get("expires_at"), moment):
            raise InvalidApiKey(problems)
        changed = msgspec.structs.replace(key, **self.changes)
        if changed == key:
            return Effects(result=key)
        return _changed(key, msgspec.structs.replace(changed, version=key.version + 1), "key.updated")


@dataclass(frozen=True, kw_only=True, slots=True)
class RotateKey:
    """Put a new API key in the place of one that goes on working for a while, so that nobody has to hurry.

    The new one has the same name and may do the same, and lives as long as the old one was made to live.
    """

    key: str
    overlap: timedelta
    secret: str = field(repr=False)
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The key, and how many work."""
        yield _asked(self.key)
        yield api_keys.COUNT_KEYS, ()

    def decide(self, facts: Facts, moment: Moment) -> Effects[NewApiKey]:
        """The new key with its secret. Raises ApiKeyNotFound, ApiKeyEnded, ApiKeyAlreadyRotated or TooManyApiKeys."""
        old = api_keys.find(facts, self.key)
        _require_working(old, moment)
        if old.successor:
            raise ApiKeyAlreadyRotated(self.key, KEY.text(old.successor))
        new = _new_key(
            moment,
            name=old.name,
            role=old.role,
            scopes=old.scopes,
            expires_at=moment.recorded_at + (old.expires_at - old.created_at) if old.expires_at else None,
            secret=self.secret,
        )
        ends_at = moment.recorded_at + self.overlap
        ending = msgspec.structs.replace(
            old,
            expires_at=min(old.expires_at, ends_at) if old.expires_at else ends_at,
            successor=new.id,
            version=old.version + 1,
        )
        rotated, made = _changed(old, ending, "key.rotated"), _made(new, self.secret, facts)
        return Effects(
            result=made.result,
            rows=[*rotated.rows, *made.rows],
            news=[*rotated.news, *made.news],
            known=[*rotated.known, *made.known],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokeKey:
    """End an API key now and for good. To revoke it again changes nothing."""

    key: str
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The key."""
        yield _asked(self.key)

    def decide(self, facts: Facts, moment: Moment) -> Effects[ApiKeyRow]:
        """The revoked key. Raises ApiKeyNotFound."""
        key = api_keys.find(facts, self.key)
        if key.revoked_at:
            return Effects(result=key)
        revoked = msgspec.structs.replace(key, revoked_at=moment.recorded_at, version=key.version + 1)
        effects = _changed(key, revoked, "key.revoked")
        counted = facts.of(api_keys.KEYS_COUNTED)
        if None in counted and not key.ended_at(moment.recorded_at):
            effects.known.append((api_keys.KEYS_COUNTED, None, counted[None] - 1))
        return effects


def _asked(text: str) -> tuple[Read, Row]:
    return api_keys.KEYS, (KEY.parse(text),)


def _require_working(key: ApiKeyRow, moment: Moment) -> None:
    if ended_at := key.ended_at(moment.recorded_at):
        raise ApiKeyEnded(KEY.text(key.id), ended_at)


def _grant_problems(role: str | None, scopes: Sequence[str] | None) -> list[Problem]:
    if (role is None) == (scopes is None):
        return [Problem(pointer="/scopes", code="role_or_scopes", message="Give a role or scopes: one of the two.")]
    if role is not None and role not in ROLES:
        message = f"There is no role {role!r}; there are {', '.join(ROLES)}."
        return [Problem(pointer="/role", code="unknown_role", message=message)]
    return [
        Problem(pointer=f"/scopes/{place}", code="unknown_scope", message=f"There is no scope {scope!r}.")
        for place, scope in enumerate(scopes or ())
        if scope not in SCOPES
    ]


def _end_problems(expires_at: datetime | None, moment: Moment) -> list[Problem]:
    if expires_at is None or expires_at > moment.recorded_at:
        return []
    message = "A key ends in the future. To end it now, revoke it."
    return [Problem(pointer="/expires_at", code="expires_in_the_past", message=message)]


def _new_key(
    moment: Moment, *, name: str, role: str | None, scopes: list[str], expires_at: datetime | None, secret: str
) -> ApiKeyRow:
    return ApiKeyRow(
        id=KeyId(moment.mint()),
        name=name,
        digest=digest_of(secret),
        role=role,
        scopes=scopes,
        created_at=moment.recorded_at,
        expires_at=expires_at,
        revoked_at=None,
        last_used_at=None,
        successor=None,
        version=1,
    )


def _made(key: ApiKeyRow, secret: str, facts: Facts) -> Effects[NewApiKey]:
    counted = facts.of(api_keys.KEYS_COUNTED)[None]
    if counted >= api_keys.KEYS_MAX:
        raise TooManyApiKeys(api_keys.KEYS_MAX)
    return Effects(
        result=key.shown_once(secret),
        rows=[(STORE_KEYS, key)],
        news=[news_of("key.created", key.shown(), subject=key.id)],
        known=[(api_keys.KEY_BY_ID, key.id, key), (api_keys.KEYS_COUNTED, None, counted + 1)],
    )


def _changed(before: ApiKeyRow, key: ApiKeyRow, kind: str) -> Effects[ApiKeyRow]:
    news = news_of(kind, key.shown(), subject=key.id, before=before.shown())
    return Effects(result=key, rows=[(STORE_KEYS, key)], news=[news], known=[(api_keys.KEY_BY_ID, key.id, key)])


# When it was used last is not written here: whoever counts that would be overwritten with what was read before.
STORE_KEYS = Write(
    sql="""
insert into api_keys (tenant_id, id, name, digest, role, scopes, created_at, expires_at, revoked_at, successor, version)
select %(tenant)s, id, name, decode(digest, 'base64'), role, scopes, created_at, expires_at, revoked_at,
       successor, version
from json_to_recordset(%(rows)s::json)
     as stored (id uuid, name text, digest text, role text, scopes text[], created_at timestamptz, expires_at timestamptz,
                revoked_at timestamptz, successor uuid, version bigint)
on conflict (tenant_id, id) do update
set name = excluded.name, expires_at = excluded.expires_at, revoked_at = excluded.revoked_at,
    successor = excluded.successor, version = excluded.version
""",
    rank=1,
    key=("id",),
)
