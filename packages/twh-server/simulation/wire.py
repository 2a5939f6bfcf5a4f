"""The wire between a writer and PostgreSQL: every byte passes here, and at a chosen point the wire is cut.

A batch is a few rounds: the client sends, the server answers until it is ready for the next. A cut is told by its
round and by where in the round it falls, so it falls at the same point however fast the machine is.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

Where = Literal["before", "half", "answer", "killed"]
PLACES: tuple[Where, ...] = ("before", "half", "answer", "killed")
CHUNK = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Where the wire is cut, once.

    `before`: nothing of the round reaches the server. `half`: half of its first bytes do. `answer`: the server has
    carried the round out, and its answer is lost. `killed`: the server ends the session itself, and says so.
    """

    round: int
    where: Where


@dataclass(kw_only=True, slots=True)
class _Session:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    ready: bool = False
    """Whether the server waits for the client."""
    doomed: bool = False
    """Whether the answer of this round is to be lost."""
    pid: int = 0
    unread: bytearray = field(default_factory=bytearray)

    def hang_up(self) -> None:
        self.client.transport.abort()
        self.server.transport.abort()


class Wire:
    """A socket in front of PostgreSQL's. It is an async context manager."""

    def __init__(self, folder: str, port: int, kill: Callable[[int], Awaitable[None]]) -> None:
        """`kill` ends a session of the server by its process id, and returns when it has ended."""
        self._socket = f".s.PGSQL.{port}"
        self._target = str(Path(folder) / self._socket)
        self._kill = kill
        self._cut: Cut | None = None
        self._rounds = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.folder = self._open.enter_context(tempfile.TemporaryDirectory(prefix="twh-wire-"))
        server = await asyncio.start_unix_server(self._connected, str(Path(self.folder) / self._socket))
        self._open.callback(server.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._open.aclose()

    def arm(self, cut: Cut) -> None:
        """Cut at this point of the rounds to come."""
        self._cut, self._rounds = cut, 0

    def disarm(self) -> bool:
        """Cut no more; answers whether it was cut."""
        fired, self._cut = self._cut is None, None
        return fired

    async def _connected(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        answers, server = await asyncio.open_unix_connection(self._target)
        session = _Session(client=client, server=server)
        for task in (self._up(session, reader), self._down(session, answers)):
            running = asyncio.create_task(task)
            self._tasks.add(running)
            running.add_done_callback(self._tasks.discard)

    async def _up(self, session: _Session, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while sent := await reader.read(CHUNK):
                if session.ready:
                    session.ready = False
                    sent = await self._begun(session, sent)
                session.server.write(sent)
                await session.server.drain()
        session.server.close()

    async def _begun(self, session: _Session, sent: bytes) -> bytes:
        """A round begins with these bytes; answers what of them goes on."""
        if sent[:1] == b"X":  # a good-bye is no round
            return sent
        self._rounds += 1
        cut = self._cut
        if cut is None or cut.round != self._rounds:
            return sent
        self._cut = None
        if cut.where == "answer":
            session.doomed = True
        elif cut.where == "killed":
            await self._kill(session.pid)
        else:
            if cut.where == "half":
                session.server.write(sent[: len(sent) // 2])
                await session.server.drain()
                session.server.close()
            session.hang_up() if cut.where == "before" else session.client.transport.abort()
            return b""
        return sent

    async def _down(self, session: _Session, answers: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while answered := await answers.read(CHUNK):
                session.unread += answered
                ready = _read(session)
                if session.doomed:
                    if ready:
                        session.hang_up()
                    continue
                session.ready = session.ready or ready
                session.client.write(answered)
                await session.client.drain()
        session.client.close()


def _read(session: _Session) -> bool:
    """Take whole messages off what the server said; answers whether it says that it is ready."""
    said, at, ready = session.unread, 0, False
    while len(said) >= at + 5:
        length = 1 + int.from_bytes(said[at + 1 : at + 5], "big")
        if len(said) < at + length:
            break
        kind = chr(said[at])
        if kind == "K":
            session.pid = int.from_bytes(said[at + 5 : at + 9], "big")
        ready = kind == "Z"
        at += length
    del said[:at]
    return ready
