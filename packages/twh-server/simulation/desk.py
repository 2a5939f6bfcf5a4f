"""The desk: takes a request as the HTTP application does, in this process, and says what the caller is told.

Everything behind it is real: the operations with their checks and answers, the writer, PostgreSQL.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import msgspec
from asked import Request, Told

from twh_server.access.keys import Access
from twh_server.access.scopes import ALL_SCOPES
from twh_server.database.identifiers import KeyId, TenantId
from twh_server.http import problems
from twh_server.http.operation import Call, Rooms
from twh_server.http.operations import OPERATIONS
from twh_server.http.shapes import Query, body_of
from twh_server.journal.commands import Answer, Effects, Facts, Moment, Submission, Write
from twh_server.refusals import Refusal
from twh_server.telemetry import Handled

BY_ID: Final = {operation.id: operation for operation in OPERATIONS}


@dataclass(frozen=True, kw_only=True)
class Faulty:
    """A command with a bug in it: alone it is answered with the fault, and its neighbours never notice."""

    unwritable: bool
    """Whether only the database finds out."""
    weight: Final = 1

    def asks(self) -> tuple[()]:
        """Nothing."""
        return ()

    def decide(self, facts: Facts, moment: Moment) -> Effects[None]:  # noqa: ARG002  # as every command
        """Fails, now or when it is written."""
        if self.unwritable:
            return Effects(result=None, rows=[(UNWRITABLE, Divisor())])
        raise ZeroDivisionError


class Divisor(msgspec.Struct):
    """What the database is asked to divide by."""

    zero: int = 0


UNWRITABLE = Write(sql="select 1 / zero from json_to_recordset(%(rows)s) as stored (zero integer)", rank=1)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One server process, as one tenant's key sees it."""

    rooms: Rooms
    access: Access
    asked: Iterator[int] = field(default_factory=count)
    """Numbers the requests: what is answered again carries the first one's number."""

    async def ask(self, request: Request) -> Told:
        """What the caller is told. Raises Unavailable when nobody knows."""
        operation = BY_ID[request.operation]
        raw = json.dumps(request.body).encode()
        handled = Handled(request_id=f"req_{next(self.asked)}", method=operation.method, operation=operation.id)
        call: Call[Any, Query] = Call(
            rooms=self.rooms,
            access=self.access,
            path=request.path,
            query=Query(),
            body=body_of(operation.body, raw) if operation.body else None,
            key=request.key,
            digest=request.digest if request.key else b"",
            if_match=request.if_match,
            create_only=request.create_only,
            handled=handled,
        )
        answer = await operation.handler(call)
        return Told(status=answer.status, headers=answer.headers, body=answer.body, replayed=answer.replayed)

    async def fail(self, *, unwritable: bool) -> None:
        """Hand in a command with a bug in it. Raises what it raises."""

        def refuse(refusal: Refusal) -> Answer:
            return problems.answer(refusal, "req_faulty")

        command = Faulty(unwritable=unwritable)
        await self.rooms.writer.submit(
            Submission(tenant=self.access.tenant, command=command, answer=lambda _: Answer(status=200), refuse=refuse)
        )


def open_desk(rooms: Rooms, tenant: TenantId, key: KeyId, name: str) -> Desk:
    """A desk in a server process, for a key with every scope."""
    access = Access(tenant=tenant, tenant_kind="sandbox", key=key, name=name, scopes=frozenset(ALL_SCOPES))
    return Desk(rooms=rooms, access=access)
