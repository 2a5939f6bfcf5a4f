"""`twh-server check`: everything that would hinder or endanger a server has its line, and what to do."""

import json
import os
import socket
import tempfile
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import psycopg
import pytest
from buses import OwnValkey
from own_valkey import Valkey

from twh_server.access.sealing import Sealer
from twh_server.database.address import Address
from twh_server.database.embedded import EmbeddedPostgres
from twh_server.database.migrate import migrate
from twh_server.processes import check, check_database

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
NAMES = [
    "settings",
    "port",
    "secrets key",
    "database",
    "version",
    "clock",
    "disk",
    "schema",
    "row security",
    "rights of twh_app",
    "rights of twh_worker",
    "acting as twh_app",
    "durability",
    "acting as twh_worker",
    "sealed secrets",
]


@pytest.fixture(scope="module")
def own_postgres():
    """A PostgreSQL that these tests may spoil. It does reach the disk, as temporary ones do not."""
    with tempfile.TemporaryDirectory(prefix="twh-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "data") as server:
            migrate(Address(server.conninfo()))
            yield server


@pytest.fixture
def spoil(own_postgres):
    """Runs statements as the superuser, and what mends them afterwards."""
    mending = []

    def run(statement):
        with psycopg.connect(own_postgres.conninfo(user="postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def spoil(statement, *mends):
        mending.extend(mends)
        run(statement)

    yield spoil
    for statement in mending:
        run(statement)


@pytest.fixture
def found(own_postgres, monkeypatch):
    """What is found, by name; the settings are good ones but for what is said."""

    def found(given=None, **said):
        for name in [name for name in os.environ if name.startswith("TWH_")]:
            monkeypatch.delenv(name)
        told = {"TWH_DATABASE_URL": own_postgres.conninfo(), "TWH_SECRETS_KEY": KEY, "TWH_PORT": "0", **said}
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        return {one.name: one for one in check.check(given or {})}

    return found


def failed(findings):
    return [name for name, one in findings.items() if one.state == "fail"]


def test_a_server_that_may_start_fails_nothing(found):
    findings = found()

    assert list(findings) == NAMES
    assert failed(findings) == []
    assert not [one for one in findings.values() if one.state == "ok" and one.to_do]


def test_the_store_of_the_rate_limit_is_tried(found, tmp_path):
    with Valkey(tmp_path) as valkey:
        finding = found(TWH_RATE_LIMIT_STORE_URL=valkey.url)["rate limit store"]
        without = found(TWH_RATE_LIMIT_STORE_URL=valkey.url, TWH_RATE_LIMIT="off")

    assert finding.state == "ok"
    assert "rate limit store" not in without


def test_each_bus_is_tried(found, tmp_path):
    with OwnValkey(tmp_path) as bus:
        findings = found(TWH_PUBLISH_URL=f"{bus.url} nats://twh:s3cr3t@127.0.0.1:1/twh")

    assert findings["publisher redis:news"].state == "ok"
    assert findings["publisher nats:twh"].state == "fail"
    assert findings["publisher nats:twh"].found.startswith("it cannot publish: ")
    assert "s3cr3t" not in str(findings)


def test_a_port_in_use_is_found(found):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finding = found(TWH_PORT=str(port))["port"]
        given = found({"port": port})["port"]

    assert finding.state == given.state == "fail"
    assert finding.found == f"Port {port} on 127.0.0.1 is in use"
    assert "--port" in finding.to_do


@pytest.mark.parametrize(
    ("said", "name", "sentence"),
    [
        ({"TWH_PORT": "x"}, "settings", "TWH_PORT cannot be used"),
        ({"TWH_SECRETS_KEY": ""}, "secrets key", "Set TWH_SECRETS_KEY"),
        ({"TWH_SECRETS_KEY": "short"}, "secrets key", "TWH_SECRETS_KEY cannot be used"),
        ({"TWH_RATE_LIMIT_STORE_URL": "redis://cache"}, "rate limit store", "TWH_RATE_LIMIT_STORE_URL cannot be used"),
        ({"TWH_RATE_LIMIT_STORE_URL": "redis://127.0.0.1:1"}, "rate limit store", "it cannot be used: Error"),
        ({"TWH_PUBLISH_URL": "nats://a/b nats://c/b"}, "publishers", "TWH_PUBLISH_URL cannot be used: two are called"),
        ({"TWH_DATABASE_URL": ""}, "database", "No database is given"),
        ({"TWH_DATABASE_URL": "postgresql:///twh?host=/nowhere"}, "database", "The database cannot be reached"),
    ],
)
def test_what_hinders_a_start_is_found(found, said, name, sentence):
    finding = found(**said)[name]

    assert finding.state == "fail"
    assert finding.found.startswith(sentence)
    assert finding.to_do


def test_without_a_database_the_rest_is_still_looked_at(found):
    assert list(found(TWH_DATABASE_URL="")) == ["settings", "port", "secrets key", "database"]


def test_a_misspelt_setting_is_told_and_fails_nothing(found):
    finding = found(TWH_PROT="1")["settings"]

    assert finding.state == "unknown"
    assert "TWH_PROT" in finding.found


@pytest.mark.parametrize(
    ("statement", "mends", "name", "words"),
    [
        (
            "alter table items no force row level security",
            ["alter table items force row level security"],
            "row security",
            "not forced on items",
        ),
        ("alter role twh_app bypassrls", ["alter role twh_app nobypassrls"], "row security", "twh_app may go past it"),
        (
            "revoke insert on entries from twh_app",
            ["grant insert on entries to twh_app"],
            "rights of twh_app",
            "missing: insert on entries",
        ),
        (
            "revoke update (state) on tenants from twh_app",
            ["grant update (state) on tenants to twh_app"],
            "rights of twh_app",
            "missing: update (state) on tenants",
        ),
        (
            "grant delete on items to twh_app",
            ["revoke delete on items from twh_app"],
            "rights of twh_app",
            "too many: delete on items",
        ),
        (
            "revoke select on events from twh_worker",
            ["grant select on events to twh_worker"],
            "rights of twh_worker",
            "missing: select on events",
        ),
        (
            "alter role twh_app set synchronous_commit = off",
            ["alter role twh_app reset synchronous_commit"],
            "durability",
            "synchronous_commit off",
        ),
        (
            "alter role twh_worker nologin",
            ["alter role twh_worker login"],
            "acting as twh_worker",
            "not permitted to log in",
        ),
    ],
)
def test_what_is_wrong_in_the_database_is_found(found, spoil, statement, mends, name, words):
    spoil(statement, *mends)
    findings = found()

    assert failed(findings) == [name]
    assert words in findings[name].found
    assert findings[name].to_do


def test_a_database_that_was_never_migrated_is_found(found, own_postgres, spoil):
    spoil("create database bare", "drop database bare")
    findings = found(TWH_DATABASE_URL=own_postgres.conninfo(dbname="bare"))

    assert failed(findings) == ["schema"]
    assert findings["schema"].to_do.startswith("Run `twh-server migrate`")
    assert "row security" not in findings


def test_a_secret_whose_key_is_missing_is_found(found, spoil):
    sealer = Sealer(b"x" * 32)
    tenant, endpoint = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"
    sealed = sealer.seal_secret(b"s", tenant=UUID(tenant), endpoint=UUID(endpoint))
    spoil(
        f"insert into tenants (id, name, kind, created_at) values ('{tenant}', 'T', 'live', now())",
        f"delete from tenants where id = '{tenant}'",
    )
    spoil(
        f"""insert into webhook_endpoints (tenant_id, id, url, kinds, description, sealed_secret, enabled,
            since_sequence, version, created_at, updated_at)
            values ('{tenant}', '{endpoint}', 'https://example.com', '{{}}', '', '\\x{sealed.hex()}', true, 1, 1,
            now(), now())"""
    )
    # The endpoint has to go before its tenant.
    missing = found()
    here = found(TWH_SECRETS_KEYS_OLD="eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=")
    spoil(f"update webhook_endpoints set sealed_secret = sealed_secret || '\\x00' where id = '{endpoint}'")
    damaged = found(TWH_SECRETS_KEYS_OLD="eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=")
    spoil(f"delete from webhook_endpoints where id = '{endpoint}'")

    assert failed(missing) == ["sealed secrets"]
    assert sealer.name.hex() in missing["sealed secrets"].found
    assert "TWH_SECRETS_KEYS_OLD" in missing["sealed secrets"].to_do
    assert failed(here) == []
    assert failed(damaged) == ["sealed secrets"]
    assert "stays closed" in damaged["sealed secrets"].found


@pytest.mark.parametrize(
    ("number", "state"),
    [(140_009, "fail"), (150_000, "ok"), (180_001, "ok"), (190_000, "unknown")],
)
def test_versions_are_judged(number, state):
    assert check_database.version(number).state == state


@pytest.mark.parametrize(("seconds", "state"), [(0.2, "ok"), (-0.9, "ok"), (1.0, "fail"), (-3600, "fail")])
def test_clocks_are_judged(seconds, state):
    assert check_database.difference(seconds).state == state


@pytest.mark.parametrize(("free", "state"), [(1 << 30, "ok"), ((1 << 30) - 1, "fail")])
def test_room_is_judged(free, state):
    assert check_database.room(free, "8 MB").state == state


def test_room_that_cannot_be_seen_is_not_guessed(own_postgres):
    # The application's role is not told where the data lie.
    with psycopg.connect(own_postgres.conninfo(user="twh_app")) as connection:
        finding = check_database.disk(connection)

    assert finding.state == "unknown"


def test_a_full_disk_is_found(found, monkeypatch):
    monkeypatch.setattr(check_database.shutil, "disk_usage", lambda _: SimpleNamespace(free=1))

    assert failed(found()) == ["disk"]


def test_people_get_lines_programs_get_json_and_both_an_exit_code(run, own_postgres):
    told = {"TWH_DATABASE_URL": own_postgres.conninfo(), "TWH_SECRETS_KEY": KEY, "TWH_PORT": "0"}
    code, printed, _ = run("check", **{**told, "TWH_SECRETS_KEY": ""})
    _, for_programs, _ = run("check", "--json", **told)

    assert code == 1
    assert "FAIL  secrets key" in printed
    assert {one["name"] for one in json.loads(for_programs)["checks"]} == set(NAMES)


def test_all_is_well_with_exit_code_0(run, own_postgres):
    told = {"TWH_DATABASE_URL": own_postgres.conninfo(), "TWH_SECRETS_KEY": KEY, "TWH_PORT": "0"}
    code, printed, _ = run("check", "--json", **told)

    assert code == 0, printed
    assert json.loads(printed)["ok"] is True
