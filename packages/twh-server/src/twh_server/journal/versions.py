"""Versions: what changes carries a number, and a caller may say which number the change was meant for."""

from collections.abc import Sequence

from twh_server.refusals import Refusal


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


def etag(prefix: str, version: int) -> str:
    """The strong entity tag of a version: `"it3"`, quotes included."""
    return f'"{prefix}{version}"'


def require(if_match: Sequence[str] | None, *, tag: str, version: int) -> None:
    """Raise StaleVersion unless one of the tags of `If-Match` is the current one; no tags, no condition."""
    if if_match is not None and tag not in if_match and "*" not in if_match:
        raise StaleVersion(version, tag)
