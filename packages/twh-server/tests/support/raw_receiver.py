"""A receiver that may answer anything at all, HTTP or not, over TLS or not; and one attempt to send to it."""

import asyncio
import contextlib
import os
from datetime import UTC, datetime

from twh_server.access.sealing import Sealer
from twh_server.database.identifiers import DeliveryId, EndpointId, EventId, TenantId, fresh
from twh_server.webhooks import targets
from twh_server.webhooks.claims import Claim
from twh_server.webhooks.sending import Sender

BODY = b'{"type":"entry.recorded","data":{"name":"\xc3\xa4pfel"}}'
SECRET = b"0123456789abcdef0123456789abcdef"


class RawReceiver:
    """Listens on loopback within the block; `answer(reader, writer)` says what comes of a connection."""

    def __init__(self, answer=None, *, host="127.0.0.1", port=0, tls=None):
        self.answer = answer or says("204 No Content")
        self.host, self.port, self._tls = host, port, tls
        self.connections = 0
        self.requests = []
        self.sent = 0

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._connected, self.host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()

    def url(self, host=None, scheme="http"):
        return f"{scheme}://{host or self.host}:{self.port}/hook"

    async def _connected(self, reader, writer):
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head + await reader.readexactly(len(BODY)))
            await self.answer(reader, writer)
        writer.close()

    async def pour(self, writer, chunk, times):
        """Write as fast as it is taken; `sent` says how many bytes were."""
        for _ in range(times):
            writer.write(chunk)
            await writer.drain()
            self.sent += len(chunk)


def says(status, body=b"", **headers):
    """An answer with a status line, headers and a body."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode()
    return writes(head + body)


def writes(raw):
    """Bytes that are written as they are; then the connection is closed."""

    async def answer(_reader, writer):
        writer.write(raw)
        await writer.drain()

    return answer


SEALER = Sealer(os.urandom(32))


def claim(url, *, kind="sandbox"):
    """A delivery that is to be sent."""
    tenant, endpoint = TenantId(fresh()), EndpointId(fresh())
    return Claim(
        tenant=tenant,
        delivery=DeliveryId(fresh()),
        endpoint=endpoint,
        fence=fresh(),
        until=datetime.max.replace(tzinfo=UTC),
        prompt=True,
        attempts=0,
        tries=0,
        event=EventId(fresh()),
        tenant_kind=kind,
        url=url,
        sealed_secrets=[SEALER.seal_secret(SECRET, tenant=tenant, endpoint=endpoint)],
        content_type="application/json",
        body=BODY,
    )


async def attempt(url, *, kind="sandbox", policies=targets.LOCAL, at=None, **options):
    """One attempt by a sender of its own, and what came of it."""
    options = {"deadline_seconds": 5.0, **options}
    async with Sender(SEALER, policies=policies, **options) as sender:
        return await sender.send(claim(url, kind=kind), at=at or datetime.now(UTC))
