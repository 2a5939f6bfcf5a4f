"""`/v1/items/batch`: many items at once, each put or refused by itself."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from pydantic import Field, ModelWrapValidatorHandler, ValidationError, WrapValidator

from twh_server.catalogue.item_batch import ROWS_MAX, PutItems, PutRow
from twh_server.catalogue.item_commands import PutItem
from twh_server.catalogue.items import Item
from twh_server.http import problems
from twh_server.http.items import EXAMPLE, SKU_DESCRIPTION, ItemContent, values_of
from twh_server.http.operation import Call, operation, shown
from twh_server.http.refusals import MalformedRequest
from twh_server.http.shapes import Body, Query, malformed
from twh_server.journal.commands import Answer
from twh_server.refusals import Refusal


class BatchItem(ItemContent):
    """An item as it is to be."""

    sku: str = Field(max_length=256, description=SKU_DESCRIPTION)
    if_match: str | None = Field(
        None, max_length=64, description="The entity tag of the version that it replaces.", examples=['"it3"']
    )


def _or_refused(row: Any, check: ModelWrapValidatorHandler[BatchItem]) -> BatchItem | MalformedRequest:
    """A row of the wrong shape is its own answer; its neighbours go on."""
    try:
        return check(row)
    except ValidationError as invalid:
        return malformed(invalid)


class ItemBatch(Body):
    """Up to 1,000 items, in the order in which they are to be put."""

    items: list[Annotated[BatchItem, WrapValidator(_or_refused)]] = Field(min_length=1, max_length=ROWS_MAX)


class BatchRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one row: its status, and the item as it is now or the problem."""

    status: Annotated[int, Meta(description="As a PUT of it alone would have been answered.", examples=[201])]
    item: Item | None = None
    problem: Annotated[
        dict[str, Any] | None, Meta(description="As `application/problem+json`; its pointers lead into the row.")
    ] = None


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each row, in their order, and how many came to what."""

    results: list[BatchRow]
    created: Annotated[int, Meta(description="How many are new.")]
    updated: Annotated[int, Meta(description="How many were replaced.")]
    unchanged: Annotated[int, Meta(description="How many were so already.")]
    refused: Annotated[int, Meta(description="How many have a problem.")]


class _RawRow(msgspec.Struct, frozen=True, omit_defaults=True):
    status: int
    item: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    problem: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _RawAnswer(msgspec.Struct, frozen=True, kw_only=True):
    results: list[_RawRow]
    created: int
    updated: int
    unchanged: int
    refused: int


@operation(
    id="items.batch",
    method="POST",
    path="/v1/items/batch",
    scope="items:write",
    body=ItemBatch,
    bulk=True,
    answers={200: BatchAnswer},
    key="honoured",
    example={"items": [{"sku": "TSHIRT-M", **EXAMPLE}, {"sku": "TSHIRT-L", "name": "T-shirt, large"}]},
)
async def batch(call: Call[ItemBatch, Query]) -> Answer:
    """Create or replace up to 1,000 items, each by its SKU and independently of the others.

    The answer has a row for each, in order, with the status that a PUT of it alone would have had. A refused row leaves
    its neighbours untouched, and each row sees what the rows before it have done: a barcode can move from one to the
    other. One idempotency key stands for the whole. Bodies have up to 8 MiB.
    """
    # What the shape refused is no item: pydantic has put the refusal in its place.
    rows: Sequence[BatchItem | MalformedRequest] = call.body.items
    command = PutItems(rows=[row if isinstance(row, MalformedRequest) else _put(row) for row in rows])
    return await call.submit(command, _answered(call.request_id))


def _put(row: BatchItem) -> PutItem:
    return PutItem(item=row.sku, if_match=None if row.if_match is None else [row.if_match], **values_of(row))


def _answered(request_id: str) -> Callable[[Sequence[PutRow | Refusal]], Answer]:
    def answered(outcomes: Sequence[PutRow | Refusal]) -> Answer:
        counts = dict.fromkeys(("created", "updated", "unchanged", "refused"), 0)
        results: list[_RawRow] = []
        for outcome in outcomes:
            if isinstance(outcome, Refusal):
                refused = problems.answer(outcome, request_id)
                results.append(_RawRow(status=refused.status, problem=msgspec.Raw(refused.body)))
                counts["refused"] += 1
                continue
            put = outcome.put
            counts["created" if put.created else "updated" if put.changed else "unchanged"] += 1
            told = outcome.told or msgspec.json.encode(put.thing.shown())
            results.append(_RawRow(status=201 if put.created else 200, item=msgspec.Raw(told)))
        return shown(_RawAnswer(results=results, **counts))

    return answered
