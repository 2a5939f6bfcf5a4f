"""An export is verified by one file of Python that knows nothing of TWH, and whatever is changed in it is named."""

import copy
import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from twh import verify_export
from twh_server.access.sealing import Sealer
from twh_server.catalogue.item_commands import CreateItem, UpdateItem
from twh_server.catalogue.items import Pack
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.events.bell import Bell
from twh_server.events.follow import Follower
from twh_server.events.retention import drop_old_events
from twh_server.ledger.entries import Reference
from twh_server.ledger.lines import Line
from twh_server.tenancy.export import PARTS, export
from twh_server.tenancy.settings import UpdateSettings
from twh_server.webhooks import targets
from twh_server.webhooks.endpoint_commands import CreateEndpoint
from twh_server.webhooks.fan_out import FOLLOWER, fan_out

NOT_TOLD = {("keys", name): "a tenant's first key comes with the tenant" for name in PARTS[1].columns.split(", ")} | {
    ("endpoints", "since_sequence"): "where its deliveries begin, which keeps things going",
    ("endpoints", "deleted_at"): "the event has a time of its own",
    ("movements", "late"): "what is said to be late, and is not, is never wrong; the reverse is named",
}
"""What no event tells: only the hash of the whole file speaks for it."""

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)

TOLD = [(part.name, name) for part in PARTS for name in part.columns.split(", ") if (part.name, name) not in NOT_TOLD]


@pytest.fixture
async def busy(stockroom):
    """A tenant to whom everything has happened that an export tells."""
    case = Pack(name="case", quantity="12", barcode="14006381333938")
    await stockroom.do(CreateItem(sku="pears", name="Pears", barcodes=["4006381333931"], packs=[case], tags=["fruit"]))
    await stockroom.do(UpdateItem(item="pears", changes={"reorder_point": "5", "attributes": {"colour": "green"}}))
    await stockroom.do(CreateLocation(code="BIN", name="Bin", kind="bin", parent="MAIN"))
    await stockroom.do(UpdateSettings(changes={"oversell": True}))
    endpoint = CreateEndpoint(
        url="https://example.com/hook",
        items=["pears"],
        locations=["BIN"],
        attributes={"colour": "green"},
        policy=targets.SANDBOX,
        sealer=Sealer(bytes(32)),
    )
    await stockroom.do(endpoint)
    receipt = await stockroom.receive("flour", "2.5")
    await stockroom.record("receipt", Line(item="pears", quantity="9", location="BIN"), reference=Reference("po", "7"))
    await stockroom.record("transfer", Line(item="pears", quantity="3", source="BIN", target="STORE"))
    await stockroom.record("count", Line(item="pears", quantity="4", location="BIN"), reason="cycle")
    await stockroom.reverse(receipt)
    return stockroom


@pytest.fixture
def exported(database, busy):
    """The lines of an export as it would be written now."""

    async def exported():
        return [json.loads(line) async for line in export(database, busy.shop.tenant)]

    return exported


@pytest.fixture
def said(tmp_path, capsys):
    """What the verifier says of lines: its exit status and its words. Their hash is made anew, as a forger would."""

    def said(lines, *more, end=None):
        whole = b"".join(json.dumps(line).encode() + b"\n" for line in lines[:-1])
        signed = {**lines[-1], "rows": len(lines) - 2, "sha256": hashlib.sha256(whole).hexdigest()}
        path = tmp_path / "export.jsonl"
        path.write_bytes(whole + json.dumps(end or signed).encode() + b"\n")
        return verify_export.main([str(path), *more]), capsys.readouterr().out

    return said


@pytest.fixture
def kept(tmp_path):
    """A file with the digest of an export."""

    def kept(lines):
        newest = [line["row"] for line in lines if line["part"] == "blocks"][-1]
        path = tmp_path / "digest.json"
        path.write_text(json.dumps({"tenant": lines[0]["tenant"]["id"], **newest}))
        return str(path)

    return kept


