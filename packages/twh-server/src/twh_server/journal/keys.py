"""Idempotency keys: what was answered once is answered again, with the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from twh_server.database.engine import Row
from twh_server.events import kinds
from twh_server.journal.commands import Answer, Submission, Write
from twh_server.journal.refusals import IdempotencyKeyReused


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """A key and what it was answered: `kept` is the body unless the event tells it."""

    digest: bytes
    status: int
    headers: str
    kept: str | None
    event: str | None

    def answer(self, submission: Submission[object]) -> Answer:
        """The first answer again. Raises IdempotencyKeyReused when the key stands for another request."""
        if self.digest != submission.digest:
            raise IdempotencyKeyReused(submission.key or "")
        headers = msgspec.json.decode(self.headers, type=dict[str, str])
        return Answer(status=self.status, headers=headers, body=self.body(submission), replayed=True)

    def body(self, submission: Submission[object]) -> bytes:
        """The body of the first answer, byte for byte."""
        if self.event is not None:
            return bytes(kinds.decode(self.event).data)
        return submission.reopen(self.kept or "")


def remembered(rows: Sequence[Row]) -> dict[str, Remembered]:
    """What the rows of `FIND` say, by key."""
    return {
        key: Remembered(digest=digest, status=status, headers=headers, kept=body, event=event)
        for key, digest, status, headers, body, event in rows
    }


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The row by which a key is remembered."""

    key: str
    digest: bytes
    status: int
    headers: str
    body: str | None
    sequence: int | None

    def remembered(self, event: str | None) -> Remembered:
        """What the rows of `FIND` would say."""
        return Remembered(digest=self.digest, status=self.status, headers=self.headers, kept=self.body, event=event)


def answered(key: str, digest: bytes, answer: Answer, sequence: int) -> Answered:
    """How an answer is remembered; `sequence` is the number of the command's first event."""
    kept = answer.kept if answer.kept is not None else answer.body.decode()
    return Answered(
        key=key,
        digest=digest,
        status=answer.status,
        headers=msgspec.json.encode(answer.headers).decode(),
        body=None if answer.told_by_event else kept,
        sequence=sequence if answer.told_by_event else None,
    )


FIND = """
select k.key, k.digest, k.status, k.headers, k.body, e.body
from json_to_recordset(%(wanted)s::json) as wanted (key text)
cross join lateral (
    select *
    from idempotency_keys
    where tenant_id = %(tenant)s and key = wanted.key
    limit 1
) as k
left join lateral (
    select body
    from events
    where tenant_id = %(tenant)s and sequence = k.sequence
    limit 1
) as e on true
"""

REMEMBER = Write(
    sql="""
insert into idempotency_keys (tenant_id, key, digest, status, headers, body, sequence, recorded_at)
select %(tenant)s, key, decode(digest, 'base64'), status, headers, body, sequence, %(recorded_at)s
from json_to_recordset(%(rows)s::json)
     as answered (key text, digest text, status smallint, headers text, body text, sequence bigint)
""",
    rank=9,
)
