"""Much at once, batch after batch: one generator says which calls to make, and each kind of client makes them its way."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

from twh.call import Awaited, Call, Direct

BATCH_ROWS = 500
BATCH_ROWS_MAX = 1_000
BATCH_BYTES_MAX = 4_000_000
"""A batch ends here, well below what the server takes, however few its rows are."""
REFUSALS_KEPT_MAX = 1_000

T = TypeVar("T")
AnswerT = TypeVar("AnswerT")
SumT = TypeVar("SumT")


def batches(rows: Iterable[T], batch_size: int, written: Callable[[T], object]) -> Iterator[list[T]]:
    """The rows in batches of so many, or of fewer where they are large."""
    if not 1 <= batch_size <= BATCH_ROWS_MAX:
        raise ValueError(f"batch_size is 1 to {BATCH_ROWS_MAX}, not {batch_size}")
    batch: list[T] = []
    room = BATCH_BYTES_MAX
    for row in rows:
        needed = len(json.dumps(written(row), ensure_ascii=False, default=str).encode())
        if batch and (len(batch) == batch_size or needed > room):
            yield batch
            batch, room = [], BATCH_BYTES_MAX
        batch.append(row)
        room -= needed
    if batch:
        yield batch


def drive(driver: Direct, flow: Generator[Call[AnswerT], AnswerT, SumT], named: str) -> SumT:
    try:
        call = next(flow)
        while True:
            call = flow.send(driver.send(call, named=named))
    except StopIteration as done:
        sum_of_all: SumT = done.value
        return sum_of_all


async def drive_awaited(driver: Awaited, flow: Generator[Call[AnswerT], AnswerT, SumT], named: str) -> SumT:
    try:
        call = next(flow)
        while True:
            call = flow.send(await driver.send(call, named=named))
    except StopIteration as done:
        sum_of_all: SumT = done.value
        return sum_of_all


def no_raw_answer(method: str) -> TypeError:
    return TypeError(f"{method} asks many times and has no one raw answer: call it without with_raw")
