"""`/v1/ledger`: its blocks, and the proof that everything in it follows."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import Field

from twh_server.http.operation import Call, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.shapes import PageQuery, Query
from twh_server.journal.commands import Answer
from twh_server.ledger.chain import Digest
from twh_server.ledger.verify import Verification, verify


class Block(msgspec.Struct, frozen=True):
    """A sealed run of events: its hash covers them and every block before."""

    first_sequence: int
    last_sequence: int
    previous_hash: str
    hash: str
    recorded_at: datetime


class BlockList(msgspec.Struct, frozen=True):
    """A page of blocks."""

    data: list[Block]
    next_cursor: str | None


class VerifyQuery(Query):
    """What to verify it against."""

    against: str | None = Field(
        None,
        max_length=18 + 1 + 64,
        pattern=r"^[1-9][0-9]{0,17}:[0-9a-f]{64}$",
        description="A digest that was kept: `last_sequence` and `hash` of a block, with a colon between them.",
        examples=["1042:" + "9f2c" * 16],
    )

    def digest(self) -> Digest | None:
        """The digest that this parameter is."""
        if self.against is None:
            return None
        sequence, _, hashed = self.against.partition(":")
        return Digest(last_sequence=int(sequence), hash=bytes.fromhex(hashed))


@operation(
    id="ledger.verify",
    method="POST",
    path="/v1/ledger/verify",
    scope="ledger:read",
    query=VerifyQuery,
    answers={200: Verification},
    changes_nothing=True,
)
async def verify_(call: Call[Any, VerifyQuery]) -> Answer:
    """Verify the whole ledger: blocks, events, entries, movements and levels.

    The answer names the first thing that does not follow from what came before it. Keep the last block's `last_sequence`
    and `hash` elsewhere: against them, also a tail that was cut off or written anew is found.
    """
    return shown(await verify(call.rooms.database, call.tenant, against=call.query.digest()))


@operation(
    id="ledger.blocks",
    method="GET",
    path="/v1/ledger/blocks",
    scope="ledger:read",
    query=PageQuery,
    answers={200: BlockList},
)
async def blocks(call: Call[Any, PageQuery]) -> Answer:
    """List the sealed blocks, newest first."""
    query = call.query
    before = key_of(query.cursor, int)
    parameters = {"tenant": call.tenant, "before": before, "limit": query.limit + 1}
    rows = await call.rooms.database.read(call.tenant, LIST_BLOCKS, parameters)
    page, cursor = paged(rows, query.limit, lambda row: row[0])
    return shown(
        BlockList(
            [Block(first, last, previous.hex(), own.hex(), at) for first, last, previous, own, at in page], cursor
        )
    )


LIST_BLOCKS = """
select first_sequence, last_sequence, previous_hash, hash, recorded_at
from blocks
where tenant_id = %(tenant)s
  and first_sequence < coalesce(%(before)s::bigint, 9223372036854775807)
order by first_sequence desc
limit %(limit)s
"""
