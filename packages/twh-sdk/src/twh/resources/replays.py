"""Replays: deliveries that are made once more, as jobs. `client.webhooks.replay(…)` starts one."""

from __future__ import annotations

from typing import Literal

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.jobs import job, replay_call, turn_call
from twh.options import Options
from twh.pages import Page, listing
from twh.params import AnId, named
from twh.wire import query


class Replays(Resource[DriverT_co]):
    @endpoint
    def get(self, replay: str | AnId, *, options: Options | None = None) -> Call[models.Replay]:
        """One replay: how far it is. Raises `ReplayNotFound`."""
        return replay_call(named(replay), options)

    @listing
    def list(
        self,
        *,
        state: Literal["running", "cancelled", "finished"] | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.Replay]]:
        """All replays, the newest first."""
        filters = query(state=state, limit=page_size)
        return Call(method="GET", path="/v1/replays", returns=Page[models.Replay], query=filters, options=options)

    @endpoint
    def cancel(self, replay: str | AnId, *, options: Options | None = None) -> Call[models.Replay]:
        """Queue nothing more of it; what is queued already is delivered. Raises `ReplayIsFinished`."""
        return turn_call(named(replay), "cancel", options)

    @endpoint
    def resume(self, replay: str | AnId, *, options: Options | None = None) -> Call[models.Replay]:
        """Go on where it was cancelled. Raises `ReplayIsFinished`."""
        return turn_call(named(replay), "resume", options)

    @job
    def job(self, replay: str | AnId, *, options: Options | None = None) -> Call[models.Replay]:
        """Hold a replay that was begun elsewhere, to wait for it. Raises `ReplayNotFound`."""
        return replay_call(named(replay), options)
