"""Logins and encryption: a bus that asks for them is given what the URL says, and a bus that nobody vouches for nothing."""

import asyncio
import contextlib
import json
import re
import ssl
from pathlib import Path

import buses
import pytest
from certificates import certificate

from twh_server.publishing import kafka
from twh_server.publishing.addresses import addresses_in
from twh_server.publishing.buses import publisher_at
from twh_server.publishing.publisher import Message

PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "publish-to-a-bus.md"
MESSAGE = Message(id="1", tenant="t", kind="k", key="i", attributes={}, body=b"{}")
PASSWORD = "s3cr3t/@:"
QUOTED = "s3cr3t%2F%40%3A"


async def opens(url, *messages):
    """Open a publisher, publish, and close it again."""
    (address,) = addresses_in(url)
    publisher = publisher_at(address)
    try:
        await publisher.open()
        await publisher.publish(messages)
    finally:
        await publisher.close()


async def refuses(url):
    """What is said by a publisher that cannot be opened."""
    with pytest.raises(Exception) as refused:
        await opens(url)
    assert "s3cr3t" not in str(refused.value)
    return str(refused.value)


def with_login(url, login):
    return url.replace("://", f"://{login}@")


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("certificate"))


@contextlib.asynccontextmanager
async def behind_tls(port, files):
    """A port that speaks TLS for one that does not."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)

    async def pass_on(reader, writer):
        with contextlib.suppress(OSError):
            while chunk := await reader.read(1 << 16):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def serve(reader, writer):
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(reader, forth), pass_on(back, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("words", "right", "wrong"),
    [
        (["--user", "twh", "--pass", PASSWORD], f"twh:{QUOTED}", f"twh:{QUOTED}x"),
        (["--auth", PASSWORD], QUOTED, f"{QUOTED}x"),
    ],
)
async def test_nats_is_given_a_password_or_a_token(tmp_path, words, right, wrong):
    with buses.Nats(tmp_path, *words) as bus:
        # It lets us in, and has no stream.
        assert "no stream takes" in await refuses(with_login(bus.url, right))
        assert "uthoriz" in await refuses(with_login(bus.url, wrong))


async def test_nats_is_given_a_login_that_needs_no_more_rights_than_the_page_says(tmp_path):
    (names,) = re.findall(r"publish to\s+`SUBJECT.>` and `(.*?)` and to subscribe to `_INBOX.>`", PAGE.read_text())
    rights = {"publish": ["news.>", names], "subscribe": ["_INBOX.>"]}
    users = [{"user": "all", "password": "all"}, {"user": "twh", "password": PASSWORD, "permissions": rights}]
    (tmp_path / "conf").write_text(json.dumps({"authorization": {"users": users}, "no_auth_user": "all"}))
    with buses.Nats(tmp_path, "-c", tmp_path / "conf") as bus:
        await bus.prepare()
        await opens(with_login(bus.url, f"twh:{QUOTED}"), MESSAGE)

        assert len(await bus.heard()) == 1


@pytest.mark.parametrize(
    ("login", "options"),
    [
        (f"twh:{QUOTED}@", "sasl.mechanism=SCRAM-SHA-512"),
        ("", f"sasl.mechanisms=SCRAM-SHA-512&sasl.username=twh&sasl.password={QUOTED}"),
    ],
)
async def test_kafka_is_given_a_login(tmp_path, monkeypatch, login, options):
    monkeypatch.setattr(kafka, "LOOK_SECONDS", 1)
    with buses.Kafka(tmp_path, "--authentication") as bus:
        # It knows nobody, and says so of whoever speaks to it as it wants to be spoken to.
        said = await refuses(f"{bus.url}?{options}".replace("://", f"://{login}"))

    assert "SCRAM authentication failed: broker responded with unknown-user" in said


async def test_valkey_is_given_a_login_that_needs_no_more_rights_than_the_page_says(tmp_path):
    (rights,) = re.findall(r"on Redis `~STREAM (.*?)`", PAGE.read_text())
    with buses.OwnValkey(tmp_path) as bus:
        with bus.client() as client:
            client.execute_command("acl", "setuser", "twh", "on", f">{PASSWORD}", "~news", *rights.split())
        url = with_login(bus.url, f"twh:{QUOTED}")
        await opens(url, MESSAGE)

        assert len(await bus.heard()) == 1
        assert "invalid username-password" in await refuses(with_login(bus.url, f"twh:{QUOTED}x"))
        assert "No permissions" in await refuses(url.replace("news", "other"))


async def test_nats_is_spoken_to_by_tls(tmp_path, own_certificate):
    cert, key = own_certificate
    with buses.Nats(tmp_path, "--tls", "--tlscert", cert, "--tlskey", key) as bus:
        url = bus.url.replace("nats:", "tls:")
        assert "no stream takes" in await refuses(f"{url}?ca={cert}")
        assert "CERTIFICATE_VERIFY_FAILED" in await refuses(url)


async def test_valkey_is_spoken_to_by_tls(tmp_path, own_certificate):
    with buses.OwnValkey(tmp_path) as bus:
        async with behind_tls(bus.port, own_certificate) as port:
            url = re.sub(r"valkey://127.0.0.1:\d+", f"valkeys://127.0.0.1:{port}", bus.url)
            await opens(f"{url}?ssl_ca_certs={own_certificate[0]}")
            assert "CERTIFICATE_VERIFY_FAILED" in await refuses(url)


async def test_kafka_is_spoken_to_by_tls(tmp_path, own_certificate, monkeypatch):
    monkeypatch.setattr(kafka, "LOOK_SECONDS", 1)
    bus = buses.Kafka(tmp_path)
    async with behind_tls(bus.port, own_certificate) as bus.advertised:
        with bus:
            url = f"kafka+ssl://127.0.0.1:{bus.advertised}/news"
            await opens(f"{url}?ssl.ca.location={own_certificate[0]}", MESSAGE)
            assert "certificate verify failed" in await refuses(url)
