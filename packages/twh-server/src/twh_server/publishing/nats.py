"""NATS JetStream: the subject is PLACE.TENANT.TYPE, and a stream has to be there that takes it.

The event's id is the message's (`Nats-Msg-Id`), so the stream drops what it has already, as far back as it looks. A run
is sent without waiting for each acknowledgement, and stays in order all the same: each message says behind which other it
is to stand (`Nats-Expected-Last-Msg-Id`), and the stream refuses it where that other is not the last one.
"""

import asyncio
import ssl
from collections.abc import Sequence
from urllib.parse import quote

from nats.aio.client import Client
from nats.errors import MaxPayloadError, NoServersError
from nats.js import JetStreamContext
from nats.js.errors import APIError, NotFoundError

from twh_server.publishing.addresses import BusAddress
from twh_server.publishing.publisher import PUBLISH_SECONDS, Message, Refused

CONNECT_SECONDS = 5
HEADERS_BYTES = 4_096
BYTES_MAX = (1 << 20) - HEADERS_BYTES
"""What a server takes unless it was told otherwise."""
PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
"""What CloudEvents leaves as it is in a header; the rest is percent-encoded."""
WRONG_LAST_MESSAGE = 10070
TOO_LARGE = 10054


class NatsPublisher:
    """The subjects below one."""

    def __init__(self, address: BusAddress) -> None:
        """Raises ValueError for options that there are not."""
        options = dict(address.options)
        self._tls = _tls(options) if address.secure else None
        self._credentials = options.pop("creds", None)
        if options:
            raise ValueError(f"for NATS there is no {', '.join(sorted(options))}: only ca, cert, cert_key, creds.")
        self._address = address
        self.bytes_max = address.bytes_max or BYTES_MAX
        self._client: Client | None = None
        self._fault = ""

    async def open(self) -> None:
        """Connect, and find the stream that takes the subjects."""
        await self.close()
        self._client = await self._connected()
        if not self._address.bytes_max:
            self.bytes_max = self._client.max_payload - HEADERS_BYTES
        subjects = f"{self._address.place}.>"
        try:
            await JetStreamContext(self._client).find_stream_name_by_subject(subjects)
        except NotFoundError:
            raise ConnectionError(f"no stream takes {subjects}: add one") from None

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return when the stream has acknowledged all of them."""
        assert self._client, "open comes first"
        stream = JetStreamContext(self._client, timeout=PUBLISH_SECONDS)
        left, together = list(messages), len(messages)
        while left:
            now = left[:together]
            stored = await self._stored(stream, now)
            left = left[stored:]
            if stored < len(now):
                # Somebody else publishes into the stream meanwhile: in shorter runs there is less to say again.
                together = max(1, together // 2)

    async def close(self) -> None:
        """Hang up."""
        client, self._client = self._client, None
        if client:
            await client.close()

    async def _stored(self, stream: JetStreamContext, messages: Sequence[Message]) -> int:
        """How many of them, from the first on, the stream has now; one at least."""
        before = [None, *messages]
        sent = (self._send(stream, message, behind) for message, behind in zip(messages, before, strict=False))
        told = await asyncio.gather(*sent, return_exceptions=True)
        for number, fault in enumerate(told):
            if isinstance(fault, APIError) and fault.err_code == WRONG_LAST_MESSAGE and number:
                return number
            if isinstance(fault, MaxPayloadError) or (isinstance(fault, APIError) and fault.err_code == TOO_LARGE):
                raise Refused(f"{messages[number].id} is too large: give its URL a lower ?bytes_max=") from fault
            if isinstance(fault, BaseException):
                raise fault
        return len(messages)

    async def _send(self, stream: JetStreamContext, message: Message, behind: Message | None) -> None:
        headers = {f"ce-{name}": quote(value, safe=PLAIN) for name, value in message.attributes.items()}
        headers |= {"content-type": "application/json", "Nats-Msg-Id": message.id}
        if behind:
            headers["Nats-Expected-Last-Msg-Id"] = behind.id
        subject = f"{self._address.place}.{message.tenant}.{message.kind}"
        await stream.publish(subject, message.body, headers=headers)

    async def _connected(self) -> Client:
        address, client = self._address, Client()
        connecting = client.connect(
            servers=[f"{'tls' if address.secure else 'nats'}://{host}" for host in address.hosts],
            user=address.user if address.password else None,
            password=address.password,
            # As in every NATS URL, a name without a password is a token.
            token=None if address.password else address.user,
            user_credentials=self._credentials,
            tls=self._tls,
            name="twh",
            connect_timeout=CONNECT_SECONDS,
            # Each server is tried twice, without a pause.
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            # Whoever publishes looks for the bus by himself; what was not acknowledged is not sent behind his back.
            allow_reconnect=False,
            error_cb=self._heard,
        )
        try:
            await connecting
        except NoServersError as fault:
            raise ConnectionError(self._fault or str(fault)) from None
        return client

    async def _heard(self, fault: Exception) -> None:
        self._fault = str(fault) or type(fault).__name__


def _tls(options: dict[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.pop("ca", None))
        if certificate := options.pop("cert", None):
            context.load_cert_chain(certificate, options.pop("cert_key", None))
    except OSError as fault:
        raise ValueError(f"a certificate cannot be used: {fault.strerror}.") from None
    return context
