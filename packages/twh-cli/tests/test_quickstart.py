"""The quickstart and the commands of the core, as a newcomer meets them: on a real sandbox."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from twh.profiles import profile_in_file

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

TWH = [sys.executable, "-m", "twh_cli"]


@pytest.fixture(scope="module")
def folder():
    path = Path(tempfile.mkdtemp(prefix="twh-quickstart-", dir="/var/tmp"))
    path.chmod(0o755 if os.geteuid() == 0 else 0o700)
    yield path
    subprocess.run([*TWH, "sandbox", "down", "--data-dir", str(path)], check=False)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def kept_here(folder, monkeypatch):
    monkeypatch.setenv("TWH_DATA_DIR", str(folder))


@pytest.fixture
def shop(twh):
    """A sandbox that is up, with an item and a shelf of this test's own."""
    twh("sandbox", "up")
    number = len(twh("items", "list", "--all", "--json").json)
    sku, shelf = f"APPLE-{number}", f"SHELF-{number}"
    assert twh("items", "create", sku, "--name", "Apples", "--scale", "1", "--reorder-point", "2").exit_code == 0
    assert twh("locations", "create", shelf, "--name", "Shelf").exit_code == 0
    return sku, shelf


def test_the_quickstart_ends_with_a_verified_webhook_and_leaves_nothing_running_in_a_pipe(twh):
    twh("sandbox", "down")

    told = twh("quickstart")

    assert told.exit_code == 0, told.err
    assert "level.available == 10" in told.out
    assert "signature verified" in told.out
    assert "The sandbox is stopped again" in told.out
    assert "\x1b" not in told.out
    assert not [line for line in told.out.splitlines() if line != line.rstrip()]
    assert twh("sandbox", "status").exit_code == 11


def test_the_quickstart_leaves_a_sandbox_alone_that_was_running(twh):
    running = twh("sandbox", "up", "--json").json

    told = twh("quickstart", "--json").json

    assert [step["outcome"] for step in told["steps"]][-2].endswith("signature verified")
    assert twh("sandbox", "up", "--json").json["pid"] == running["pid"]
    assert twh("webhooks", "list", "--json").json == []
    assert profile_in_file().name == "sandbox"


