"""What is dialled was checked: a real resolver, a DNS that lies, real connections, and a listener that nobody may reach."""

import asyncio
import socket
import tomllib
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.abc import AbstractResolver
from lying_dns import SILENCE, LyingDns
from raw_receiver import RawReceiver, attempt

from twh_server.settings import NOWHERE, WEBHOOK_PORTS, listed_in, ports_in
from twh_server.webhooks import targets
from twh_server.webhooks.dialing import CheckedResolver, CheckedSockets, open_resolver
from twh_server.webhooks.targets import LIVE, LOCAL, TargetRefused

TABLE = tomllib.loads((Path(__file__).parent / "targets.toml").read_text())
HOSTED = targets.policies(inside=False, ports=ports_in(WEBHOOK_PORTS), allowed=NOWHERE, denied=NOWHERE)
REFUSED_NAMES = [row for row in TABLE["names"] if row[2] != "anyone"]


@pytest_asyncio.fixture(loop_scope="session")
async def dns():
    async with LyingDns() as dns:
        yield dns


@pytest_asyncio.fixture(loop_scope="session")
async def forbidden():
    """Listens at every address of this machine, IPv4 and IPv6: a connection to it is one too many."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listening:
        listening.setblocking(False)
        yield Forbidden(listening)


class Forbidden:
    def __init__(self, listening):
        self._listening, self.port = listening, listening.getsockname()[1]

    def was_reached(self):
        try:
            self._listening.accept()[0].close()
        except BlockingIOError:
            return False
        return True


async def test_the_forbidden_listener_notices_whoever_comes(forbidden):
    for host in ("127.0.0.1", "::1"):
        with socket.create_connection((host, forbidden.port)):
            assert forbidden.was_reached()


@pytest.mark.parametrize(("says", "answers", "who", "why"), TABLE["names"])
async def test_a_name_is_dialled_for_whom_the_table_says(dns, says, answers, who, why):
    dns.says["hooks.example"] = [answers]
    resolver = dns.resolver()

    async def reason(policy):
        try:
            await CheckedResolver(policy, resolver).resolve("hooks.example", 443, socket.AF_UNSPEC)
        except TargetRefused as refused:
            return str(refused)
        return None

    reasons = [await reason(policy) for policy in (LOCAL["sandbox"], HOSTED["live"])]
    await resolver.close()

    assert [found is None for found in reasons] == [who != "nobody", who == "anyone"], says
    assert why in (reasons[1] or "")


@pytest.mark.parametrize(("says", "answers", "who", "why"), REFUSED_NAMES)
@pytest.mark.parametrize("kind", ["live", "sandbox"])
async def test_a_name_that_leads_inside_connects_to_nothing(dns, forbidden, kind, says, answers, who, why):
    dns.says["hooks.example"] = [answers]
    scheme = "https" if kind == "live" else "http"
    url = f"{scheme}://hooks.example:{forbidden.port}/"

    answered = await attempt(url, kind=kind, policies=HOSTED, resolver=dns.resolver)

    assert answered.error.startswith("hooks.example (")
    assert answered.error.endswith(f"{why}.")
    assert (answered.status, answered.response, forbidden.was_reached()) == (None, None, False)


INSIDE_HOSTS = [
    "127.0.0.1", "127.1", "127.0.0.1.", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "0", "0.0.0.0", "localhost", "LOCALHOST.",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::1]", "[fe80::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE_HOSTS)
async def test_no_way_to_write_this_machine_connects_to_it(forbidden, host):
    answered = await attempt(f"http://{host}:{forbidden.port}/", policies=HOSTED)

    assert answered.error
    assert (answered.status, answered.response, forbidden.was_reached()) == (None, None, False)


@pytest.mark.parametrize("host", INSIDE_HOSTS)
async def test_the_socket_refuses_this_machine_whatever_was_checked_before(forbidden, host):
    """No check of the address as it is written, no check of what a resolver says: the socket alone."""
    connector = aiohttp.TCPConnector(
        resolver=aiohttp.ThreadedResolver(), socket_factory=CheckedSockets(HOSTED["sandbox"])
    )
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.post(f"http://{host}:{forbidden.port}/")

    assert not forbidden.was_reached()


class Rebinding(AbstractResolver):
    """Answers a check with an address that is allowed, and whoever dials with one that is not."""

    def __init__(self, *answers):
        self._answers = iter(answers)

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for address in next(self._answers)
        ]

    async def close(self):
        pass


async def test_a_name_that_changes_its_mind_after_the_check_is_not_dialled(forbidden):
    resolver = Rebinding(["8.8.8.8"], ["127.0.0.1"])
    await CheckedResolver(LIVE, resolver).resolve("hooks.example", 443)
    connector = aiohttp.TCPConnector(resolver=resolver, socket_factory=CheckedSockets(LIVE), use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await session.post(f"http://hooks.example:{forbidden.port}/")

    assert isinstance(refused.value.os_error, TargetRefused)
    assert not forbidden.was_reached()


async def test_a_dns_that_changes_its_mind_between_attempts_changes_nothing_for_the_better(dns):
    policies = targets.policies(
        inside=False, ports=ports_in(WEBHOOK_PORTS), allowed=listed_in("127.0.0.2/32"), denied=NOWHERE
    )
    dns.says["hooks.example"] = [["A 127.0.0.2"], ["A 127.0.0.1"]]
    async with (
        RawReceiver(host="127.0.0.2") as allowed,
        RawReceiver(host="127.0.0.1", port=allowed.port) as forbidden,
    ):
        first = await attempt(allowed.url("hooks.example"), policies=policies, resolver=dns.resolver)
        second = await attempt(allowed.url("hooks.example"), policies=policies, resolver=dns.resolver)

        assert (first.status, allowed.connections) == (204, 1)
        assert second.error == "hooks.example (127.0.0.1) is refused: it is this machine."
        assert forbidden.connections == 0
    assert (
        dns.asked["hooks.example"] == 4
    )  # an A and an AAAA each time, and no more: what was checked is what is dialled


async def test_an_allowed_host_is_reached_inside_and_its_neighbour_is_not(dns):
    policies = targets.policies(
        inside=False, ports=ports_in(WEBHOOK_PORTS), allowed=listed_in("corp.example"), denied=NOWHERE
    )
    dns.says |= {"hooks.corp.example": [["A 127.0.0.1"]], "hooks.other.example": [["A 127.0.0.1"]]}
    async with RawReceiver() as receiver:
        allowed = await attempt(receiver.url("hooks.corp.example"), policies=policies, resolver=dns.resolver)
        other = await attempt(receiver.url("hooks.other.example"), policies=policies, resolver=dns.resolver)

        assert (allowed.status, receiver.connections) == (204, 1)
        assert other.error.startswith("hooks.other.example (127.0.0.1) is refused")


async def test_a_name_that_is_none_and_a_dns_that_is_silent_are_told_apart(dns):
    dns.says["silent.example"] = [SILENCE]

    unknown, silent = await asyncio.gather(
        attempt("http://none.example/", resolver=dns.resolver),
        attempt("http://silent.example/", resolver=dns.resolver),
    )

    assert unknown.error == "The name none.example has no address: Domain name not found."
    assert silent.error == "The name silent.example has no address: Timeout while contacting DNS servers."


async def test_names_that_nobody_answers_for_hold_up_no_other(dns):
    resolver = dns.resolver()
    dead = [f"dead{number}.example" for number in range(100)]
    dns.says |= {name: [SILENCE] for name in dead} | {"good.example": [["A 8.8.8.8"]]}
    waiting = [asyncio.ensure_future(resolver.resolve(name, 443, socket.AF_UNSPEC)) for name in dead]
    while not all(dns.asked[name] for name in dead):  # noqa: ASYNC110
        await asyncio.sleep(0.01)

    good = await resolver.resolve("good.example", 443, socket.AF_UNSPEC)

    assert [found["host"] for found in good] == ["8.8.8.8"]
    assert not any(future.done() for future in waiting)
    await resolver.close()
    await asyncio.gather(*waiting, return_exceptions=True)


def names_of_this_machine():
    lines = [line.partition("#")[0].split() for line in Path("/etc/hosts").read_text().splitlines()]
    return [(name, address) for address, *names in lines if address for name in names if "." in address]


@pytest.mark.skipif(not Path("/etc/hosts").exists(), reason="there is no such file here")
async def test_the_hosts_file_is_read():
    resolver = open_resolver()
    try:
        for name, address in names_of_this_machine():
            found = await resolver.resolve(name, 80, socket.AF_UNSPEC)
            assert address in [one["host"] for one in found]
    finally:
        await resolver.close()


async def test_no_proxy_of_the_environment_is_used(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:65001")
    async with RawReceiver() as receiver:
        answered = await attempt(receiver.url())

        assert (answered.status, receiver.connections) == (204, 1)
