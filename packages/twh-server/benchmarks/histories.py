"""Histories that are kept: loaded once, and used again for as long as the schema and the loading are what they were."""

import hashlib
import json
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

import kept
from ground import Ground
from history import Span, load
from load import LoadProcess
from processes import HERE
from shops import Shop, skus, stock_shops
from twh_server.database import guards, planning
from twh_server.database.identifiers import KeyId, TenantId
from twh_server.database.migrate import MIGRATIONS
from twh_server.journal.commands import Actor

ITEMS = 10_000
YEAR = timedelta(days=365)
BYTES_A_MOVEMENT = 4_000
"""So much room is asked for: for tables, indexes, and the log that is written meanwhile."""
LOADING = {"max_wal_size": "8GB"}


class NoRoom(Exception):
    """The disk is too small for a history."""


def ground_of(movements: int, process: LoadProcess) -> Ground:
    """A ground, yet to be started, with a shop that has recorded so many movements in the last year. Raises NoRoom."""
    folder = kept.folder() / f"history-{movements}"
    stamp = folder / "stamp.json"
    told: dict[str, Any] = json.loads(stamp.read_text()) if stamp.exists() else {}
    if told.get("made_of") != _made_of():
        shutil.rmtree(folder, ignore_errors=True)
        _ask_for_room(folder, movements)
        folder.mkdir(mode=0o755)
        told = {"made_of": _made_of()}
    if not told.get("is_whole"):
        with Ground(folder / "ground", process, settings=LOADING) as ground:
            if "secret" not in told:
                told |= _stocked(ground)
                stamp.write_text(json.dumps(told))
            _load(ground, told, movements)
        stamp.write_text(json.dumps({**told, "is_whole": True}))
    return Ground(folder / "ground", process, shop=_shop(told))


def _stocked(ground: Ground) -> dict[str, str]:
    """A shop that was stocked a year ago, as the stamp has it."""
    ends = datetime.now(UTC)
    begins = ends - YEAR
    shop = stock_shops(ground.address, 1, ITEMS, at=begins)[0]
    return {
        "begins": begins.isoformat(),
        "ends": ends.isoformat(),
        "tenant": str(shop.tenant),
        "secret": shop.secret,
        "key": str(shop.actor.key),
    }


def _shop(told: dict[str, str]) -> Shop:
    actor = Actor(key=KeyId(UUID(told["key"])), name="bench")
    return Shop(tenant=TenantId(UUID(told["tenant"])), secret=told["secret"], actor=actor, skus=skus(ITEMS))


def _load(ground: Ground, told: dict[str, str], movements: int) -> None:
    begins, ends = (datetime.fromisoformat(told[name]) for name in ("begins", "ends"))
    began = time.monotonic()

    def tell(so_far: int) -> None:
        seconds = time.monotonic() - began
        sys.stderr.write(f"\rloading {movements:,} movements: {so_far:,} after {seconds:.0f} s")
        sys.stderr.flush()

    span = Span(entries=movements, begins=begins + timedelta(hours=1), ends=ends)
    load(ground.superuser, _shop(told), span, tell=tell)
    # Otherwise it would be done in the middle of what is measured.
    with psycopg.connect(ground.superuser, autocommit=True) as superuser:
        superuser.execute("vacuum (analyze)")
        superuser.execute("checkpoint")
    sys.stderr.write(f"; loaded and vacuumed after {time.monotonic() - began:.0f} s\n")


def _made_of() -> str:
    """What decides how a history lies in the database."""
    code = [*sorted(MIGRATIONS.glob("versions/*.py")), Path(guards.__file__), Path(planning.__file__)]
    code += [HERE / name for name in ("history.py", "histories.py", "shops.py")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in code)).hexdigest()


def _ask_for_room(folder: Path, movements: int) -> None:
    free = shutil.disk_usage(folder.parent).free
    if free < movements * BYTES_A_MOVEMENT:
        needed = movements * BYTES_A_MOVEMENT / 1e9
        raise NoRoom(f"{movements:,} movements need {needed:.0f} GB in {folder}; {free / 1e9:.0f} are free")
