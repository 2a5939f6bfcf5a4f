"""`/v1/movements/batch`: many entries at once, each with its own key and its own answer.

A row is the request that it would have been alone: it goes through the same handler and the same queue, and its key
stands for the same digest. So a row can be sent again alone, or in another batch, and is answered with the same bytes.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Self

import msgspec
from msgspec import Meta
from pydantic import Field, PrivateAttr, ValidatorFunctionWrapHandler, WrapValidator

from twh_server.http import incoming, movements, problems
from twh_server.http.movements import NewEntry
from twh_server.http.operation import Call, operation, shown, told_of
from twh_server.http.refusals import BodyTooLarge, MalformedRequest
from twh_server.http.shapes import Body, Query, body_of
from twh_server.journal.commands import Answer
from twh_server.ledger.entries import Entry
from twh_server.refusals import Refusal

ROWS_MAX = 1_000
ABREAST_ROWS_MAX = 100
ABREAST_BYTES_MAX = 64 << 10
"""So much of a batch waits in the queue at a time: others of the tenant come between, and no stretch of work is long."""

KEY_PATTERN = r"^[\x21-\x7e]{1,255}$"


def _unread(entry: Any, _: ValidatorFunctionWrapHandler) -> Any:
    """An entry of the wrong shape is its own answer; its neighbours go on."""
    return entry


class KeyedEntry(Body):
    """An entry, and the key under which it is recorded once."""

    idempotency_key: str = Field(
        pattern=KEY_PATTERN,
        max_length=255,
        description="1 to 255 visible ASCII characters, as in the header `Idempotency-Key`.",
        examples=["po-77-1"],
    )
    entry: Annotated[NewEntry, WrapValidator(_unread)] = Field(description="As `POST /v1/movements` takes it.")


class _Sliced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row whose entry is still the bytes that came: they are what its key stands for."""

    idempotency_key: Annotated[str, Meta(pattern=KEY_PATTERN)]
    entry: msgspec.Raw


class _SlicedBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    entries: Annotated[list[_Sliced], Meta(min_length=1, max_length=ROWS_MAX)]


_SLICES: Final = msgspec.json.Decoder(_SlicedBatch)


class EntryBatch(Body):
    """Up to 1,000 entries, in the order in which they are to be recorded."""

    entries: list[KeyedEntry] = Field(min_length=1, max_length=ROWS_MAX)
    _rows: Sequence[_Sliced] = PrivateAttr(default=())

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """The rows, cut out and not yet looked into. What is wrong with the batch itself is named in the general way."""
        try:
            raw.decode()
            rows = _SLICES.decode(raw).entries
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            body_of(cls, raw)
            raise MalformedRequest("The body is not valid JSON.") from None
        return cls.model_construct(entries=[]).cut_into(rows)

    def cut_into(self, rows: Sequence[_Sliced]) -> Self:
        """The batch, with rows that nobody has looked into."""
        self._rows = rows
        return self

    @property
    def rows(self) -> Sequence[_Sliced]:
        """Each row, as it came."""
        return self._rows


class EntryResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one row: as a `POST /v1/movements` of it alone would have been answered."""

    status: Annotated[
        int, Meta(description="201: recorded. 204: a count that found what the ledger says.", examples=[201])
    ]
    idempotency_key: Annotated[str, Meta(description="The row's key.", examples=["po-77-1"])]
    replayed: Annotated[
        bool,
        Meta(description="Whether this is what the key was answered before: nothing happened now.", examples=[False]),
    ]
    entry: Entry | None = None
    problem: Annotated[
        dict[str, Any] | None, Meta(description="As `application/problem+json`; its pointers lead into the entry.")
    ] = None


class EntryResults(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each row, in their order, and how many came to what."""

    results: list[EntryResult]
    recorded: Annotated[int, Meta(description="How many are in the ledger, whether by this request or by one before.")]
    unchanged: Annotated[int, Meta(description="How many counts found what the ledger says.")]
    refused: Annotated[int, Meta(description="How many were refused.")]
    failed: Annotated[
        int, Meta(description="At how many the server failed (500 and above): send them again with the same keys.")
    ]
    replayed: Annotated[int, Meta(description="How many of all had been answered before.")]


