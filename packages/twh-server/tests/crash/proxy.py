"""Between a server and PostgreSQL: everything is passed on, until a connection is cut around its COMMIT.

Cut before, PostgreSQL never hears the COMMIT; cut after, it has committed and nobody is told. To the server both look the
same. Only as much of the protocol is read as it takes to see a COMMIT go by: as a statement of its own, or prepared.
"""

import asyncio
import contextlib

COMMITTED = b"COMMIT\x00"


class Cut(Exception):
    """This connection ends here."""


class Proxy:
    """Listens on a socket file of its own, `folder`/.s.PGSQL.5432, and passes on to PostgreSQL's."""

    def __init__(self, folder, upstream):
        self.folder, self._upstream = folder, upstream
        self._moment, self._is_cut = None, lambda: False
        self._wires = set()
        self.cuts = 0

    async def __aenter__(self):
        self._server = await asyncio.start_unix_server(self._serve, self.folder / ".s.PGSQL.5432")
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for wire in self._wires:
            wire.cancel()
        await asyncio.gather(*self._wires, return_exceptions=True)

    def arm(self, moment, is_cut):
        """From now on, connections are cut "before" or "after" the commits for which `is_cut()` is true."""
        self._moment, self._is_cut = moment, is_cut

    def disarm(self):
        """Pass everything on again."""
        self._moment = None

    async def _serve(self, reader, writer):
        try:
            wire = _Wire(self, reader, writer, *await asyncio.open_unix_connection(self._upstream))
        except OSError:  # PostgreSQL is away
            writer.transport.abort()
            return
        running = asyncio.ensure_future(wire.run())
        self._wires.add(running)
        running.add_done_callback(self._wires.discard)
        await asyncio.wait([running])

    def is_cut(self, moment):
        """Whether the commit that goes by now is cut at this moment."""
        cut = self._moment == moment and self._is_cut()
        self.cuts += cut
        return cut


class _Wire:
    """One connection."""

    def __init__(self, proxy, reader, writer, upstream_reader, upstream):
        self._proxy = proxy
        self._reader, self._writer, self._upstream_reader, self._upstream = reader, writer, upstream_reader, upstream
        self._commits = set()
        self._unheard = False

    async def run(self):
        """Pass on until one side ends or the connection is cut."""
        ways = [asyncio.ensure_future(self._up()), asyncio.ensure_future(self._down())]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self._writer.transport.abort()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        self._upstream.close()

    async def _up(self):
        with contextlib.suppress(OSError, EOFError, Cut):
            first = await self._reader.readexactly(4)
            self._upstream.write(first + await self._reader.readexactly(int.from_bytes(first, "big") - 4))
            while True:
                head = await self._reader.readexactly(5)
                body = await self._reader.readexactly(int.from_bytes(head[1:], "big") - 4)
                if self._is_commit(head[:1], body):
                    if self._proxy.is_cut("before"):
                        raise Cut
                    self._unheard = self._unheard or self._proxy.is_cut("after")
                self._upstream.write(head + body)
                await self._upstream.drain()

    async def _down(self):
        heard = b""
        with contextlib.suppress(OSError):
            while chunk := await self._upstream_reader.read(1 << 16):
                if not self._unheard:
                    self._writer.write(chunk)
                    await self._writer.drain()
                    continue
                heard = heard[-len(COMMITTED) :] + chunk
                if COMMITTED in heard:
                    return

    def _is_commit(self, kind, body):
        if kind == b"P":
            name, query, *_ = body.split(b"\x00")
            self._commits.discard(name)
            if query.strip().lower() == b"commit":
                self._commits.add(name)
        if kind == b"B":
            return body.split(b"\x00")[1] in self._commits
        return kind == b"Q" and body.strip(b"\x00 ;").lower() == b"commit"
