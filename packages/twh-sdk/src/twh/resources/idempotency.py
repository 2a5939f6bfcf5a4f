"""Idempotency keys: what a key was answered."""

from __future__ import annotations

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.params import named
from twh.wire import segment


class Idempotency(Resource[DriverT_co]):
    @endpoint
    def get(self, key: str, *, options: Options | None = None) -> Call[models.KeyRecord | None]:
        """The answer recorded under a key. None means *unknown*: only a retry with the key settles what happened."""
        return Call(
            method="GET",
            path=f"/v1/idempotency-keys/{segment(named(key))}",
            returns=models.KeyRecord,
            none_on="idempotency_key_not_found",
            options=options,
        )