def other(name, value):
    """Another value, of the same sort."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, dict):
        return {key: not one for key, one in value.items()}
    if isinstance(value, list):
        return [*value[1:], "another"]
    if name in verify_export.QUANTITIES:
        return f"{value}1"
    if value and name.endswith("_at"):
        return (datetime.fromisoformat(value) + timedelta(microseconds=1)).isoformat()
    return f"{value}x" if value else "2026-05-10T12:00:00Z" if name.endswith("_at") else "x"


def changed(lines, part, name):
    """The export with one value changed: in the first row that has one."""
    lines = copy.deepcopy(lines)
    rows = [line["row"] for line in lines if line["part"] == part]
    row = next((row for row in rows if row[name]), rows[0])
    row[name] = other(name, row[name])
    return lines


async def test_what_was_exported_follows(exported, said, kept):
    lines = await exported()
    status, words = said(lines)

    assert status == 0, words
    assert f"it ends at event {lines[0]['last_sequence']} with the digest {lines[0]['digest']}" in words
    assert said(lines, "--digest", kept(lines))[0] == 0


async def test_it_runs_where_nothing_of_twh_is_installed(exported, said, tmp_path):
    said(await exported())
    done = run_alone(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "everything follows" in done.stdout


def run_alone(folder):
    """The one file, by a Python that finds no packages."""
    alone = folder / "verify_export.py"
    alone.write_bytes(Path(verify_export.__file__).read_bytes())
    words = [sys.executable, "-I", "-S", alone, folder / "export.jsonl"]
    return subprocess.run(words, capture_output=True, text=True, check=False)


async def test_every_value_that_is_changed_is_named(exported, said):
    lines = await exported()
    statuses = {member: said(changed(lines, *member))[0] for member in TOLD}

    assert [member for member, status in statuses.items() if status != 1] == []


async def test_a_movement_that_is_late_and_does_not_say_so_is_named(busy, exported, said):
    await busy.record("issue", Line(item="pears", quantity="1", location="BIN"), occurred_at=NOON)
    lines = copy.deepcopy(await exported())
    late = [line["row"] for line in lines if line["part"] == "movements" and line["row"]["late"]]
    late[0]["late"] = False
    status, words = said(lines)

    assert status == 1
    assert "it is late and does not say so" in words


async def test_what_no_event_tells_is_named_by_the_hash_of_the_file(exported, said):
    lines = await exported()
    statuses = {member: said(changed(lines, *member), end=lines[-1])[0] for member in NOT_TOLD}

    assert set(statuses.values()) == {1}


@pytest.mark.parametrize("name", ["last_sequence", "digest"])
async def test_a_header_that_is_changed_is_named(exported, said, name):
    header, *rest = await exported()

    assert said([{**header, name: other(name, header[name])}, *rest])[0] == 1


PROVED = [part.name for part in PARTS if part.name != "keys"]


@pytest.mark.parametrize("part", PROVED)
async def test_a_row_that_is_gone_is_named(exported, said, part):
    lines = await exported()
    gone = next(number for number, line in enumerate(lines) if line["part"] == part)

    assert said(lines[:gone] + lines[gone + 1 :])[0] == 1


@pytest.mark.parametrize("part", PROVED)
async def test_a_row_that_stands_twice_is_named(exported, said, part):
    lines = await exported()
    first = next(number for number, line in enumerate(lines) if line["part"] == part)

    assert said([*lines[:first], lines[first], *lines[first:]])[0] == 1


@pytest.mark.parametrize("part", ["locations", "items", "events", "blocks", "entries", "movements", "levels"])
async def test_two_rows_that_are_swapped_are_named(exported, said, part):
    lines = await exported()
    first = next(number for number, line in enumerate(lines) if line["part"] == part)
    lines[first], lines[first + 1] = lines[first + 1], lines[first]

    assert said(lines)[0] == 1


async def test_any_bit_that_is_flipped_is_named(exported, said, tmp_path, capsys):
    said(await exported())
    path = tmp_path / "export.jsonl"
    whole = path.read_bytes()
    missed = []
    for at in range(0, len(whole), 211):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        if verify_export.main([str(path)]) == 0:
            missed.append(at)

    assert missed == []


async def test_a_file_that_was_cut_off_is_named(exported, said, tmp_path, capsys):
    said(await exported())
    path = tmp_path / "export.jsonl"
    path.write_bytes(path.read_bytes()[:-200])

    assert verify_export.main([str(path)]) == 1


def forged(lines):
    """The newest change of an item told otherwise, and all that follows from it made anew."""
    lines = copy.deepcopy(lines)
    rows = {part.name: [line["row"] for line in lines if line["part"] == part.name] for part in PARTS}
    event = next(row for row in rows["events"] if row["kind"] == "item.updated")
    event["body"] = event["body"].replace('"green"', '"brown"')
    next(row for row in rows["items"] if row["sku"] == "pears")["attributes"] = {"colour": "brown"}
    seal = bytes(32)
    for block in rows["blocks"]:
        block["previous_hash"], sealed = seal.hex(), hashlib.sha256(seal)
        for event in rows["events"][block["first_sequence"] - 1 : block["last_sequence"]]:
            sealed.update(len(event["body"].encode()).to_bytes(8, "big") + event["body"].encode())
        seal = sealed.digest()
        block["hash"] = seal.hex()
    lines[0]["digest"] = seal.hex()
    return lines


async def test_a_block_that_is_forged_with_all_after_it_is_told_only_by_the_digest_that_was_kept(exported, said, kept):
    lines = await exported()
    digest = kept(lines)
    status, words = said(forged(lines), "--digest", digest)

    assert said(forged(lines))[0] == 0
    assert status == 1
    assert "by the digest that was kept" in words


async def test_a_tail_that_is_cut_with_care_is_told_only_by_the_digest_that_was_kept(busy, exported, said, kept):
    shorter = await exported()
    await busy.receive("apples", 1)
    digest = kept(await exported())
    status, words = said(shorter, "--digest", digest)

    assert said(shorter)[0] == 0
    assert status == 1
    assert "when the digest was kept" in words


async def test_a_digest_that_was_kept_long_ago_still_fits(busy, exported, said, kept):
    digest = kept(await exported())
    await busy.receive("apples", 1)

    assert said(await exported(), "--digest", digest)[0] == 0


@pytest.mark.parametrize("text", ["", "{}\n", "nonsense\n"])
def test_what_is_no_export_cannot_be_verified(tmp_path, text):
    path = tmp_path / "nonsense"
    path.write_text(text)

    assert verify_export.main([str(path)]) > 0


# Nobody can wait for a month: the blocks are made older where it is not verified any more, by who may do everything.
AGED = """
alter table blocks disable trigger history_is_not_edited;
update blocks set recorded_at = recorded_at - interval '30 days' where tenant_id = %(tenant)s;
alter table blocks enable always trigger history_is_not_edited;
update deliveries set state = 'failed', next_attempt_at = null where tenant_id = %(tenant)s
"""


@pytest.fixture
async def cut(busy, database, superuser):
    """The same tenant, a while after it chose to keep its events for a week; since then, it has received and renamed."""
    await busy.do(UpdateSettings(changes={"event_days": 7}))
    await Follower(database, Bell(), FOLLOWER, fan_out).catch_up()
    async with superuser.transaction():
        for statement in AGED.split(";"):
            await superuser.execute(statement, {"tenant": busy.shop.tenant})
    await drop_old_events(database)
    await busy.receive("flour", 1)
    await busy.do(UpdateItem(item="pears", changes={"name": "Red pears"}))
    return busy


async def test_an_export_whose_first_events_were_dropped_is_verified_from_there(cut, exported, said):
    lines = await exported()
    first = lines[0]["events_from"]
    status, words = said(lines)

    assert [line["row"]["sequence"] for line in lines if line["part"] == "events"] == [first, first + 1]
    assert (status, f"of the events before {first}, which were dropped, the blocks" in words) == (0, True)


FORGED = {
    "a dropped block": ("blocks", 1, "hash", "00" * 32, "hash before it"),
    "a movement whose event was dropped": ("movements", 0, "quantity", "9", "level after it"),
    "a level": ("levels", 0, "on_hand", "9", "what its movements made of it"),
    "where the events begin": ("header", 0, "events_from", 2, "event 2: number"),
}


@pytest.mark.parametrize("what", FORGED)
async def test_what_is_changed_before_there_is_found_where_it_can_be(cut, exported, said, what):
    part, number, name, value, words = FORGED[what]
    lines = await exported()
    line = [one for one in lines if one["part"] == part][number]
    line.get("row", line)[name] = value
    status, told = said(lines)

    assert (status, words in told) == (1, True), told
