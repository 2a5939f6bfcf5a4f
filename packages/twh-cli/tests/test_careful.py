"""What changes something real is meant, what is only tried out sends nothing, and what would be lost is asked about."""

import json

import httpx
import pytest

from twh_cli import app

ITEM = {
    "id": "itm_1",
    "sku": "TSHIRT-M",
    "name": "T-shirt",
    "barcodes": [],
    "packs": [],
    "tags": [],
    "unit": "each",
    "scale": 0,
    "reorder_point": None,
    "attributes": {},
    "archived_at": None,
    "version": 1,
    "etag": '"v1"',
    "created_at": "2026-05-10T12:00:00Z",
    "updated_at": "2026-05-10T12:00:00Z",
}
WHOSE = {
    "tenant": {"id": "ten_1", "name": "The shop", "kind": "live", "created_at": "2026-05-10T12:00:00Z"},
    "key": {"id": "key_1", "name": "mine", "scopes": ["items:write"]},
}
CREATE = ("items", "create", "TSHIRT-M", "--name", "T-shirt")
ARCHIVE = ("items", "archive", "TSHIRT-M")


@pytest.fixture
def live(elsewhere, monkeypatch):
    monkeypatch.setenv("TWH_API_KEY", "twh_live_1")
    monkeypatch.setenv("TWH_ENVIRONMENT", "live")
    return elsewhere


@pytest.fixture
def created(elsewhere):
    return elsewhere.post("/items").respond(201, json=ITEM)


def test_a_live_key_changes_nothing_unless_it_is_meant(twh, live, created):
    ran = twh(*CREATE)

    assert ran.exit_code == 10
    assert "Add --live: twh items create TSHIRT-M" in ran.err
    assert not created.called
    assert twh(*CREATE, "--live").exit_code == 0


def test_a_live_key_reads_as_any_other(twh, live):
    live.get("/items").respond(json={"data": [ITEM], "next_cursor": None})

    assert twh("items", "list").exit_code == 0


@pytest.mark.parametrize("words", [CREATE, ("items", "list")], ids=lambda words: words[1])
def test_another_key_is_not_said_to_be_live(twh, elsewhere, created, words):
    ran = twh(*words, "--live", "--json")

    assert ran.exit_code == 2
    assert ran.error["code"] == "not_live"
    assert not created.called


def test_yes_alone_is_not_live(twh, live):
    assert twh(*ARCHIVE, "--yes").exit_code == 10


def test_live_and_yes_together_need_no_question(twh, live):
    live.delete("/items/TSHIRT-M").respond(json=ITEM)
    live.post("/items/TSHIRT-M/archive").respond(json=ITEM)

    assert twh(*ARCHIVE, "--yes", "--live").exit_code == 0


@pytest.mark.parametrize(("typed", "exit_code"), [("The shop\n", 0), ("y\n", 10), ("the shop\n", 10), ("\n", 10)])
def test_on_live_the_tenants_name_is_typed(twh, live, monkeypatch, typed, exit_code):
    live.get("/tenant").respond(json=WHOSE)
    live.delete("/items/TSHIRT-M").respond(json=ITEM)
    live.post("/items/TSHIRT-M/archive").respond(json=ITEM)
    monkeypatch.setattr("twh_cli.session.someone_is_there", lambda: True)
    monkeypatch.setattr("sys.stdin.readline", lambda: typed, raising=False)

    ran = twh(*ARCHIVE, "--live")

    assert ran.exit_code == exit_code
    assert "Type the tenant's name, The shop, to go on" in ran.err


def test_a_dry_run_shows_the_request_and_sends_nothing(twh, elsewhere, created):
    ran = twh(*CREATE, "--dry-run", "--idempotency-key", "k1", "--json")

    assert ran.exit_code == 0
    assert not created.called
    assert ran.json["method"] == "POST"
    assert ran.json["path"] == "/v1/items"
    assert ran.json["headers"]["Idempotency-Key"] == "k1"
    assert ran.json["body"] == {"sku": "TSHIRT-M", "name": "T-shirt"}
    assert "Authorization" not in ran.json["headers"]
    assert "twh_test_" not in ran.out


def test_a_dry_run_on_a_terminal_is_read_as_http(twh, elsewhere):
    shown = twh(*CREATE, "--dry-run", "-o", "table").out

    assert shown.startswith("POST https://inventory.example.com/v1/items\n")
    assert json.loads(shown.partition("\n\n")[2])["sku"] == "TSHIRT-M"


def test_a_dry_run_neither_asks_nor_wants_live(twh, live):
    assert twh(*ARCHIVE, "--dry-run").exit_code == 0


def test_a_dry_run_of_a_file_shows_the_first_batch(twh, elsewhere, tmp_path):
    line = {"kind": "receipt", "lines": [{"item": "A", "location": "B", "quantity": "1"}]}
    (tmp_path / "entries.jsonl").write_text(f"{json.dumps(line)}\n{json.dumps({**line, 'kind': 'count'})}\n")

    ran = twh("movements", "record", str(tmp_path / "entries.jsonl"), "--dry-run", "--key", "run")

    shown = ran.json["body"]["entries"]
    assert [one["entry"]["kind"] for one in shown] == ["receipt", "count"]
    assert len({one["idempotency_key"] for one in shown}) == 2
    assert ran.exit_code == 0


def test_a_dry_run_of_an_import_shows_the_first_batch(twh, elsewhere, tmp_path):
    (tmp_path / "items.jsonl").write_text('{"sku": "A", "name": "A"}\n' * 2)

    ran = twh("items", "import", str(tmp_path / "items.jsonl"), "--dry-run", "--json")

    assert ran.exit_code == 0
    assert "2 items, batch after batch" in ran.err
    assert "Interrupted" not in ran.err
    assert len(ran.json["body"]["items"]) == 2


def test_a_dry_run_of_what_reads_just_reads(twh, elsewhere):
    elsewhere.get("/items").respond(json={"data": [ITEM], "next_cursor": None})

    assert len(twh("items", "list", "--dry-run", "--json").json) == 1


@pytest.mark.parametrize("command", [one.path for one in app.registry.COMMANDS if one.local])
def test_what_changes_this_machine_has_no_dry_run(twh, command):
    ran = twh(*command.split(), "--dry-run")

    assert ran.exit_code == 2
    assert "changes this machine" in ran.err


def test_verbose_tells_whom_it_asks_and_each_request(twh, elsewhere):
    elsewhere.get("/items/TSHIRT-M").respond(json=ITEM, headers={"twh-request-id": "req_7"})

    said = twh("items", "get", "TSHIRT-M", "-v").err

    assert "https://inventory.example.com, key from environment" in said
    assert "items.get: 200 after" in said
    assert "req_7" in said
    assert "twh_test" not in said


def test_a_lost_answer_is_tried_again_with_the_same_key(twh, elsewhere):
    route = elsewhere.post("/items").mock(side_effect=[httpx.ReadTimeout("lost"), httpx.Response(201, json=ITEM)])

    assert twh(*CREATE).exit_code == 0
    assert len({call.request.headers["idempotency-key"] for call in route.calls}) == 1
