"""`twh-server check`: before a start, what a server needs, a line each, and what to do about each that is missing.

It changes nothing. What cannot be looked at because something before it is missing is left out.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from twh_server.access.sealing import Sealer
from twh_server.access.shared_rates import SharedBuckets
from twh_server.processes.check_database import check_database
from twh_server.processes.finding import Finding, fail, ok, unknown
from twh_server.processes.listening import CannotStart, listen
from twh_server.processes.starting import address_of, publishers_of, rates_of, sealer_of
from twh_server.publishing.publish import OPEN_SECONDS
from twh_server.publishing.publisher import Publisher
from twh_server.settings import Settings, faults_of, strangers

MARKS = {"ok": "ok", "fail": "FAIL", "unknown": "?"}


def run(given: dict[str, Any], *, as_json: bool) -> bool:
    """Check everything that can be, and print it; whether nothing failed. `given` are the command line's settings."""
    found = list(check(given))
    passed = not any(one.state == "fail" for one in found)
    if as_json:
        told = {"ok": passed, "checks": [asdict(one) for one in found]}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return passed
    width = max(len(one.name) for one in found)
    for one in found:
        sys.stdout.write(f"{MARKS[one.state]:4}  {one.name:{width}}  {one.found}\n")
        if one.to_do:
            sys.stdout.write(f"{'':{width + 8}}{one.to_do}\n")
    return passed


def check(given: dict[str, Any]) -> Iterator[Finding]:
    """Every finding, in the order in which one thing needs the next."""
    try:
        settings = Settings(**given)
    except ValidationError as fault:
        for sentence in faults_of(fault):
            yield fail("settings", sentence, "`twh-server settings` shows what is read from where.")
        return
    yield ok("settings", "all of them can be used")
    if unread := strangers():
        yield unknown("settings", f"{', '.join(unread)}: no such setting, and not read", "Is it misspelt?")
    yield _port(settings)
    yield from _metrics_ports(settings)
    sealer, finding = _sealer(settings)
    yield finding
    yield from _rate_store(settings)
    yield from _publishers(settings)
    try:
        address = address_of(settings)
    except CannotStart as reason:
        yield _hindered("database", reason)
        return
    yield from check_database(address, sealer)


def _port(settings: Settings) -> Finding:
    if not settings.port:
        return ok("port", "a free one is taken at the start")
    try:
        listen(settings.host, settings.port).close()
    except CannotStart as reason:
        return _hindered("port", reason)
    return ok("port", f"{settings.port} on {settings.host} is free")


def _metrics_ports(settings: Settings) -> Iterator[Finding]:
    """Whether each process can show its metrics, where they are wanted."""
    if settings.metrics_port is None:
        return
    last = settings.metrics_port + settings.processes - 1
    for port in range(settings.metrics_port, last + 1):
        try:
            listen(settings.metrics_host, port).close()
        except CannotStart:
            found = f"port {port} on {settings.metrics_host} cannot be listened on"
            yield fail("metrics", found, "Choose another TWH_METRICS_PORT; each process needs a port of its own.")
            return
    ports = f"{settings.metrics_port} to {last} are" if settings.processes > 1 else f"{last} is"
    yield ok("metrics", f"{ports} free on {settings.metrics_host}")


def _sealer(settings: Settings) -> tuple[Sealer | None, Finding]:
    try:
        sealer = sealer_of(settings)
    except CannotStart as reason:
        return None, _hindered("secrets key", reason)
    newest, *older = (name.hex() for name in sealer.names)
    also = f"; {', '.join(older)} open what was sealed before" if older else ""
    return sealer, ok("secrets key", f"{newest} seals{also}")


def _rate_store(settings: Settings) -> Iterator[Finding]:
    """Whether the store of the rate limit, where there is one, does what it will be asked to."""
    name = "rate limit store"
    try:
        rates = rates_of(settings)
    except CannotStart as reason:
        yield _hindered(name, reason)
        return
    if not isinstance(rates, SharedBuckets):
        return
    try:
        asyncio.run(rates.try_out())
    except Exception as fault:  # noqa: BLE001  # whatever it is, it is what the server would meet
        to_do = "Check TWH_RATE_LIMIT_STORE_URL. A server starts all the same, and each process counts for itself."
        yield fail(name, f"it cannot be used: {fault}", to_do)
    else:
        yield ok(name, "it answers, and all processes share its buckets")


def _publishers(settings: Settings) -> Iterator[Finding]:
    """Whether each bus is there, where events are to be published, and the place on it."""
    try:
        publishers = publishers_of(settings)
    except CannotStart as reason:
        yield _hindered("publishers", reason)
        return
    for name, publisher in publishers.items():
        try:
            asyncio.run(_try_out(publisher))
        except Exception as fault:  # noqa: BLE001  # whatever it is, it is what the worker would meet
            to_do = "Check TWH_PUBLISH_URL. A worker starts all the same, and publishes what has gathered once it can."
            yield fail(f"publisher {name}", f"it cannot publish: {str(fault) or type(fault).__name__}", to_do)
        else:
            yield ok(f"publisher {name}", f"it is there, and takes events of {publisher.bytes_max:,} bytes")


async def _try_out(publisher: Publisher) -> None:
    try:
        await asyncio.wait_for(publisher.open(), OPEN_SECONDS)
    finally:
        await publisher.close()


def _hindered(name: str, reason: CannotStart) -> Finding:
    """What hinders a start is said as the start would say it: the fact first, then what to do."""
    fact, _, to_do = str(reason).partition(". ")
    return fail(name, fact.rstrip("."), to_do or "Change it.")
