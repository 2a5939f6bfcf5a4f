"""Pages: lists go on behind an opaque cursor, which is the key of the last row that was told."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import msgspec

from twh_server.events.kinds import SEQUENCE_MAX
from twh_server.http.refusals import InvalidParameter
from twh_server.refusals import Problem

T = TypeVar("T")


def cursor_of(key: Any) -> str:
    """The cursor that goes on behind a key."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(key)).decode().rstrip("=")


def key_of(cursor: str | None, kind: type[T]) -> T | None:
    """The key that a cursor stands for; None at the beginning. Raises InvalidParameter."""
    if cursor is None:
        return None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = msgspec.msgpack.decode(packed, type=kind)
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        raise _no_cursor() from None
    told: object = key
    parts = cast(tuple[object, ...], told) if isinstance(told, tuple) else (told,)
    if not all(map(_can_be_asked_for, parts)):
        raise _no_cursor()
    return key


def _can_be_asked_for(part: object) -> bool:
    """Whether the database can be asked for it: no text there has a NUL, and its only numbers are those of events."""
    if isinstance(part, str):
        return "\0" not in part
    return not isinstance(part, int) or 0 <= part <= SEQUENCE_MAX


def _no_cursor() -> InvalidParameter:
    message = "This is no cursor that an answer gave."
    return InvalidParameter([Problem(pointer="cursor", code="invalid_cursor", message=message)])


def paged(found: Sequence[T], limit: int, key: Callable[[T], Any]) -> tuple[list[T], str | None]:
    """A page that was read with one row more than `limit`, and the cursor behind it; None when that row is not there."""
    page = list(found[:limit])
    return page, cursor_of(key(page[-1])) if len(found) > limit else None