@pytest.mark.parametrize("program", [["quickstart.py"], ["quickstart_async.py"], ["quickstart.sh"]])
def test_the_quickstart_programs_run(twh, program):
    twh("sandbox", "up")
    folder = Path(__file__).parents[3] / "quickstart"
    start = ["bash"] if program[0].endswith(".sh") else [sys.executable]
    path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    ran = subprocess.run([*start, *program], cwd=folder, env=path, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    assert "its signature is right: entry.recorded" in ran.stdout


def test_the_verbs_move_stock(twh, shop):
    sku, shelf = shop
    for words in (
        ["receive", sku, "12", "--at", shelf, "--reference", "PO-77"],
        ["issue", sku, "2.5", "--at", shelf, "--reference", "order:1001"],
        ["return", sku, "1", "--at", shelf],
        ["adjust", sku, "-0.5", "--at", shelf, "--reason", "damaged"],
        ["transfer", sku, "3", "--from", shelf, "--to", "MAIN"],
        ["count", sku, "6", "--at", shelf, "--expected", "7"],
    ):
        assert twh(*words).exit_code == 0, words

    assert twh("stock", "get", sku, shelf, "--json").json["on_hand"] == "6"
    kinds = [one["kind"] for one in twh("movements", "list", "--item", sku, "--location", shelf, "--json").json]
    assert kinds == ["count", "transfer", "adjustment", "return", "issue", "receipt"]
    assert twh("entries", "list", "--reference", "1001", "--json").json[0]["reference"] == {
        "type": "order",
        "id": "1001",
    }


def test_a_key_that_was_used_records_nothing_new(twh, shop):
    sku, shelf = shop
    first = twh("receive", sku, "5", "--at", shelf, "--key", f"{sku}-1", "--json")
    again = twh("receive", sku, "5", "--at", shelf, "--key", f"{sku}-1", "--json")

    assert again.json == first.json
    assert "nothing new was recorded" in again.err
    assert twh("stock", "get", sku, shelf, "--json").json["on_hand"] == "5"


def test_a_count_that_finds_no_difference_says_so(twh, shop):
    sku, shelf = shop
    ran = twh("count", sku, "0", "--at", shelf, "--json")

    assert (ran.exit_code, ran.out) == (0, "null\n")
    assert "nothing was recorded" in ran.err


def test_an_entry_is_reversed_once(twh, shop):
    sku, shelf = shop
    entry = twh("receive", sku, "5", "--at", shelf, "--json").json

    assert twh("reverse", entry["id"], "--reason", "typo", "--json").json["reverses"] == entry["id"]
    again = twh("reverse", entry["id"], "--json")
    assert again.exit_code == 5
    assert again.error["code"] == "entry_already_reversed"


def test_a_file_of_entries_is_recorded_once_however_often_it_is_run(twh, shop, tmp_path):
    sku, shelf = shop
    line = {"item": sku, "location": shelf, "quantity": 3.5}
    commands = [
        {"kind": "receipt", "reference": "PO-1", "lines": [line]},
        {"kind": "issue", "lines": [line | {"quantity": "99"}]},
        {"kind": "count", "lines": [line | {"quantity": "3"}]},
    ]
    file = tmp_path / "entries.jsonl"
    file.write_text("\n\n".join(map(json.dumps, commands)))

    first = twh("movements", "record", str(file), "--key", f"{sku}-run")
    again = twh("movements", "record", str(file), "--key", f"{sku}-run")

    assert first.exit_code == again.exit_code == 5
    assert [json.loads(one)["outcome"] for one in first.out.splitlines()] == ["recorded", "refused", "recorded"]
    assert [json.loads(one)["outcome"] for one in again.out.splitlines()] == [
        "recorded before",
        "refused",
        "recorded before",
    ]
    assert [json.loads(one)["line"] for one in again.out.splitlines()] == [1, 3, 5]
    assert twh("stock", "get", sku, shelf, "--json").json["on_hand"] == "3"


@pytest.mark.parametrize("text", ["{", "[]", '{"kind": "issue"}', '{"kind": "issue", "lines": [], "colour": "red"}'])
def test_a_file_with_a_line_that_makes_no_sense_records_nothing(twh, tmp_path, text):
    twh("sandbox", "up")
    file = tmp_path / "entries.jsonl"
    file.write_text(f'{{"kind": "issue", "lines": []}}\n{text}\n')

    ran = twh("movements", "record", str(file))

    assert (ran.exit_code, ran.out) == (2, "")
    assert "Line 2" in ran.err


def test_events_are_tailed_to_a_count(twh, shop):
    sku, shelf = shop
    twh("receive", sku, "5", "--at", shelf)

    events = [json.loads(line) for line in twh("events", "tail", "-n", "3", "--count", "3").out.splitlines()]

    assert [one["type"] for one in events] == ["item.created", "location.created", "entry.recorded"]
    assert twh("events", "get", events[-1]["id"], "--json").json == events[-1]
    assert (
        f"receipt: +5 {sku} at {shelf}"
        in twh("events", "list", "--after", str(events[1]["sequence"]), "-o", "table").out
    )


def test_an_endpoint_is_made_changed_and_removed(twh):
    twh("sandbox", "up")
    endpoint = twh("webhooks", "create", "http://127.0.0.1:9/hook", "--kind", "entry.recorded", "--json").json

    assert endpoint["secret"].startswith("whsec_")
    changed = twh("webhooks", "update", endpoint["id"], "--disable", "--all-kinds", "--json").json
    assert (changed["enabled"], changed["kinds"]) == (False, [])
    assert twh("webhooks", "list", "--json").json == [changed]
    assert twh("webhooks", "delete", endpoint["id"]).exit_code == 10
    assert twh("webhooks", "delete", endpoint["id"], "--yes").exit_code == 0
    assert twh("webhooks", "get", endpoint["id"]).exit_code == 3


def test_a_failed_delivery_tells_its_attempts(twh, shop):
    sku, shelf = shop
    endpoint = twh("webhooks", "create", "http://127.0.0.1:9/hook", "--json").json
    twh("receive", sku, "5", "--at", shelf)

    deliveries = twh("webhooks", "deliveries", "--endpoint", endpoint["id"], "--json").json
    while not (deliveries and deliveries[0]["attempts"]):
        deliveries = twh("webhooks", "deliveries", "--endpoint", endpoint["id"], "--json").json

    assert twh("webhooks", "attempts", deliveries[0]["id"], "--json").json[0]["status"] is None
    twh("webhooks", "delete", endpoint["id"], "--yes")


def test_the_ledger_is_verified_and_its_blocks_are_told(twh, shop):
    assert twh("ledger", "verify", "--json").json["ok"]
    first = json.loads(twh("ledger", "tail", "-n", "1", "--count", "1").out)
    assert first["last_sequence"] == twh("ledger", "verify", "--json").json["last_sequence"]


def test_the_ledger_is_verified_against_a_digest_that_was_kept(twh, shop, tmp_path):
    kept = tmp_path / "digest.json"
    kept.write_text(twh("ledger", "digest", "--json").out)
    sku, shelf = shop
    twh("receive", sku, "1", "--at", shelf)
    told = json.loads(kept.read_text())
    another, stranger, nonsense = (tmp_path / name for name in ("another", "stranger", "nonsense"))
    another.write_text(json.dumps({**told, "hash": "ab" * 32}))
    stranger.write_text(json.dumps({**told, "tenant": "ten_nonsense"}))
    nonsense.write_text("nonsense")

    assert twh("ledger", "verify", "--against", str(kept), "--json").json["ok"]
    assert twh("ledger", "verify", "--against", str(another)).exit_code == 5
    assert "digest was kept" in twh("ledger", "verify", "--against", str(another)).err
    assert twh("ledger", "verify", "--against", str(stranger)).exit_code == 2
    assert twh("ledger", "verify", "--against", str(nonsense)).exit_code == 2


def test_items_and_locations_are_changed_and_archived(twh, shop):
    sku, shelf = shop
    changed = twh("items", "update", sku, "--no-reorder-point", "--attribute", "colour=red", "--json").json

    assert changed["reorder_point"] is None
    assert changed["attributes"] == {"colour": "red"}
    assert twh("items", "update", sku, "--name", "x", "--if-match", '"nonsense"').exit_code == 5
    assert twh("items", "archive", sku, "--yes", "--json").json["archived_at"]
    assert sku in [one["sku"] for one in twh("items", "list", "--archived", "--json").json]
    assert twh("locations", "update", shelf, "--kind", "bin", "--json").json["kind"] == "bin"
    assert twh("locations", "archive", shelf, "--yes").exit_code == 0


def test_whoami_names_the_source_of_the_key_and_never_the_key(twh):
    twh("sandbox", "up")
    ran = twh("whoami", "--json")

    assert (ran.json["key_source"], ran.json["profile"]) == ("file", "sandbox")
    assert "twh_test_" not in ran.out
