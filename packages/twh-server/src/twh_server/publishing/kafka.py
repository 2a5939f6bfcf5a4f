"""Kafka, by librdkafka: an idempotent producer, and every replica has to have what is acknowledged.

Its calls block, so they run in threads. A message is a CloudEvent in binary mode: attributes as `ce_…` headers.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from twh_server.publishing.addresses import BusAddress, choice_in
from twh_server.publishing.publisher import PUBLISH_SECONDS, Message, Refused

BYTES_MAX = 1_000_000
"""What a broker takes unless it was told otherwise, with some room for the headers."""
HEADERS_BYTES = 8_192
LOOK_SECONDS = 5.0
FLUSH_SECONDS = PUBLISH_SECONDS - 1
TOO_LARGE = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE)

_log = logging.getLogger(__name__)


class KafkaPublisher:
    """One topic."""

    def __init__(self, address: BusAddress) -> None:
        """Raises ValueError for options that librdkafka does not know."""
        options = dict(address.options)
        self.bytes_max = address.bytes_max or BYTES_MAX
        self._by_tenant = choice_in(options, "key", ("item", "tenant")) == "tenant"
        self._topic = address.place
        self._fault = ""
        self._config = {**options, **_login(address, options), **self._own(address)}
        self._producer: Producer | None = self._begun()

    async def open(self) -> None:
        """See that the brokers and the topic are there."""
        await self.close()
        self._producer = self._begun()
        await asyncio.to_thread(self._look, self._producer)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return when all replicas have all of them. Messages of one key are in one partition, in their order."""
        assert self._producer, "open comes first"
        try:
            await asyncio.to_thread(self._send, self._producer, messages)
        except Exception:
            # What it still has is not ours any more: it may not send it later, into what we publish then.
            await self.close()
            self._producer = self._begun()
            raise

    async def close(self) -> None:
        """Forget what was not acknowledged, and hang up."""
        producer, self._producer = self._producer, None
        if producer:
            await asyncio.to_thread(_end, producer)

    def _look(self, producer: Producer) -> None:
        self._fault = ""
        try:
            topic = producer.list_topics(self._topic, LOOK_SECONDS).topics[self._topic]
        except KafkaException as fault:
            producer.poll(0)  # it tells `_heard` why
            raise ConnectionError(self._fault or _said(fault.args[0])) from None
        if topic.error:
            raise ConnectionError(_said(topic.error))

    def _send(self, producer: Producer, messages: Sequence[Message]) -> None:
        self._fault = ""
        faults: list[KafkaError] = []

        def told(fault: KafkaError | None, _: object) -> None:
            if fault:
                faults.append(fault)

        for message in messages:
            headers: list[tuple[str, str | bytes | None]] = [
                (f"ce_{name}", value.encode()) for name, value in message.attributes.items()
            ]
            key = message.tenant if self._by_tenant else message.key
            try:
                producer.produce(
                    self._topic,
                    message.body,
                    key.encode(),
                    headers=[("content-type", b"application/json"), *headers],
                    on_delivery=told,
                )
            except KafkaException as fault:
                faults.append(fault.args[0])
                break
        left = producer.flush(FLUSH_SECONDS)
        if any(one.code() in TOO_LARGE for one in faults):
            raise Refused(f"a message is too large for the topic {self._topic}: give its URL a lower ?bytes_max=")
        if faults:
            raise ConnectionError(_said(faults[0]))
        if left:
            raise TimeoutError(self._fault or f"{left} of {len(messages)} messages were not acknowledged in time")

    def _begun(self) -> Producer:
        try:
            return Producer(self._config)
        except KafkaException as fault:
            raise ValueError(f"of its options, librdkafka says: {_said(fault.args[0])}.") from None

    def _own(self, address: BusAddress) -> dict[str, Any]:
        """What is not to be chosen: on it rests what we promise."""
        return {
            "bootstrap.servers": ",".join(address.hosts),
            "client.id": "twh",
            "acks": "all",
            "enable.idempotence": True,
            # When a message fails for good, those behind it fail too.
            "enable.gapless.guarantee": True,
            "delivery.timeout.ms": round(FLUSH_SECONDS * 1_000),
            "message.max.bytes": self.bytes_max + HEADERS_BYTES,
            "error_cb": self._heard,
            "logger": _log,
            "log_level": 0,
        }

    def _heard(self, fault: KafkaError) -> None:
        self._fault = self._fault or _said(fault)  # the first says why, the others that no broker is left


def _login(address: BusAddress, options: dict[str, str]) -> dict[str, Any]:
    """How to log in: with the URL's user, by what the options say of SASL, or not at all."""
    plain = "PLAIN" if address.user else ""
    mechanism = options.get("sasl.mechanism") or options.get("sasl.mechanisms") or plain  # both are its names
    encrypted = "SSL" if address.secure else "PLAINTEXT"
    if not mechanism:
        return {"security.protocol": encrypted}
    user = {"sasl.username": address.user, "sasl.password": address.password or ""} if address.user else {}
    return {"security.protocol": f"SASL_{encrypted}", "sasl.mechanism": mechanism, **user}


def _end(producer: Producer) -> None:
    producer.purge()
    producer.flush(0)


def _said(fault: KafkaError) -> str:
    return fault.str()
