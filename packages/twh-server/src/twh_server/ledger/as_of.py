"""Stock as it was: what a level held at a time, by one of two clocks, without recomputing its history.

Every movement says what its level held after it. By `recorded`, the last one that had been recorded tells it all.

By `occurred`, the movements that are not late tell it: they lie in one order by both clocks, so the last of them that had
happened was recorded when everything before it had, but for what came late. What came late and had happened is added
up. A movement that happened when it was recorded, as most do, is found by its id; the others have an index of their own.
"""

from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from twh_server.database.identifiers import last_of

Clock = Literal["recorded", "occurred"]


HELD = ("on_hand", "reserved", "version", "updated_at")
"""What is told of a level then."""


class Then(NamedTuple):
    """A time, by one of the clocks."""

    as_of: datetime
    clock: Clock


def moment(then: Then | None) -> dict[str, Any]:
    """The values that the selects below name."""
    return {"as_of": then.as_of, "last_id": last_of(then.as_of), "no_id": UUID(int=0)} if then else {}


def held(clock: Clock, level: str) -> str:
    """What the level of a row `level` held then, as a select to be joined laterally: no row when nothing had moved."""
    return (BY_RECORDED if clock == "recorded" else BY_OCCURRED).format(level=level)


_OF_LEVEL = """tenant_id = %(tenant)s and item_id = {level}.item_id and location_id = {level}.location_id
      and lot = {level}.lot"""

BY_RECORDED = f"""
    select on_hand_after as on_hand, reserved_after as reserved, version_after as version, recorded_at as updated_at
    from stock_movements
    where {_OF_LEVEL}
      and id <= %(last_id)s and recorded_at <= %(as_of)s
    order by id desc
    limit 1
"""

# `case`, not `coalesce`: under row security, only the former is trusted to be looked up in an index.
# What is promised has no other clock than that of its recording. The version is that of today: the answer is what the
# ledger of this version knows of then, and a late arrival may know better.
BY_OCCURRED = f"""
    select coalesce(plain.on_hand_after, dated.on_hand_after, 0) + coalesce(late.quantity, 0) as on_hand,
           coalesce(promised.reserved_after, 0) as reserved, {{level}}.version,
           greatest(plain.occurred_at, dated.occurred_at, late.occurred_at) as updated_at
    from (select 1) as one
    left join lateral (
        select id, on_hand_after, occurred_at
        from stock_movements
        where {_OF_LEVEL}
          and not late and occurred_at <> recorded_at and occurred_at <= %(as_of)s
        order by occurred_at desc, id desc
        limit 1
    ) as dated on true
    left join lateral (
        select id, on_hand_after, occurred_at
        from stock_movements
        where {_OF_LEVEL}
          and id > case when dated.id is null then %(no_id)s else dated.id end and id <= %(last_id)s
          and not late and occurred_at = recorded_at and occurred_at <= %(as_of)s
        order by id desc
        limit 1
    ) as plain on true
    left join lateral (
        select sum(quantity) as quantity, max(occurred_at) as occurred_at
        from stock_movements
        where {_OF_LEVEL}
          and id > case when plain.id is not null then plain.id when dated.id is not null then dated.id else %(no_id)s end
          and late and occurred_at <= %(as_of)s
    ) as late on true
    left join lateral (
        select reserved_after
        from stock_movements
        where {_OF_LEVEL}
          and id <= %(last_id)s and recorded_at <= %(as_of)s
        order by id desc
        limit 1
    ) as promised on true
    where coalesce(plain.occurred_at, dated.occurred_at, late.occurred_at) is not null
"""
