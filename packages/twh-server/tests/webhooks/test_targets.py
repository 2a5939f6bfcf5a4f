"""Where deliveries may go: the published table of addresses, notations and names, and what the operator says besides."""

import socket
import tomllib
from ipaddress import ip_address
from pathlib import Path

import pytest
from yarl import URL

from twh_server.journal.commands import Facts
from twh_server.settings import NOWHERE, WEBHOOK_PORTS, listed_in, ports_in
from twh_server.webhooks import targets
from twh_server.webhooks.endpoint_values import problems_of
from twh_server.webhooks.targets import LIVE, LOCAL, TargetRefused, refusal

TABLE = tomllib.loads((Path(__file__).parent / "targets.toml").read_text())
HOSTED = targets.policies(inside=False, ports=ports_in(WEBHOOK_PORTS), allowed=NOWHERE, denied=NOWHERE)

REACHED_BY = {"anyone": 3, "sandbox": 2, "local": 1, "nobody": 0}
"""How many of a local sandbox, a sandbox and a live tenant, in this order, may be sent there."""
POLICIES = [LOCAL["sandbox"], HOSTED["sandbox"], HOSTED["live"]]


@pytest.mark.parametrize(("address", "who", "why"), TABLE["addresses"])
def test_an_address_is_reached_by_whom_the_table_says(address, who, why):
    reasons = [refusal(ip_address(address), policy) for policy in POLICIES]

    assert reasons == [None] * REACHED_BY[who] + [why] * (3 - REACHED_BY[who])


@pytest.mark.parametrize(("url", "who", "why"), TABLE["urls"])
def test_a_url_may_be_an_endpoints_for_whom_the_table_says(url, who, why):
    problems = [problems_of({"url": url}, Facts(), policy) for policy in POLICIES]

    assert [not found for found in problems] == [place < REACHED_BY[who] for place in range(3)]
    assert not problems[-1] or problems[-1][0].message.startswith(why)


def test_nothing_stands_in_the_table_twice():
    targets = [row[0] for rows in TABLE.values() for row in rows]

    assert len(targets) == len(set(targets)) >= 179


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "0177.0.0.1", "017700000001", "2130706433"])
def test_what_the_c_library_dials_for_an_odd_notation_is_known(host):
    assert str(targets.literal(host)) == socket.getaddrinfo(host, 80)[0][4][0] == "127.0.0.1"


def told(*, allow="", deny="", ports=WEBHOOK_PORTS, inside=False):
    allowed, denied = listed_in(allow), listed_in(deny)
    return targets.policies(inside=inside, ports=ports_in(ports), allowed=allowed, denied=denied)["live"]


def may(policy, url):
    try:
        return targets.check(URL(url, encoded=True), policy)
    except TargetRefused:
        return None


@pytest.mark.parametrize(
    ("allow", "deny", "yes", "no"),
    [
        ("10.1.0.0/16", "", ["10.1.2.3", "[::ffff:10.1.2.3]", "[64:ff9b::10.1.2.3]", "8.8.8.8"], ["10.2.0.1", "127.0.0.1"]),
        ("10.1.0.0/16", "10.1.2.0/24", ["10.1.3.1"], ["10.1.2.3", "[::ffff:10.1.2.3]"]),
        ("10.1.2.0/24", "10.0.0.0/8", ["10.1.2.3"], ["10.1.3.1"]),
        ("10.1.2.0/24", "10.1.2.0/24", [], ["10.1.2.3"]),
        ("", "8.8.0.0/16", ["8.9.0.1"], ["8.8.8.8", "[::ffff:8.8.8.8]", "[2002:808:808::1]"]),
        ("", "2002::/16", ["8.8.8.8"], ["[2002:808:808::1]"]),
        ("fd12::/16", "", ["[fd12::1]"], ["[fd13::1]"]),
        ("0.0.0.0/0, ::/0", "", ["127.0.0.1", "[::1]", "198.18.0.1"], ["169.254.169.254", "[fd00:ec2::254]", "0.0.0.0"]),
        ("", "example.com", ["example.org", "notexample.com"], ["example.com", "EXAMPLE.com.", "a.b.example.com"]),
        ("hooks.example.com", "example.com", ["hooks.example.com", "eu.hooks.example.com"], ["example.com", "x.example.com"]),
        ("example.com", "*", ["example.com", "hooks.example.com"], ["example.org", "8.8.8.8", "[2606:4700::1111]"]),
        ("8.8.8.0/24", "*", ["8.8.8.8"], ["example.com", "8.8.4.4"]),
        ("*", "example.com", ["example.org", "localhost", "10.0.0.1"], ["example.com", "169.254.169.254"]),
    ],
)  # fmt: skip
def test_the_narrower_of_what_the_operator_says_counts(allow, deny, yes, no):
    policy = told(allow=allow, deny=deny)

    assert [host for host in yes if not may(policy, f"https://{host}/")] == []
    assert [host for host in no if may(policy, f"https://{host}/")] == []


def test_an_allowed_host_may_lead_inside_and_another_may_not():
    policy = told(allow="corp.example")

    assert may(policy, "https://hooks.corp.example/").inside
    assert not may(policy, "https://example.com/").inside
    assert may(policy, "http://hooks.corp.example/") is None


def test_ports_are_those_that_the_operator_says():
    policy = told(ports="443, 9000-9001")

    assert [port for port in (80, 443, 8443, 9000, 9001, 9002) if may(policy, f"https://example.com:{port}/")] == [
        443,
        9000,
        9001,
    ]
    with pytest.raises(TargetRefused, match="Port 22 is not used here; use 443 or 9000 to 9001"):
        targets.check(URL("https://example.com:22/"), policy)


def test_a_live_tenant_is_reached_over_https_only():
    with pytest.raises(TargetRefused, match="use https"):
        targets.check(URL("http://example.com/"), LIVE)
