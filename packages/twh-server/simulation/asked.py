"""What is asked: a request in plain values, as a client would write it down."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

Json = dict[str, Any]


class Conditions(TypedDict):
    """Under which conditions something may be changed: `If-Match`, and `If-None-Match: *`."""

    if_match: tuple[str, ...] | None
    create_only: bool


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request: an operation of the API, what its path names, its body, its conditions and its key."""

    operation: str
    """As in openapi.json: `movements.record`."""
    path: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Json | None = None
    if_match: tuple[str, ...] | None = None
    create_only: bool = False
    key: str | None = None

    @property
    def digest(self) -> bytes:
        """What its key stands for."""
        parts = (self.operation, self.path, self.body, self.if_match, self.create_only)
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the caller was told."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    replayed: bool
