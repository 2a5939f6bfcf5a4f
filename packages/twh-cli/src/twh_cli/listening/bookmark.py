"""How far a target is in the feed, kept beside its secret in a file that only its owner reads.

The file is replaced whole, so it is the old one or the new one whenever anything is killed. What is kept may lag behind what the
target has taken, never run ahead of it: after a kill, some events come twice, with the same id, and none is missing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict, cast

from twh.webhooks import SECRET_PREFIX
from twh_cli import locks, private
from twh_cli.folders import state_folder
from twh_cli.problems import FileUnusable

SECRET_BYTES = 32
PASSED_OVER_MAX = 1_000
SAVE_SECONDS = 0.2
"""How much may come twice after a kill: what a target took in this time."""


class AlreadyForwarded(FileUnusable):
    """Another program forwards to this target already."""

    code = "already_forwarded"


class Left(TypedDict):
    """A replay that a target has not seen the end of: up to which sequence its events were forwarded again."""

    id: str
    after: int


@dataclass
class Bookmark:
    """A tenant's feed and one target: the secret it knows, and the sequence up to which it was sent everything."""

    tenant: str
    target: str
    secret: str
    after: int | None = None
    passed_over: list[str] = field(default_factory=list[str])
    """The ids of events that the target refused, the newest last."""
    replays: list[Left] = field(default_factory=list[Left])

    def __post_init__(self) -> None:
        self._saving = threading.Lock()
        self._saved_at = 0.0

    def move(self, after: int) -> None:
        """Everything up to here was taken or passed over."""
        self.after = after
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            self.save()

    def begin(self, replay: Left) -> None:
        """There is a replay to be forwarded; one that is known goes on from the earlier of both places."""
        after = min([replay["after"], *(one["after"] for one in self.replays if one["id"] == replay["id"])])
        others = [one for one in self.replays if one["id"] != replay["id"]]
        self.replays = [*others, Left(id=replay["id"], after=after)]
        self.save()

    def come(self, replay: str, after: int) -> None:
        """Everything of a replay up to here was taken or passed over."""
        self.replays = [Left(id=replay, after=after) if one["id"] == replay else one for one in self.replays]
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            self.save()

    def end(self, replay: str) -> None:
        """Nothing of a replay is left."""
        self.replays = [one for one in self.replays if one["id"] != replay]
        self.save()

    def pass_over(self, event: str) -> None:
        """Remember what was refused; the oldest make room."""
        self.passed_over = [*self.passed_over, event][-PASSED_OVER_MAX:]
        self.save()

    def settle(self, event: str) -> None:
        """It was refused before, and is taken now."""
        self.passed_over.remove(event)
        self.save()

    def save(self) -> None:
        """Raises `FileUnusable`; what was kept before stays."""
        path = file_of(self.tenant, self.target)
        kept = {name: getattr(self, name) for name in self.__dataclass_fields__}
        with self._saving:
            try:
                private.make_folder(path.parent)
                private.replace(path, json.dumps(kept, ensure_ascii=False))
            except OSError as why:
                raise FileUnusable(
                    f"{path} cannot be written: {why.strerror or why}. Nothing is lost: the next start sends again what "
                    "this one could not write down.",
                    hint="Make room, or set XDG_STATE_HOME to a folder that you may write in.",
                ) from None
            self._saved_at = time.monotonic()


def of(tenant: str, target: str) -> Bookmark:
    """What is kept of this target; else a new one, at no place yet, with a fresh secret. Raises `FileUnusable`."""
    path = file_of(tenant, target)
    try:
        return read(path)
    except FileNotFoundError:
        fresh = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        return Bookmark(tenant, target, fresh)
    except (OSError, ValueError, TypeError) as why:
        raise FileUnusable(
            f"{path} cannot be read ({why}): how far {target} was in the feed is not known.",
            hint=f"rm {path}, and say where to go on: --from NUMBER",
        ) from None


def kept_secrets() -> Iterator[tuple[str, str]]:
    """Every target of this machine with its secret."""
    folder = state_folder()
    for path in sorted((folder / "listen").glob("*.json")) if folder else ():
        try:
            kept = read(path)
        except (OSError, ValueError, TypeError):
            continue
        yield kept.target, kept.secret


@contextmanager
def held(bookmark: Bookmark) -> Generator[None]:
    """Inside the block nobody else forwards to this target: two would send everything twice, and lose each other's place."""
    path = file_of(bookmark.tenant, bookmark.target).with_suffix(".lock")
    hint = "Set XDG_STATE_HOME to a folder that you may write in."
    with locks.opened(path, hint=hint, makes_folder=True) as lock:
        if not locks.taken(lock):
            raise AlreadyForwarded(
                f"Another `twh listen` forwards to {bookmark.target} already.",
                hint="End that one, or choose another URL.",
            )
        for half in path.parent.glob(f".{path.stem}-*"):  # what a kill left of a file that was being written
            half.unlink(missing_ok=True)
        yield


def read(path: Path) -> Bookmark:
    kept: object = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(kept, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - told like every other form that is not ours
    return Bookmark(**cast("dict[str, Any]", kept))


def file_of(tenant: str, target: str) -> Path:
    folder = state_folder()
    if folder is None:
        raise FileUnusable(
            "There is no home folder to keep a place in the feed in.", hint="Set HOME, or XDG_STATE_HOME."
        )
    name = hashlib.sha256(f"{tenant} {target}".encode()).hexdigest()[:32]
    return folder / "listen" / f"{name}.json"
