"""The audit log: who changed what, told by the sealed events themselves.

It is a view of the feed, not a second record: the events that name a subject, newest first, as their exact bytes. The
columns by which they are found are no proof of anything; `ledger.verify` holds them against the bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from twh_server.database.engine import Database
from twh_server.database.identifiers import KEY, MINTED_AHEAD_MILLISECONDS, Kind, TenantId, first_id
from twh_server.database.select import Select
from twh_server.events.kinds import SEQUENCE_MAX, SUBJECTS

_KINDS_OF_SUBJECTS: Final[dict[str, Kind[UUID]]] = {kind.prefix: kind for kind in SUBJECTS.values()}


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditFilter:
    """Which changes are wanted; keys and subjects by their public ids, times as [since, until)."""

    actor: str | None = None
    kind: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_changes(
    database: Database, tenant: TenantId, wanted: AuditFilter, *, before: int | None, limit: int
) -> Sequence[tuple[int, bytes]]:
    """A page of audited events, newest first, older than the number `before`: (number, exact bytes)."""
    select = Select(CHANGES, tenant).where(BEFORE, before=SEQUENCE_MAX if before is None else before)
    if wanted.actor is not None:
        select.where(BY_ACTOR, actor=KEY.parse(wanted.actor))
    if wanted.subject is not None:
        select.where(BY_SUBJECT, subject=_subject(wanted.subject))
    select.given("kind = %(kind)s", kind=wanted.kind)
    if wanted.since is not None:
        select.where(SINCE, since=wanted.since, since_id=first_id(wanted.since))
    if wanted.until is not None:
        select.where(UNTIL, until=wanted.until, until_id=first_id(wanted.until, later=MINTED_AHEAD_MILLISECONDS))
    rows = await select.rows(database, PAGE, limit=limit)
    return [(sequence, body.encode()) for sequence, body in rows]


def _subject(text: str) -> UUID | None:
    kind = _KINDS_OF_SUBJECTS.get(text.partition("_")[0])
    return kind.parse(text) if kind else None


CHANGES = """
select sequence, body
from events
where tenant_id = %(tenant)s and subject is not null
"""

BEFORE = "sequence < %(before)s"

BY_ACTOR = "actor_key = %(actor)s"

BY_SUBJECT = "subject = %(subject)s"

# Ids grow with time and have an index, times have none: they lead to the number from which, and up to which, to look.
# `coalesce` stands within a select: around it, row security would keep the bound from the index.
SINCE = """recorded_at >= %(since)s
  and sequence >= (
    select sequence
    from events
    where tenant_id = %(tenant)s and id >= %(since_id)s
    order by id
    limit 1
  )"""

UNTIL = """recorded_at < %(until)s
  and sequence < (
    select coalesce(
        (
            select sequence
            from events
            where tenant_id = %(tenant)s and id >= %(until_id)s
            order by id
            limit 1
        ),
        9223372036854775807
    )
  )"""

PAGE = """
order by sequence desc
limit %(limit)s
"""
