"""Plural look-ups: all that is asked goes to the database as one JSON text, which the statement itself reads as a record.

`from json_to_recordset(%(wanted)s::json) as wanted (id uuid, sku text)` names the parts of a key, their types and their
order, once and for whoever asks.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

_RECORD = re.compile(r"as wanted \(([^)]*)\)")


def asked(sql: str, tenant: UUID, keys: Iterable[tuple[Any, ...]]) -> dict[str, object]:
    """The parameters with which a plural look-up is asked for some keys."""
    parts = _parts(sql)
    return {"tenant": tenant, "wanted": as_json([dict(zip(parts, key, strict=True)) for key in keys])}


def as_json(value: object) -> str:
    """A value as a statement reads it: to make each part of it a value of the driver's would cost Python much more."""
    return msgspec.json.encode(value).decode()


@cache
def _parts(sql: str) -> Sequence[str]:
    record = _RECORD.search(sql)
    return [column.split()[0] for column in record[1].split(",")] if record else ()