class _RawResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    status: int
    idempotency_key: str
    replayed: bool
    entry: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    problem: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _RawResults(msgspec.Struct, frozen=True, kw_only=True):
    results: list[_RawResult]
    recorded: int
    unchanged: int
    refused: int
    failed: int
    replayed: int


@operation(
    id="movements.batch",
    method="POST",
    path="/v1/movements/batch",
    scope="stock:write",
    body=EntryBatch,
    bulk=True,
    answers={200: EntryResults},
    example={
        "entries": [
            {"idempotency_key": "ra-19", "entry": movements.EXAMPLE},
            {
                "idempotency_key": "po-77-1",
                "entry": {
                    "kind": "receipt",
                    "lines": [{"item": "TSHIRT-M", "location": "MAIN", "quantity": "12"}],
                },
            },
        ]
    },
)
async def batch(call: Call[EntryBatch, Query]) -> Answer:
    """Record up to 1,000 entries, each independently of the others and under its own key.

    The answer has a row for each, in order: what a `POST /v1/movements` of it alone would have been answered, now or
    whenever its key was first used. A refused row leaves its neighbours untouched, and each row sees what the rows
    before it have done. The keys are the rows' own: a header `Idempotency-Key` stands for nothing here.

    After a row that could not be carried out (503), the rows behind it are not tried and say the same; when that is
    so for all, the whole is answered with 503. A lost answer is settled by sending the same again. Bodies have up to
    8 MiB, each entry up to 1 MiB; the batch counts as one request of the key's rate.
    """
    answers: list[Answer] = []
    for rows in _abreast(call.body.rows):
        outcomes = await asyncio.gather(*(_recorded(call, row) for row in rows))
        answers += outcomes
        stopped = next((one for one in outcomes if one.status == 503), None)
        if stopped:
            answers += [stopped] * (len(call.body.rows) - len(answers))
            break
    if all(answer.status == 503 for answer in answers):
        return answers[0]
    return _told(call.body.rows, answers)


def _abreast(rows: Sequence[_Sliced]) -> Iterator[Sequence[_Sliced]]:
    """The rows, as many at a time as may wait together."""
    first = size = 0
    for place, row in enumerate(rows):
        size += len(row.entry)
        if place > first and (place - first == ABREAST_ROWS_MAX or size > ABREAST_BYTES_MAX):
            yield rows[first:place]
            first, size = place, len(row.entry)
    yield rows[first:]


async def _recorded(call: Call[Any, Query], row: _Sliced) -> Answer:
    """The answer of one row, whatever it comes to."""
    alone = movements.record
    try:
        raw = bytes(row.entry)
        if len(raw) > call.rooms.limits.body_bytes:
            raise BodyTooLarge(call.rooms.limits.body_bytes)
        digest = incoming.digest_of(alone.method, alone.path, raw)
        entry = NewEntry.read(raw)
        return await alone.handler(replace(call, body=entry, key=row.idempotency_key, digest=digest))
    except Refusal as refusal:
        return problems.answer(refusal, call.request_id)
    except Exception as fault:  # noqa: BLE001  # what one row breaks is told to that row
        return problems.answer(told_of(fault, alone.id, call.request_id), call.request_id)


def _told(rows: Sequence[_Sliced], answers: Sequence[Answer]) -> Answer:
    counts: dict[str, int] = dict.fromkeys(("recorded", "unchanged", "refused", "failed"), 0)
    results: list[_RawResult] = []
    for row, answer in zip(rows, answers, strict=True):
        counts[_sort_of(answer.status)] += 1
        told = {"entry" if answer.status == 201 else "problem": msgspec.Raw(answer.body)} if answer.body else {}
        results.append(
            _RawResult(status=answer.status, idempotency_key=row.idempotency_key, replayed=answer.replayed, **told)
        )
    return shown(_RawResults(results=results, replayed=sum(answer.replayed for answer in answers), **counts))


def _sort_of(status: int) -> str:
    if status < 300:
        return "unchanged" if status == 204 else "recorded"
    return "failed" if status >= 500 else "refused"
