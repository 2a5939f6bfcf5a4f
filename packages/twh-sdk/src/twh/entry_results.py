"""What becomes of the rows of a batch of entries: the models of the contract, with each problem as the error that it is."""

from __future__ import annotations

from collections.abc import Sequence

from twh.errors.reading import error_of
from twh.errors.tree import APIError
from twh.models.generated import EntryResult as ToldResult
from twh.models.generated import EntryResults as ToldResults

UNSETTLED_STATUS = 503


class EntryResult(ToldResult):
    """What became of one row: `.entry` when it was recorded, `.error` when it was not; neither when a count found no change."""

    @property
    def error(self) -> APIError | None:
        """The problem as the error that the same entry would have raised alone, not raised."""
        if self.problem is None:
            return None
        error = error_of(self.problem, self.status, {}, "")
        error.idempotency_key = self.idempotency_key
        return error

    @property
    def unsettled(self) -> bool:
        """Whether nobody can tell now: send the row again with its key."""
        return self.status == UNSETTLED_STATUS


class EntryResults(ToldResults):
    """What became of each row of a batch, in their order, and how many came to what."""

    results: list[EntryResult]  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]

    @classmethod
    def of(cls, results: Sequence[EntryResult]) -> EntryResults:
        """The same rows, counted anew."""
        return cls(
            results=list(results),
            recorded=sum(one.status == 201 for one in results),
            unchanged=sum(one.status == 204 for one in results),
            refused=sum(400 <= one.status < 500 for one in results),
            failed=sum(one.status >= 500 for one in results),
            replayed=sum(one.replayed for one in results),
        )
