"""A request that was captured: as HTTP has it, or as the JSON that `twh webhooks receive` writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from twh_cli.problems import WronglyTyped

HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*\r?\n")
REQUEST_LINE = re.compile(rb"[A-Z]+ \S+(?: HTTP/[\d.]+)?\r?\n")
BLANK = re.compile(rb"\r?\n")


@dataclass(frozen=True)
class Captured:
    """Headers, and the body byte for byte."""

    headers: Mapping[str, str]
    body: bytes


def read(raw: bytes) -> Captured:
    """Raises `WronglyTyped` for what is neither."""
    return from_json(raw) or from_http(raw)


def from_json(raw: bytes) -> Captured | None:
    """`{"headers": {…}, "body": "…"}`; None for anything else."""
    try:
        told: object = json.loads(raw)
    except ValueError:
        return None
    match told:
        case {"headers": dict() as headers, "body": str() as body}:  # pyright: ignore[reportUnknownVariableType]
            return Captured(
                {name: str(value) for name, value in cast("dict[str, Any]", headers).items()}, body.encode()
            )
        case _:
            return None


def from_http(raw: bytes) -> Captured:
    """Headers, a blank line, the body; a request line may stand before them."""
    first = REQUEST_LINE.match(raw)
    place = first.end() if first else 0
    headers: dict[str, str] = {}
    while found := HEADER.match(raw, place):
        headers[found[1].decode()] = found[2].decode(errors="replace")
        place = found.end()
    blank = BLANK.match(raw, place)
    if not headers or blank is None:
        raise WronglyTyped(
            "This is no captured request: its headers come first, a line each, then an empty line, then the body.",
            hint="twh webhooks verify BODY_FILE -H 'webhook-id: …' -H 'webhook-timestamp: …' -H 'webhook-signature: …'",
        )
    return Captured(headers, raw[blank.end() :])
