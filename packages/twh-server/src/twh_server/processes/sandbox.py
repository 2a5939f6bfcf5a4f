"""Starting a sandbox: PostgreSQL, server and worker as one process tree over one folder.

PostgreSQL starts while the server's code is loaded: the two take most of a start, and share the time. So this module
imports nothing that takes long.
"""

import contextlib
import socket
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from twh_server.database.embedded import EmbeddedPostgres, EmbeddedPostgresFailure
from twh_server.processes.listening import CannotStart, PortTaken, listen
from twh_server.processes.sandbox_folder import SandboxFolder
from twh_server.settings import DEFAULT_PORT, Settings

PORTS_TRIED = 50


def run(settings: Settings, path: Path, *, port: int | None) -> None:
    """Run a sandbox in a folder until told to stop. Raises CannotStart."""
    folder = SandboxFolder(path)
    with folder.alone():
        listening = listen(settings.host, port) if port is not None else _listen_somewhere(settings, folder)
        postgres = EmbeddedPostgres(path / "postgres", binaries=settings.postgres_binaries)
        is_new = not postgres.cluster.exists()
        with _starting(postgres) as started:
            from twh_server.processes import sandbox_life

            if is_new:
                sandbox_life.migrations()
            sandbox_life.live(settings, folder, started.result(), listening)


@contextlib.contextmanager
def _starting(postgres: EmbeddedPostgres) -> Generator[Future[EmbeddedPostgres]]:
    """A PostgreSQL that starts while the block does something else, and is stopped at its end."""
    with ThreadPoolExecutor(1) as thread:
        started = thread.submit(postgres.start)
        try:
            yield started
        except EmbeddedPostgresFailure as fault:
            raise CannotStart(str(fault)) from None
        finally:
            started.exception()
            postgres.stop()


def _listen_somewhere(settings: Settings, folder: SandboxFolder) -> socket.socket:
    """Where it was before, or else on the first free port from the usual one on."""
    for port in (folder.kept().get("port", DEFAULT_PORT), *range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED)):
        with contextlib.suppress(PortTaken):
            return listen(settings.host, port)
    return listen(settings.host, 0)
