"""Checkpoints: where the consumers of the feed stand, kept by the server under their names."""

from __future__ import annotations

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.pages import Page, listing
from twh.wire import query, segment


class Checkpoints(Resource[DriverT_co]):
    @endpoint
    def get(self, name: str, *, options: Options | None = None) -> Call[models.Checkpoint]:
        """Where a consumer stands, and how many events it is behind (`.lag`)."""
        return Call(method="GET", path=address(name), returns=models.Checkpoint, options=options)

    @listing
    def list(self, *, page_size: int | None = None, options: Options | None = None) -> Call[Page[models.Checkpoint]]:
        """All of them, by name."""
        filters = query(limit=page_size)
        return Call(
            method="GET", path="/v1/checkpoints", returns=Page[models.Checkpoint], query=filters, options=options
        )

    @endpoint
    def set(
        self,
        name: str,
        *,
        sequence: int,
        reset: bool = False,
        if_match: str | None = None,
        create_only: bool = False,
        options: Options | None = None,
    ) -> Call[models.Checkpoint]:
        """Keep a place: everything up to this sequence was handled. `events.stream(checkpoint=name)` does it by itself.

        A place goes back only with `reset`, otherwise `CheckpointPassed` is raised. With `create_only`, one that exists
        raises `AlreadyExists`.
        """
        # It makes no fact, and setting it again sets the same: it needs no key, and losing its answer loses nothing.
        return Call(
            method="PUT",
            path=address(name),
            returns=models.Checkpoint,
            body={"sequence": sequence, **({"reset": True} if reset else {})},
            reads=True,
            if_match=if_match,
            if_none_match="*" if create_only else None,
            options=options,
        )

    @endpoint
    def delete(self, name: str, *, if_match: str | None = None, options: Options | None = None) -> Call[None]:
        """Forget a place."""
        path = address(name)
        return Call(method="DELETE", path=path, returns=type(None), reads=True, if_match=if_match, options=options)


def address(name: str) -> str:
    return f"/v1/checkpoints/{segment(name)}"
