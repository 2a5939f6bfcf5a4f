"""Where deliveries may go: a table of addresses and notations, and a resolver that lies."""

import socket
from ipaddress import ip_address

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver
from yarl import URL

from twh_server.webhooks import targets
from twh_server.webhooks.dialing import CheckedResolver, CheckedSockets
from twh_server.webhooks.targets import LIVE, SANDBOX, TargetRefused, refusal

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.1",
    "192.167.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
]

INSIDE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::c0a8:101",
    "2002:7f00:1::",
    "2002:a00:1::1",
]

NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "169.254.0.1",
    "169.254.169.254",
    "fe80::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "fec0::1",
    "2001:db8::1",
    "2001:0:53aa:64c:0:0:0:1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "64:ff9b:1::a00:1",
    "::127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached(address):
    assert refusal(ip_address(address), LIVE) is None
    assert refusal(ip_address(address), SANDBOX) is None


@pytest.mark.parametrize("address", INSIDE)
def test_inside_addresses_may_be_reached_from_a_sandbox_only(address):
    assert refusal(ip_address(address), LIVE)
    assert refusal(ip_address(address), SANDBOX) is None


@pytest.mark.parametrize("address", NEVER)
def test_other_addresses_are_never_reached(address):
    assert refusal(ip_address(address), LIVE)
    assert refusal(ip_address(address), SANDBOX)


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.1.", "localhost", "LOCALHOST."]
)
def test_odd_notations_of_this_machine_are_seen_through(host):
    with pytest.raises(TargetRefused):
        targets.check(URL(f"https://{host}/", encoded=True), LIVE)


@pytest.mark.parametrize("url", ["https://example.com/", "https://8.8.8.8/", "https://[2606:4700::1111]:8443/x"])
def test_public_hosts_pass(url):
    targets.check(URL(url, encoded=True), LIVE)


def test_a_live_tenant_is_reached_over_https_only():
    with pytest.raises(TargetRefused, match="use https"):
        targets.check(URL("http://example.com/"), LIVE)


class LyingResolver(AbstractResolver):
    """Answers each question with the next of its answers."""

    def __init__(self, *answers):
        self._answers = iter(answers)

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for address in next(self._answers)
        ]

    async def close(self):
        pass


async def test_a_name_with_one_refused_address_is_refused_whole():
    resolver = CheckedResolver(LIVE, LyingResolver(["8.8.8.8", "10.0.0.1"]))

    with pytest.raises(TargetRefused, match=r"hooks\.example \(10\.0\.0\.1\)"):
        await resolver.resolve("hooks.example", 443)


async def test_a_name_that_changes_its_mind_is_not_dialled(receiver):
    # The resolver is not even asked to check: the socket refuses by itself.
    connector = aiohttp.TCPConnector(
        resolver=LyingResolver(["127.0.0.1"]), socket_factory=CheckedSockets(LIVE), use_dns_cache=False
    )
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await session.post(f"http://rebound.example:{receiver.port}/")

    assert isinstance(refused.value.os_error, TargetRefused)
    assert receiver.requests == []


async def test_a_literal_address_is_not_dialled_either(receiver):
    connector = aiohttp.TCPConnector(socket_factory=CheckedSockets(LIVE))
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await session.post(f"http://127.0.0.1:{receiver.port}/")

    assert isinstance(refused.value.os_error, TargetRefused)
    assert receiver.requests == []


async def test_proxies_of_the_environment_are_not_used(webhooks, receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    await webhooks.create(receiver.url)
    await webhooks.happen("A")
    await webhooks.fan_out()

    await webhooks.attempt_all()

    assert len(receiver.requests) == 1


async def test_an_endpoint_whose_name_leads_inside_is_a_failed_attempt_that_says_so(webhooks, receiver, database, shop):
    endpoint = await webhooks.create(f"http://localhost:{receiver.port}/")
    async with database.transaction() as tx:
        await tx.execute("select set_config('twh.tenant', %s, true)", (str(shop.tenant),))
        await tx.execute(
            "update webhook_endpoints set url = 'http://169.254.169.254/' where tenant_id = %s", (shop.tenant,)
        )
    await webhooks.happen("A")
    await webhooks.fan_out()

    await webhooks.attempt_all()

    (delivery,) = await webhooks.deliveries(endpoint=endpoint.id)
    (attempt,) = await webhooks.attempts(delivery)
    assert attempt.error.startswith("169.254.169.254 is refused: it is link-local")
    assert attempt.response is None
