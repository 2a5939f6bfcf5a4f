"""Putting together what the settings say: the pools over the database, and the application over the pools."""

from litestar.types import ASGIApp

from twh_server.access.sealing import Sealer
from twh_server.app import build, open_rooms
from twh_server.database.address import Address
from twh_server.database.engine import WORKERS_MAX, Database, Timeouts
from twh_server.events.bell import Bell
from twh_server.http.incoming import BodyLimits
from twh_server.journal.writer import Writer
from twh_server.processes.metering import Meter
from twh_server.processes.starting import rates_of, targets_of
from twh_server.settings import Settings
from twh_server.telemetry import RequestLines, Watch, all_of


def pools(settings: Settings, address: Address, *, publishers: int = 0) -> Database:
    """The database's pools, to be opened by the caller. Each publisher may hold a connection as long as its bus takes."""
    timeouts = Timeouts(
        statement_seconds=settings.statement_timeout,
        lock_seconds=settings.lock_timeout,
        idle_seconds=settings.idle_in_transaction_session_timeout,
    )
    return Database(
        address,
        writers=settings.write_connections,
        readers=settings.read_connections,
        workers=WORKERS_MAX + publishers,
        timeouts=timeouts,
    )


def application(
    settings: Settings, database: Database, bell: Bell, sealer: Sealer, meter: Meter | None = None
) -> ASGIApp:
    """The application that this process serves. Raises CannotStart."""
    limits = BodyLimits(body_bytes=settings.body_bytes, bulk_bytes=settings.bulk_body_bytes)
    rates = rates_of(settings)
    writer = Writer(database, bell)
    watches: list[Watch] = []
    if meter:
        writer = Writer(database, bell, committed=meter.batch)
        watches.append(meter.request)
        meter.read(writer, rates)
    if settings.log_requests and settings.log_level in ("debug", "info"):
        watches.append(RequestLines(form=settings.log_format))
    rooms = open_rooms(
        database,
        bell,
        sealer,
        targets=targets_of(settings),
        limits=limits,
        rates=rates,
        watch=all_of(watches),
        writer=writer,
    )
    return build(rooms)
