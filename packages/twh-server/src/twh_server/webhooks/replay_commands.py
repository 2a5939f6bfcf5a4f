"""What can be done to replays: start one, cancel it, resume it; and finish it, which the worker does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from twh_server.database.engine import Row
from twh_server.database.identifiers import ENDPOINT, JOB, LAST, JobId
from twh_server.events.kinds import KINDS
from twh_server.journal.commands import Effects, Facts, Moment, Read, Write
from twh_server.journal.versions import news_of
from twh_server.refusals import Problem
from twh_server.webhooks import endpoints, replays
from twh_server.webhooks.refusals import InvalidReplay, ReplayIsFinished, TooManyReplays
from twh_server.webhooks.replay_scope import Scope
from twh_server.webhooks.replays import Replay, ReplayRow

RUNNING_MAX = 1_000
"""So many replays of a tenant run at once; the retry of one delivery is one, until that is delivered or given up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StartReplay:
    """Start a replay of what was counted before: nobody who writes waits while deliveries are counted."""

    endpoint: str | None
    scope: Scope
    total: int
    rate_per_second: int | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """How many are running, and the endpoint."""
        yield replays.COUNT_RUNNING, ()
        if self.endpoint is not None:
            yield endpoints.ENDPOINTS, (ENDPOINT.parse(self.endpoint),)

    def decide(self, facts: Facts, moment: Moment) -> Effects[Replay]:
        """The new replay. Raises InvalidReplay or TooManyReplays."""
        if self.endpoint is not None and endpoints.find(facts, self.endpoint) is None:
            raise InvalidReplay([no_endpoint(self.endpoint)])
        running = facts.of(replays.REPLAYS_COUNTED)[None]
        if running >= RUNNING_MAX:
            raise TooManyReplays(RUNNING_MAX)
        named, stretch = self.scope.deliveries, self.scope.stretch
        replay = ReplayRow(
            id=JobId(moment.mint()),
            endpoint_id=self.scope.endpoint,
            which=self.scope.which,
            kinds=list(self.scope.kinds),
            deliveries=None if named is None else list(named),
            first_sequence=stretch.first,
            last_sequence=stretch.last,
            rate_per_second=self.rate_per_second,
            state="running",
            position=stretch.first - 1,
            within=LAST,
            total=self.total,
            queued=0,
            delivered=0,
            failed=0,
            created_at=moment.recorded_at,
            finished_at=None,
        )
        effects = _stored(replay, "replay.started")
        effects.known.append((replays.REPLAYS_COUNTED, None, running + 1))
        return effects


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnReplay:
    """Cancel a replay, or resume it where it was cancelled. What is so already stays so, and nothing is told.

    A cancelled replay queues nothing more; what it has queued is delivered.
    """

    replay: str
    to: Literal["cancelled", "running"]
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The replay."""
        yield replays.REPLAYS, (JOB.parse(self.replay),)

    def decide(self, facts: Facts, moment: Moment) -> Effects[Replay]:  # noqa: ARG002  # it has no time of its own
        """The replay in its new state. Raises ReplayNotFound or ReplayIsFinished."""
        replay = replays.find(facts, self.replay)
        if replay.state == "finished":
            raise ReplayIsFinished(self.replay)
        if replay.state == self.to:
            return Effects(result=replay.shown())
        kind = "replay.cancelled" if self.to == "cancelled" else "replay.resumed"
        return _stored(msgspec.structs.replace(replay, state=self.to), kind, before=replay)


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishReplay:
    """Say that a replay has done its work. One that was cancelled, or finished, meanwhile stays so."""

    replay: JobId
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The replay."""
        yield replays.REPLAYS, (self.replay,)

    def decide(self, facts: Facts, moment: Moment) -> Effects[Replay]:
        """The finished replay. Raises ReplayNotFound."""
        replay = replays.find(facts, JOB.text(self.replay))
        if replay.state != "running":
            return Effects(result=replay.shown())
        finished = msgspec.structs.replace(replay, state="finished", finished_at=moment.recorded_at)
        return _stored(finished, "replay.finished", before=replay)


def no_endpoint(text: str) -> Problem:
    """An endpoint that is not there."""
    return Problem(pointer="/endpoint", code="endpoint_not_found", message=f"No webhook endpoint has the id {text!r}.")


def kind_problems(types: Sequence[str]) -> list[Problem]:
    """The kinds that there are not."""
    return [
        Problem(pointer=f"/types/{place}", code="unknown_kind", message=f"There are no events of kind {kind!r}.")
        for place, kind in enumerate(types)
        if kind not in KINDS
    ]


def _stored(replay: ReplayRow, kind: str, *, before: ReplayRow | None = None) -> Effects[Replay]:
    shown = replay.shown()
    return Effects(
        result=shown,
        rows=[(STORE_REPLAYS, replay)],
        news=[news_of(kind, shown, subject=replay.id, before=before.shown() if before else None)],
        known=[(replays.REPLAY_BY_ID, replay.id, replay)],
    )


STORE_REPLAYS = Write(
    sql="""
insert into replays (tenant_id, id, endpoint_id, which, kinds, deliveries, first_sequence, last_sequence,
                     rate_per_second, state, position, within, total, due_at, created_at)
select %(tenant)s, id, endpoint_id, which, kinds, deliveries, first_sequence, last_sequence, rate_per_second, state,
       position, within, total, %(recorded_at)s, created_at
from json_to_recordset(%(rows)s::json)
     as stored (id uuid, endpoint_id uuid, which text, kinds text[], deliveries uuid[], first_sequence bigint,
                last_sequence bigint, rate_per_second integer, state text, position bigint, within uuid, total bigint,
                created_at timestamptz, finished_at timestamptz)
on conflict (tenant_id, id) do update
set state = excluded.state, due_at = excluded.due_at,
    finished_at = case when excluded.state = 'finished' then %(recorded_at)s::timestamptz end
""",
    rank=1,
    key=("id",),
)
