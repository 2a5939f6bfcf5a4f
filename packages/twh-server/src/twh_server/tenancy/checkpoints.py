"""Checkpoints: where a consumer of the feed stands, kept for it by name.

A place is a note in the margin and no fact: nothing of the ledger depends on it. So it takes no head, makes no event, and
waits for nobody but whoever moves the same place. It never goes back unless that is asked for: a consumer that comes late
with an old place cannot make another do its work again.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from twh_server.database.engine import SET_TENANT, Connection, Database, Row, constant
from twh_server.database.identifiers import TenantId
from twh_server.journal.versions import etag, require
from twh_server.refusals import Problem, Refusal

TAG: Final = "cp"
CHECKPOINTS_MAX: Final = 1_000
NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}"

_NAME = re.compile(NAME)


class CheckpointNotFound(Refusal):
    """There is no such checkpoint.

    Check its name; it is made by setting it.
    """

    def __init__(self, checkpoint: str) -> None:
        super().__init__(f"No checkpoint has the name {checkpoint!r}.", checkpoint=checkpoint)


class CheckpointPassed(Refusal):
    """The checkpoint is further on already.

    `sequence` is where it stands. A place goes back only with `reset`: whatever lies in between is then read again.
    """

    def __init__(self, sequence: int) -> None:
        super().__init__(
            f"It stands at {sequence} already, and goes back only when `reset` asks for it.", sequence=sequence
        )


class CheckpointAhead(Refusal):
    """There is no event of that number yet.

    `head` is the newest. A place beyond it would skip events that nobody has seen.
    """

    def __init__(self, head: int) -> None:
        super().__init__(f"The newest event has the number {head}: a place beyond it would skip some.", head=head)


class InvalidCheckpoint(Refusal):
    """The name cannot be that of a checkpoint.

    1 to 64 letters, digits, `.`, `_`, `:` and `-`, beginning with a letter or a digit.
    """

    def __init__(self, errors: Sequence[Problem]) -> None:
        super().__init__("A checkpoint's name has 1 to 64 letters, digits, `.`, `_`, `:` and `-`.", errors=errors)


class TooManyCheckpoints(Refusal):
    """There are as many checkpoints as a tenant may have.

    Delete those that no consumer uses any more; their `updated_at` tells.
    """

    def __init__(self) -> None:
        super().__init__(f"A tenant has at most {CHECKPOINTS_MAX:,} checkpoints.")


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer's place in the feed. Its entity tag is that of the place; `head` and `lag` go on by themselves."""

    name: Annotated[str, Meta(description="What the consumer is called.", examples=["shipping"])]
    sequence: Annotated[int, Meta(description="Everything up to this number was handled.", examples=[129])]
    head: int
    lag: Annotated[int, Meta(description="How many events lie between its place and the newest.", examples=[0])]
    version: int
    etag: str
    updated_at: datetime


async def get_checkpoint(database: Database, tenant: TenantId, name: str) -> Checkpoint:
    """The place of a consumer. Raises CheckpointNotFound."""
    rows = await database.read(tenant, ONE, {"tenant": tenant, "name": name})
    if not rows:
        raise CheckpointNotFound(name)
    return _shown(rows[0])


async def list_checkpoints(
    database: Database, tenant: TenantId, *, after: str | None, limit: int
) -> Sequence[Checkpoint]:
    """Checkpoints by name, those behind `after`."""
    rows = await database.read(tenant, PAGE, {"tenant": tenant, "after": after or "", "limit": limit})
    return [_shown(row) for row in rows]


async def set_checkpoint(
    database: Database,
    tenant: TenantId,
    name: str,
    sequence: int,
    *,
    reset: bool = False,
    if_match: Sequence[str] | None = None,
    create_only: bool = False,
) -> tuple[Checkpoint, bool]:
    """Move a place, or make it; answers it, and whether it is new. The place that it has already is no change.

    Raises InvalidCheckpoint, CheckpointAhead, CheckpointPassed, TooManyCheckpoints, StaleVersion, AlreadyExists, and
    CheckpointNotFound when it was only to be moved.
    """
    if not _NAME.fullmatch(name):
        message = "A checkpoint cannot have this name."
        raise InvalidCheckpoint([Problem(pointer="checkpoint", code="invalid_checkpoint", message=message)])
    wanted = {"tenant": tenant, "name": name, "sequence": sequence, "most": CHECKPOINTS_MAX}
    async with database.transaction() as tx:
        await tx.execute(SET_TENANT, (str(tenant),))
        (head,) = await _one(tx, HEAD, wanted) or (0,)
        if sequence > head:
            raise CheckpointAhead(head)
        # What does not exist cannot be locked: whoever was overtaken while making it finds it now.
        row = await _one(tx, LOCK, wanted)
        if row is None and if_match is not None:
            raise CheckpointNotFound(name)
        if row is None and (made := await _one(tx, ADD, wanted)):
            return _shown(made), True
        row = row or await _one(tx, LOCK, wanted)
        if row is None:
            raise TooManyCheckpoints
        before = _shown(row)
        require(if_match, tag=before.etag, version=before.version, create_only=create_only)
        if sequence < before.sequence and not reset:
            raise CheckpointPassed(before.sequence)
        moved = await _one(tx, MOVE, wanted) if sequence != before.sequence else None
        return (_shown(moved) if moved else before), False


async def delete_checkpoint(
    database: Database, tenant: TenantId, name: str, *, if_match: Sequence[str] | None = None
) -> None:
    """Forget a place. Raises CheckpointNotFound, StaleVersion."""
    async with database.transaction() as tx:
        await tx.execute(SET_TENANT, (str(tenant),))
        row = await _one(tx, LOCK, {"tenant": tenant, "name": name})
        if row is None:
            raise CheckpointNotFound(name)
        before = _shown(row)
        require(if_match, tag=before.etag, version=before.version)
        await tx.execute(DELETE, {"tenant": tenant, "name": name})


async def _one(tx: Connection, sql: str, parameters: Mapping[str, object]) -> Row | None:
    return await (await tx.execute(constant(sql), parameters)).fetchone()


def _shown(row: Row) -> Checkpoint:
    name, sequence, version, updated_at, head = row
    return Checkpoint(
        name=name,
        sequence=sequence,
        head=head,
        lag=max(0, head - sequence),
        version=version,
        etag=etag(TAG, version),
        updated_at=updated_at,
    )


SHOWN = """name, sequence, version, updated_at,
       (select sequence from ledger_heads where tenant_id = %(tenant)s)"""

HEAD = """
select sequence
from ledger_heads
where tenant_id = %(tenant)s
"""

ONE = f"""
select {SHOWN}
from checkpoints
where tenant_id = %(tenant)s and name = %(name)s
"""

LOCK = f"""{ONE}for update
"""

PAGE = f"""
select {SHOWN}
from checkpoints
where tenant_id = %(tenant)s and name > %(after)s
order by name
limit %(limit)s
"""

# Counted without a lock: a few that are made at the same moment may be too many, and do no harm.
ADD = f"""
insert into checkpoints (tenant_id, name, sequence, version, updated_at)
select %(tenant)s, %(name)s, %(sequence)s, 1, clock_timestamp()
where (select count(*) from checkpoints where tenant_id = %(tenant)s) < %(most)s
on conflict do nothing
returning {SHOWN}
"""

MOVE = f"""
update checkpoints
set sequence = %(sequence)s, version = version + 1, updated_at = clock_timestamp()
where tenant_id = %(tenant)s and name = %(name)s
returning {SHOWN}
"""

DELETE = """
delete from checkpoints
where tenant_id = %(tenant)s and name = %(name)s
"""
