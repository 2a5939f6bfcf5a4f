"""What an operator does with a whole tenant: it is told what became of it, asked before what cannot be undone."""

import io
import json
import shlex
import sys

import pytest

from twh_server.processes import lifecycle

NAME = "Ann's shop"


@pytest.fixture
def tenant(command):
    return command("tenant", "create", NAME)[1]


@pytest.fixture
def typed(monkeypatch):
    """Somebody sits at the terminal and types this."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    return lambda text: monkeypatch.setattr(sys, "stdin", Terminal(f"{text}\n"))


def state_of(command, tenant):
    (line,) = [line for line in command("tenant", "show", tenant)[1].splitlines() if line.startswith("state")]
    return line.split()[1]


def test_a_tenant_is_shown(command, tenant):
    command("key", "create", tenant)
    command("tenant", "suspend", tenant)
    code, shown, _ = command("tenant", "show", tenant)
    lines = dict(line.split(maxsplit=1) for line in shown.splitlines())

    assert code == 0
    assert (lines["id"], lines["name"], lines["kind"]) == (tenant, NAME, "live")
    assert lines["state"].startswith("suspended since 2")
    assert (lines["keys"], lines["events"]) == ("1 not revoked", "2")


@pytest.mark.parametrize(
    ("actions", "state"),
    [
        (["suspend"], "suspended"),
        (["suspend", "resume"], "active"),
        (["suspend", "suspend"], "suspended"),
        (["resume"], "active"),
        (["close"], "closed"),
        (["suspend", "close", "close"], "closed"),
    ],
)
def test_a_tenant_is_suspended_resumed_and_closed(command, tenant, actions, state):
    outcomes = [command("tenant", action, tenant) for action in actions]
    _, listed, _ = command("tenant", "list")

    assert [code for code, *_ in outcomes] == [0] * len(actions)
    assert f"is {state}" in outcomes[-1][1]
    assert f"{tenant}  live      {state:9}  Ann's shop" in listed.splitlines()
    assert state_of(command, tenant) == state


@pytest.mark.parametrize("action", ["suspend", "resume"])
def test_what_is_closed_stays_closed(command, tenant, action):
    command("tenant", "close", tenant)
    code, _, said = command("tenant", action, tenant)

    assert (code, "is closed, and stays closed" in said) == (1, True)
    assert state_of(command, tenant) == "closed"


@pytest.mark.parametrize("action", ["show", "suspend", "resume", "close", "export", "purge"])
def test_a_tenant_that_does_not_exist_is_named(command, tmp_path, action):
    more = ["--to", str(tmp_path)] if action == "export" else []
    code, _, said = command("tenant", action, "ten_nobody", *more)

    assert (code, said) == (1, "twh-server: No tenant has the id ten_nobody. `twh-server tenant list` shows them.\n")


def test_an_export_is_a_file_of_the_tenants_own_name_in_a_folder(command, tenant, tmp_path):
    code, printed, _ = command("tenant", "export", tenant, "--to", str(tmp_path))
    (file,) = tmp_path.iterdir()
    header, *_, end = map(json.loads, file.read_text().splitlines())

    assert (code, printed, file.name) == (0, str(file), f"{tenant}.jsonl")
    assert (header["tenant"]["id"], end["part"]) == (tenant, "end")
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_export_writes_over_nothing(command, tenant, tmp_path):
    there = tmp_path / "export.jsonl"
    there.write_text("ours")
    code, _, said = command("tenant", "export", tenant, "--to", str(there))

    assert (code, said) == (1, f"twh-server: {there} is there already, and is not written over.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["export.jsonl"]
    assert there.read_text() == "ours"


def test_an_export_that_is_being_written_is_left_alone(command, tenant, tmp_path):
    partial = tmp_path / "export.jsonl.partial"
    partial.write_text("half")
    code, _, said = command("tenant", "export", tenant, "--to", str(tmp_path / "export.jsonl"))

    assert (code, "Remove it, and try again" in said) == (1, True)
    assert partial.read_text() == "half"


def test_an_export_that_fails_leaves_nothing(command, tenant, tmp_path, monkeypatch):
    async def broken(*_):
        yield b"half\n"
        raise KeyboardInterrupt

    monkeypatch.setattr(lifecycle, "export", broken)
    code, *_ = command("tenant", "export", tenant, "--to", str(tmp_path))

    assert (code, list(tmp_path.iterdir())) == (130, [])


def test_where_nothing_can_be_written_is_said(command, tenant):
    code, _, said = command("tenant", "export", tenant, "--to", "/nowhere/export.jsonl")

    assert (code, "/nowhere/export.jsonl.partial cannot be written: No such file or directory." in said) == (1, True)


def test_a_closed_tenant_is_purged_when_its_name_is_typed(command, tenant, typed):
    command("tenant", "close", tenant)
    typed(NAME)
    code, printed, said = command("tenant", "purge", tenant)
    _, listed, _ = command("tenant", "list")

    assert (code, printed) == (0, f"{tenant} (Ann's shop) is purged: 1 events and all that belonged to them are gone.")
    assert "type its name (Ann's shop)" in said
    assert tenant not in listed


def test_a_closed_tenant_is_purged_by_a_script_that_knows_its_name(command, tenant):
    command("tenant", "close", tenant)

    assert command("tenant", "purge", tenant, "--yes-purge", NAME)[0] == 0
    assert command("tenant", "show", tenant)[0] == 1


@pytest.mark.parametrize("name", ["", "ann's shop", "yes", "Ann's shop "])
def test_another_name_purges_nothing(command, tenant, typed, name):
    command("tenant", "close", tenant)
    typed(name)
    by_hand, by_script = command("tenant", "purge", tenant), command("tenant", "purge", tenant, "--yes-purge", name)

    for code, _, said in (by_hand, by_script):
        assert (code, said.splitlines()[-1]) == (
            1,
            "twh-server: That is not its name (Ann's shop). Nothing was deleted.",
        )
    assert state_of(command, tenant) == "closed"


def test_where_nobody_can_be_asked_nothing_is_purged(command, tenant, monkeypatch):
    command("tenant", "close", tenant)
    monkeypatch.setattr(sys, "stdin", io.StringIO("Ann's shop\n"))
    code, _, said = command("tenant", "purge", tenant)

    assert (code, f"--yes-purge {shlex.quote(NAME)}`" in said) == (1, True)
    assert state_of(command, tenant) == "closed"


@pytest.mark.parametrize("state", ["active", "suspended"])
def test_only_a_closed_tenant_is_purged(command, tenant, state):
    if state == "suspended":
        command("tenant", "suspend", tenant)
    code, _, said = command("tenant", "purge", tenant, "--yes-purge", NAME)

    assert (code, f"is {state}. Only a closed tenant is purged: `twh-server tenant close {tenant}`." in said) == (
        1,
        True,
    )
    assert state_of(command, tenant) == state
