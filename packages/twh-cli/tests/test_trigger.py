"""`twh trigger`: every kind of event really happens, in a real sandbox; and `twh webhooks test` sends one."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from twh import Client
from twh_cli import triggers
from twh_cli.receiver import Receiver
from twh_server.access.keys import BELIEVED_SECONDS
from twh_server.events.kinds import KINDS

TWH = [sys.executable, "-m", "twh_cli"]
LAST = "tenant.closed"
real = [pytest.mark.sandbox, pytest.mark.slow]


@pytest.fixture(scope="module")
def folder():
    """Root's PostgreSQL is another account's, which has to get there."""
    path = Path(tempfile.mkdtemp(prefix="twh-trigger-", dir="/var/tmp"))
    path.chmod(0o755 if os.geteuid() == 0 else 0o700)
    yield path
    subprocess.run([*TWH, "sandbox", "down", "--data-dir", str(path)], check=False)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def sandbox(folder, twh, monkeypatch):
    monkeypatch.setenv("TWH_DATA_DIR", str(folder))
    twh("sandbox", "up")


def test_there_is_an_act_for_every_kind_of_event_but_the_one_that_takes_days():
    assert triggers.ACTS.keys() == KINDS.keys() - {triggers.TAKES_DAYS}


class TestInASandbox:
    pytestmark = real

    @pytest.mark.parametrize("kind", [kind for kind in triggers.ACTS if kind != LAST])
    def test_it_happens_and_the_feed_tells_of_it(self, twh, sandbox, kind):
        ran = twh("trigger", kind, "--json")
        if kind == "tenant.suspended":
            twh("trigger", "tenant.resumed")
        if kind.startswith("tenant."):
            time.sleep(BELIEVED_SECONDS)  # as long as a server process believes that the tenant is suspended

        assert ran.exit_code == 0, ran.err
        assert ran.json["type"] == kind
        assert ran.json == twh("events", "get", ran.json["id"], "--json").json

    def test_what_was_wished_for_is_in_it(self, twh, sandbox):
        twh("items", "create", "APPLE", "--name", "Apples")
        twh("receive", "APPLE", "9", "--at", "SHOP")

        said = ["--item", "APPLE", "--at", "SHOP", "--quantity", "2", "--set", "kind=issue", "--set", "reason=eaten"]
        entry = twh("trigger", "entry.recorded", *said, "--json").json["data"]

        assert (entry["kind"], entry["reason"]) == ("issue", "eaten")
        assert [(one["item"]["sku"], one["location"]["code"], one["quantity"]) for one in entry["movements"]] == [
            ("APPLE", "SHOP", "-2")
        ]

    def test_what_takes_days_is_not_done_and_says_so(self, twh, sandbox):
        ran = twh("trigger", "endpoint.disabling", "--json")

        assert ran.exit_code == 2
        assert "three days" in ran.error["message"]

    @pytest.mark.parametrize("left", ["12", "0"])
    def test_stock_runs_as_low_as_it_is_wished_to(self, twh, sandbox, left):
        low = twh("trigger", "stock.low", "--item", "TSHIRT-M", "--at", "SHOP", "--quantity", left, "--json").json[
            "data"
        ]

        assert (low["item"]["sku"], low["available"]) == ("TSHIRT-M", left)
        assert twh("trigger", "stock.low", "--item", "TSHIRT-M", "--quantity", "13").exit_code == 2

    def test_a_field_that_is_none_is_told_with_those_that_are(self, twh, sandbox):
        ran = twh("trigger", "location.created", "--set", "colour=red", "--json")

        assert ran.exit_code == 2
        assert "It has: code, kind, name, parent, sellable." in ran.error["message"]

    def test_an_endpoint_is_sent_an_event_that_it_wants(self, twh, sandbox):
        with Receiver() as receiver:
            endpoint = twh("webhooks", "create", receiver.url, "--kind", "stock.low", "--json").json["id"]
            ran = twh("webhooks", "test", endpoint, "--json")
            arrived = receiver.next(5)

        assert ran.exit_code == 0, ran.err
        assert (ran.json["type"], ran.json["status"]) == ("stock.low", 204)
        assert json.loads(arrived.body)["id"] == ran.json["event"]
        assert twh("webhooks", "test", endpoint, "--event", "item.created").exit_code == 2

    def test_an_endpoint_that_does_not_take_it_is_told_and_found_among_the_failed(self, twh, sandbox):
        with Receiver(answer=lambda _: 500) as receiver:
            endpoint = twh("webhooks", "create", receiver.url, "--kind", "item.created", "--json").json["id"]
            ran = twh("webhooks", "test", endpoint, "--json")

        assert (ran.exit_code, ran.error["code"]) == (5, "not_delivered")
        assert json.loads(ran.out)["status"] == 500
        assert f"twh webhooks attempts {json.loads(ran.out)['delivery']}" in ran.error["hint"]
        failed = twh("webhooks", "deliveries", "--failed", "--endpoint", endpoint, "--since", "1h", "--json").json
        assert [one["id"] for one in failed] == [json.loads(ran.out)["delivery"]]
        twh("webhooks", "update", endpoint, "--disable")
        assert "--enable" in twh("webhooks", "test", endpoint, "--json").error["hint"]

    def test_a_tenant_that_is_closed_stays_closed(self, twh, sandbox, folder):
        assert twh("trigger", LAST).exit_code == 10

        ran = twh("trigger", LAST, "--yes")

        assert ran.exit_code == 0, ran.err
        time.sleep(BELIEVED_SECONDS)  # as long as a server process believes what it knew of a key
        assert twh("whoami").exit_code == 4
        twh("sandbox", "reset", "--yes")
        assert twh("whoami").exit_code == 0

    def test_another_servers_tenant_is_its_operators(self, twh, sandbox, monkeypatch, tmp_path):
        with Client() as client:
            monkeypatch.setenv("TWH_BASE_URL", client._to.base_url)
            monkeypatch.setenv("TWH_API_KEY", client._to.api_key)
        monkeypatch.setenv("TWH_DATA_DIR", str(tmp_path))

        ran = twh("trigger", "tenant.suspended", "--json")

        assert (ran.exit_code, ran.error["code"]) == (11, "sandbox_not_running")
        assert "twh-server tenant suspend" in ran.error["hint"]


def test_a_live_key_triggers_nothing(twh, elsewhere, monkeypatch):
    monkeypatch.setenv("TWH_API_KEY", "twh_live_elsewhere")
    monkeypatch.setenv("TWH_ENVIRONMENT", "live")

    ran = twh("trigger", "item.created", "--live", "--yes", "--json")

    assert (ran.exit_code, ran.error["code"]) == (5, "not_a_sandbox")
    assert not elsewhere.calls


def test_a_live_tenant_triggers_nothing_whatever_its_key_looks_like(twh, elsewhere):
    tenant = {"id": "ten_1", "name": "Shop", "kind": "live", "created_at": "2026-05-10T12:00:00Z"}
    key = {"id": "key_1", "name": "here", "scopes": []}
    elsewhere.get("/tenant").respond(json={"tenant": tenant, "key": key})

    ran = twh("trigger", "item.created", "--json")

    assert ran.error["code"] == "not_a_sandbox"
    assert {call.request.method for call in elsewhere.calls} == {"GET"}


def test_without_a_kind_they_are_listed(twh):
    assert [json.loads(line)["event"] for line in twh("trigger").out.splitlines()] == list(triggers.ACTS)


def test_an_unknown_kind_is_told_with_what_was_meant(twh, elsewhere):
    ran = twh("trigger", "stock.lo", "--json")

    assert ran.exit_code == 2
    assert "did you mean stock.low?" in ran.error["message"]
