"""Versions: what changes carries a number, and a caller may say which number the change was meant for."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from twh_server.events.kinds import News
from twh_server.refusals import Refusal

OF_EVERY_VERSION: Final = frozenset({"version", "etag", "updated_at"})
"""What each change changes: it goes without saying."""


class StaleVersion(Refusal):
    """The object has changed since you read it.

    It has changed since you read it. Read it again; `etag` is its current version.
    """

    def __init__(self, version: int, tag: str) -> None:
        super().__init__(
            f"It is now at version {version}. Read it again and decide whether your change still fits.",
            version=version,
            etag=tag,
        )


class AlreadyExists(Refusal):
    """There is one already.

    `If-None-Match: *` creates or does nothing, and it is there. Read it, or leave the header out to replace it.
    """

    def __init__(self, version: int, tag: str) -> None:
        super().__init__(
            f"With `If-None-Match: *`, it is created or nothing is done. It is there, at version {version}.",
            version=version,
            etag=tag,
        )


def etag(prefix: str, version: int) -> str:
    """The strong entity tag of a version: `"it3"`, quotes included."""
    return f'"{prefix}{version}"'


def require(if_match: Sequence[str] | None, *, tag: str, version: int, create_only: bool = False) -> None:
    """Raise StaleVersion unless one of the tags of `If-Match` is the current one; no tags, no condition.

    Raises AlreadyExists where it was only to be created.
    """
    if create_only:
        raise AlreadyExists(version, tag)
    if if_match is not None and tag not in if_match and "*" not in if_match:
        raise StaleVersion(version, tag)


def news_of(kind: str, shown: msgspec.Struct, *, subject: UUID, before: msgspec.Struct | None = None) -> News:
    """The news of something new or changed: as the outside sees it now, and of what it saw before, what differs."""
    previous = None if before is None else _previous(before, shown)
    return News(kind=kind, data=msgspec.json.encode(shown), subject=subject, previous=previous)


def _previous(before: msgspec.Struct, after: msgspec.Struct) -> bytes:
    changed = {
        name: getattr(before, name)
        for name in before.__struct_fields__
        if name not in OF_EVERY_VERSION and _told(before, name) != _told(after, name)
    }
    return msgspec.json.encode(changed)


def _told(thing: msgspec.Struct, name: str) -> bytes:
    """A value as it is told: Python takes true for 1, whoever reads it does not."""
    return msgspec.json.encode(getattr(thing, name), order="sorted")
