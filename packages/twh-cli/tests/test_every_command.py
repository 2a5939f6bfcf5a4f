"""Every command of the registry in one table: done, refused, typed wrongly, without a server, without a key; in a pipe, on a terminal.

One real sandbox serves the whole file. A command without a row fails; what a row leaves out is what most commands do.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from twh.testing import sign
from twh.testing.signing import SignedWebhook
from twh_cli import registry
from twh_cli.receiver import Receiver

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

TWH, KEY_THAT_IS_NONE = [sys.executable, "-m", "twh_cli"], "twh_test_nobodyskey"
ONE, LINES, TEXT, NOTHING, ANYTHING = "one object", "an object a line", "text", "nothing", "whatever is there"
HERE, SERVER, SANDBOX = "this machine", "a server", "its own sandbox"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
numbers = count(1)


@dataclass(frozen=True)
class Row:
    """What a command does: words that do it, what it writes, fields that its JSON has, and words that are refused."""

    words: str
    writes: str = ONE
    fields: str = ""
    refused: str | None = None
    """None: nothing that it is asked can be refused; a key that is none is, where it asks a server."""
    refusal: int = 3
    wrong: str | None = "--no-such-option"
    of: str = SERVER
    before: tuple[str, ...] = ()
    asks: bool = False
    stdin: str = ""
    shown: str = ""
    """A word of what a terminal shows."""


UP = "sandbox up --name other"
NEW_ITEM = "items create {new} --name New"
NEW_PLACE = "locations create {new} --name New"
NAMELESS = "--name ../x"
VERB = {"fields": "id kind movements levels", "refusal": 3, "shown": "movement"}
ROWS = {
    "quickstart": Row("", TEXT, "seconds steps", NAMELESS, 2, of=SANDBOX, before=(UP,), shown="signature verified"),
    "sandbox up": Row("--name other", ONE, "name running address", NAMELESS, 2, of=SANDBOX, shown="already running", before=(UP,)),
    "sandbox status": Row("--name other", ONE, "name running answers", "--name nowhere", 11, of=SANDBOX, before=(UP,), shown="address"),
    "sandbox env": Row("--name other", TEXT, "TWH_API_KEY TWH_BASE_URL", "--name nowhere", 11, of=SANDBOX, before=(UP,), shown="export"),
    "sandbox logs": Row("--name other", ANYTHING, "", "--name nowhere", 11, of=SANDBOX, before=(UP,)),
    "sandbox reset": Row("--name other", ONE, "name tenant", "--name nowhere", 11, of=SANDBOX, before=(UP,), asks=True, shown="A fresh tenant"),
    "sandbox down": Row("--name other", NOTHING, "", NAMELESS, 2, of=SANDBOX, before=(UP,), shown="is stopped"),
    "sandbox list": Row("", LINES, "name running address", of=SANDBOX, shown="address"),
    "login": Row("--profile shop --base-url {address}", ONE, "tenant key profile", "--base-url nonsense", 4, of=HERE, stdin="{key}", shown="Logged in"),
    "logout": Row("", NOTHING, "", "--profile nowhere", 4, of=HERE, before=("login --base-url {address}",), stdin="{key}", shown="Logged out"),
    "profile list": Row("", LINES, "name active key_in", of=HERE, before=("login --base-url {address}",), stdin="{key}", shown="default"),
    "profile use": Row("default", NOTHING, "", "nowhere", 4, "", of=HERE, before=("login --base-url {address}",), stdin="{key}", shown="active"),
    "profile remove": Row("default", NOTHING, "", "nowhere", 4, "", of=HERE, before=("login --base-url {address}",), stdin="{key}", asks=True, shown="Removed"),
    "config get": Row("", LINES, "name value usual", "nonsense", 2, of=HERE, shown="timeout"),
    "config set": Row("timeout 5", NOTHING, "", "nonsense 5", 2, "", of=HERE, shown="timeout is 5"),
    "config path": Row("", TEXT, "path", of=HERE, shown="config.toml"),
    "doctor": Row("", LINES, "state what found to_do", of=HERE, shown="answered in"),
    "receive": Row("{item} 5 --at {place}", refused="NOWHERE 5 --at {place}", wrong="{item} many --at {place}", **VERB),
    "issue": Row("{item} 1 --at {place}", refused="{item} 9999 --at {place}", wrong="{item}", **{**VERB, "refusal": 5}),
    "return": Row("{item} 1 --at {place}", refused="NOWHERE 1 --at {place}", wrong="{item} 1", **VERB),
    "adjust": Row("{item} -1 --at {place} --reason damaged", refused="NOWHERE 1 --at {place} --reason x", wrong="{item} 1 --at {place}", **VERB),
    "transfer": Row("{item} 1 --from {place} --to MAIN", refused="{item} 9999 --from {place} --to MAIN", wrong="{item} 1 --from {place}", **{**VERB, "refusal": 5}),
    "count": Row("{item} {number} --at {place}", refused="{item} 1 --at NOWHERE", wrong="{item}", **VERB),
    "reverse": Row("{undone}", refused="ent_nonsense", wrong="", **VERB),
    "stock list": Row("", LINES, "item location on_hand", shown="on hand"),
    "stock get": Row("{item} {place}", ONE, "item location on_hand", "NOWHERE {place}", 3, "{item}", shown="on hand"),
    "stock totals": Row("", LINES, "item on_hand", shown="on hand"),
    "movements list": Row("", LINES, "id item quantity", shown="quantity"),
    "movements get": Row("{movement}", ONE, "id item quantity", "mov_nonsense", wrong="", shown="quantity"),
    "movements record": Row("{entries}", LINES, "line outcome entry", "{refused_entries}", 5, "nowhere.jsonl", shown="recorded"),
    "entries list": Row("", LINES, "id kind sequence", shown="kind"),
    "entries get": Row("{entry}", ONE, "id kind movements", "ent_nonsense", wrong="", shown="movement"),
    "items list": Row("", LINES, "id sku name", shown="sku"),
    "items get": Row("{item}", ONE, "id sku name etag", "NOWHERE", wrong="", shown="etag"),
    "items create": Row("{new} --name New", ONE, "id sku name", "{item} --name Again", 5, "{new}", shown="Created"),
    "items put": Row("{new} --name New", ONE, "id sku name", "{item} --name Again --create-only", 5, "{new}", shown="Created"),
    "items import": Row("{items}", NOTHING, "", "{refused_items}", 5, "nowhere.jsonl", shown="items:"),
    "items update": Row("{item} --name Changed", ONE, "id sku name", "NOWHERE --name x", wrong="", shown="Changed"),
    "items archive": Row("{new}", ONE, "id archived_at", "NOWHERE --yes", wrong="", before=(NEW_ITEM,), asks=True, shown="Archived"),
    "items restore": Row("{new}", ONE, "id archived_at", "NOWHERE", wrong="", before=(NEW_ITEM, "items archive {new} --yes"), shown="Restored"),
    "locations list": Row("", LINES, "id code name", shown="code"),
    "locations get": Row("{place}", ONE, "id code name etag", "NOWHERE", wrong="", shown="etag"),
    "locations create": Row("{new} --name New", ONE, "id code name", "{place} --name Again", 5, "{new}", shown="Created"),
    "locations put": Row("{new} --name New", ONE, "id code name", "{place} --name Again --create-only", 5, "{new}", shown="Created"),
    "locations update": Row("{place} --name Changed", ONE, "id code name", "NOWHERE --name x", wrong="", shown="Changed"),
    "locations archive": Row("{new}", ONE, "id archived_at", "NOWHERE --yes", wrong="", before=(NEW_PLACE,), asks=True, shown="Archived"),
    "locations restore": Row("{new}", ONE, "id archived_at", "NOWHERE", wrong="", before=(NEW_PLACE, "locations archive {new} --yes"), shown="Restored"),
    "events list": Row("", LINES, "id type sequence data", shown="number"),
    "events types": Row("stock.low", ONE, "type description since json_schema example", "stock.lo", wrong="--last", shown="reorder point"),
    "events get": Row("{event}", ONE, "id type data", "evt_nonsense", wrong="", shown="entry.recorded"),
    "events tail": Row("-n 2 --count 2", LINES, "id type data", shown="Z  "),
    "checkpoints list": Row("", LINES, "name sequence lag", before=("checkpoints set shipping 1",), shown="behind"),
    "checkpoints get": Row("shipping", ONE, "name sequence lag etag", "nobody", wrong="", before=("checkpoints set shipping 1",), shown="etag"),
    "checkpoints set": Row("{new} 1", ONE, "name sequence lag etag", "{new} 999999999", 5, "{new} many", shown="stands at 1"),
    "checkpoints delete": Row("shipping", NOTHING, "", "nobody --yes", wrong="", before=("checkpoints set shipping 1",), asks=True, shown="Forgot"),
    "listen": Row("--forward-to 127.0.0.1:9 --print-secret", TEXT, "target secret", "--forward-to 127.0.0.1:9 --endpoint whe_nonsense", wrong="", shown="whsec_"),
    "trigger": Row("item.created", ONE, "id type sequence data", "entry.recorded --item NOWHERE", wrong="no.such", shown="Created item"),
    "webhooks test": Row("{receiving}", ONE, "delivery event status milliseconds", "whe_nonsense", wrong="", shown="204"),
    "webhooks verify": Row("{request} --any-age", ONE, "id type data", "{forged} --any-age", 5, "nowhere.http", of=HERE, shown="entry.recorded"),
    "webhooks receive": Row("--port 0 --count 0", NOTHING, "", "--port {taken} --count 0", 2, "--port many", of=HERE, shown="Receiving at"),
    "webhooks create": Row("http://127.0.0.1:9/{new}", ONE, "id url secret", "nonsense", 5, "", shown="Keep the secret"),
    "webhooks list": Row("", LINES, "id url", shown="url"),
    "webhooks get": Row("{endpoint}", ONE, "id url enabled", "whe_nonsense", wrong="", shown="enabled"),
    "webhooks health": Row("{endpoint}", ONE, "endpoint failing_since pending", "whe_nonsense", wrong="", shown="failing since"),
    "webhooks update": Row("{endpoint} --description x", ONE, "id url", "whe_nonsense --disable", wrong="", shown="Changed"),
    "webhooks delete": Row("{endpoint_to_delete}", NOTHING, "", "whe_nonsense --yes", wrong="", asks=True, shown="Deleted"),
    "webhooks deliveries": Row("", LINES, "id state attempts", shown="state"),
    "webhooks attempts": Row("{delivery}", LINES, "number at status", "dlv_nonsense", wrong="", shown="attempt"),
    "webhooks retry": Row("{delivery}", ONE, "id state total", "dlv_nonsense", wrong="", shown="Begun"),
    "webhooks replay": Row("--first 1 --last 2 --endpoint {receiving} --wait", ONE, "id state total", "--first 1 --endpoint whe_nonsense", 5, "--failed --unacknowledged", shown="delivered"),
    "replays list": Row("", LINES, "id state", shown="state"),
    "replays get": Row("{replay}", ONE, "id state total delivered", "job_nonsense", wrong="", shown="queued"),
    "replays cancel": Row("{replay}", ONE, "id state", "job_nonsense", wrong="", shown="Cancelled"),
    "replays resume": Row("{replay}", ONE, "id state", "job_nonsense", wrong="", shown="Begun"),
    "replays wait": Row("{replay_done}", ONE, "id state", "job_nonsense", wrong="", shown="finished"),
    "webhooks rotate-secret": Row("{endpoint}", ONE, "id secret", "whe_nonsense", wrong="", shown="Keep the secret"),
    "keys list": Row("", LINES, "id name scopes", shown="last used"),
    "keys get": Row("{key_made}", ONE, "id name scopes etag", "key_nonsense", wrong="", shown="etag"),
    "keys create": Row("{new} --role viewer", ONE, "id name secret", "{new} --scope nonsense", 5, "{new}", shown="Keep the secret"),
    "keys rotate": Row("{key_made}", ONE, "id secret", "key_nonsense", wrong="", shown="Keep the secret"),
    "keys revoke": Row("{key_made}", ONE, "id revoked_at", "key_nonsense --yes", wrong="", asks=True, shown="Revoked"),
    "ledger verify": Row("", ONE, "ok blocks events", shown="Everything follows"),
    "ledger digest": Row("", ONE, "tenant last_sequence hash", shown="last event"),
    "ledger tail": Row("-n 1 --count 1", LINES, "first_sequence hash"),
    "settings get": Row("", ONE, "oversell version", shown="oversell"),
    "settings set": Row("idempotency_key_days 9", ONE, "idempotency_key_days version", "nonsense 1", 2, "oversell", shown="is set"),
    "audit list": Row("", LINES, "id type actor", shown="who"),
    "retry": Row("{key_used}", ONE, "key status entry", "nonsense", 8, "", shown="has answered this key"),
    "api": Row("GET items/{item}", ONE, "id sku", "GET nowhere", wrong="EAT items", shown="sku"),
    "whoami": Row("", ONE, "tenant key key_source", shown="address"),
    "version": Row("", ONE, "twh-cli twh-sdk", of=HERE, shown="python"),
    "commands": Row("", TEXT, "", of=HERE, shown="receive"),
    "completion": Row("bash", TEXT, "", "tcsh", 2, "", of=HERE, shown="complete -F"),
    "help": Row("receive", TEXT, "", of=HERE, wrong=None, shown="Usage: twh receive"),
}  # fmt: skip
STREAMS = {"events tail", "ledger tail", "movements record"}
"""A line of JSON for each thing as it comes, however it is asked for."""
SERVED = [path for path, row in ROWS.items() if row.of == SERVER]


def test_every_command_has_its_row():
    assert set(ROWS) == {command.path for command in registry.COMMANDS}


@dataclass
class Shop:
    """The sandbox, and the names and ids of what is in it."""

    address: str
    key: str
    folder: Path
    names: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str) -> object:
        env = {
            **os.environ,
            "TWH_API_KEY": self.key,
            "TWH_BASE_URL": self.address,
            "XDG_CONFIG_HOME": str(self.folder / "home"),
        }
        ran = subprocess.run([*TWH, *words, "--json"], env=env, capture_output=True, text=True, check=True)
        return json.loads(ran.stdout)

    def made(self, new: str) -> dict[str, tuple[str, ...]]:
        """What a command needs fresh each time, since it uses it up."""
        return {
            "undone": ("receive", self.names["item"], "1", "--at", self.names["place"]),
            "endpoint_to_delete": ("webhooks", "create", f"http://127.0.0.1:9/{new}"),
            "key_made": ("keys", "create", new, "--role", "viewer"),
        }

    def spelled(self, text: str, new: str) -> str:
        own = {"new": new, "number": str(next(numbers) + 100)}
        for name, words in self.made(new).items():
            if f"{{{name}}}" in text:
                own[name] = self.run(*words)["id"]
        return text.format(**self.names, **own)


@pytest.fixture(scope="module")
def shop():
    """Root's PostgreSQL is another account's, which has to get into the folder."""
    folder = Path(tempfile.mkdtemp(prefix="twh-commands-", dir="/var/tmp"))
    folder.chmod(0o755 if os.geteuid() == 0 else 0o700)
    started = {**os.environ, "TWH_DATA_DIR": str(folder), "XDG_CONFIG_HOME": str(folder / "home")}

    def sandbox(*words):
        return subprocess.run([*TWH, "sandbox", *words], env=started, capture_output=True, text=True, check=False)

    sandbox("up")
    told = json.loads(sandbox("env", "--json").stdout)
    shop = Shop(told["TWH_BASE_URL"], told["TWH_API_KEY"], folder)
    with Receiver() as receiver:
        fill(shop, receiver)
        yield shop
    for name in ("default", "other"):
        sandbox("down", "--name", name)
    shutil.rmtree(folder, ignore_errors=True)


def fill(shop: Shop, receiver: Receiver) -> None:
    """An item with stock in a place of its own, and one of everything else that has an id."""
    names = shop.names
    names |= {"item": "APPLE", "place": "SHELF", "address": shop.address, "key": shop.key, "key_used": "used-1"}
    shop.run("items", "create", "APPLE", "--name", "Apples", "--reorder-point", "2")
    shop.run("locations", "create", "SHELF", "--name", "Shelf")
    names["endpoint"] = shop.run("webhooks", "create", "http://127.0.0.1:9/hook")["id"]
    names["receiving"] = shop.run("webhooks", "create", receiver.url, "--kind", "item.created")["id"]
    entry = shop.run("receive", "APPLE", "100", "--at", "SHELF", "--key", "used-1")
    names |= {"entry": entry["id"], "movement": entry["movements"][0]["id"], "taken": str(urlsplit(receiver.url).port)}
    names["event"] = shop.run("events", "tail", "-n", "1", "--count", "1")["id"]
    deliveries = []
    while not (deliveries and deliveries[0]["attempts"]):
        deliveries = shop.run("webhooks", "deliveries", "--endpoint", names["endpoint"])
    names["delivery"] = deliveries[0]["id"]
    names["replay"] = shop.run("webhooks", "replay", "--first", "1", "--endpoint", names["endpoint"])["id"]
    names["replay_done"] = shop.run("webhooks", "replay", "--failed", "--wait")["id"]
    line = {"item": "APPLE", "location": "SHELF", "quantity": "1"}
    write(shop, "entries", {"kind": "receipt", "lines": [line]})
    write(shop, "refused_entries", {"kind": "issue", "lines": [line | {"quantity": "99999"}]})
    body = json.dumps(shop.run("events", "get", names["event"])).encode()
    capture(shop, "request", sign(body, SECRET))
    capture(shop, "forged", sign(body, SECRET)._replace(body=body + b" "))
    write(shop, "items", {"sku": "IMPORTED", "name": "Imported"})
    write(shop, "refused_items", {"sku": "UNREADABLE", "name": ""})


def capture(shop: Shop, name: str, webhook: SignedWebhook) -> None:
    shop.names[name] = str(shop.folder / f"{name}.json")
    Path(shop.names[name]).write_text(json.dumps({"headers": webhook.headers, "body": webhook.body.decode()}))


def write(shop: Shop, name: str, line: object) -> None:
    shop.names[name] = str(shop.folder / f"{name}.jsonl")
    Path(shop.names[name]).write_text(json.dumps(line) + "\n")


@pytest.fixture
def typed(shop, twh, monkeypatch):
    """`typed(path)` runs the command of a row, `typed(path, words)` the command with other words."""
    monkeypatch.setenv("TWH_DATA_DIR", str(shop.folder))
    monkeypatch.setenv("TWH_API_KEY", shop.key)
    monkeypatch.setenv("TWH_BASE_URL", shop.address)
    monkeypatch.setenv("TWH_WEBHOOK_SECRET", SECRET)

    def run(path, words=None, *more, by=None):
        row = ROWS[path]
        new = f"NEW-{next(numbers)}"
        if words is None:
            for earlier in row.before:
                monkeypatch.setattr(sys, "stdin", io.StringIO(shop.spelled(row.stdin, new)))
                assert twh(*shop.spelled(earlier, new).split()).exit_code == 0, earlier
        rest = shop.spelled(row.words if words is None else words, new).split()
        monkeypatch.setattr(sys, "stdin", io.StringIO(shop.spelled(row.stdin, new)))
        return (by or twh)(*path.split(), *rest, *more)

    return run


@pytest.mark.parametrize("path", ROWS)
def test_in_a_pipe_data_are_lines_of_json_and_talk_is_elsewhere(typed, path):
    row = ROWS[path]

    ran = typed(path, None, *(["--yes"] if row.asks else []))

    assert ran.exit_code == 0, ran.err
    assert "error  " not in ran.err
    assert "\x1b" not in ran.out + ran.err
    if row.writes in {ONE, LINES}:
        lines = [json.loads(line) for line in ran.out.splitlines()]
        assert lines
        assert len(lines) == 1 or row.writes == LINES
        for line in lines:
            assert set(row.fields.split()) <= set(line)
    elif row.writes != ANYTHING:
        assert bool(ran.out) == (row.writes == TEXT)


@pytest.mark.parametrize("path", [path for path, row in ROWS.items() if row.fields and path not in STREAMS])
def test_json_is_one_document(typed, path):
    row = ROWS[path]

    document = typed(path, None, "--json", *(["--yes"] if row.asks else [])).json

    for thing in document if isinstance(document, list) else [document]:
        assert set(row.fields.split()) <= set(thing)


@pytest.mark.parametrize("path", ROWS)
def test_on_a_terminal_it_is_for_people(typed, terminal, path):
    row = ROWS[path]

    def on_terminal(*words):
        return terminal(*words, typed={"[y/N]": "y\n", "API key": f"{os.environ['TWH_API_KEY']}\n"}, COLUMNS="200")

    exit_code, shown = typed(path, by=on_terminal)

    assert exit_code == 0, shown
    assert row.shown in shown
    if row.writes in {ONE, LINES} and path != "api":
        assert not [line for line in shown.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("path", [path for path, row in ROWS.items() if row.asks])
def test_what_cannot_be_taken_back_is_not_done_unasked(typed, path):
    ran = typed(path)

    assert (ran.exit_code, ran.out) == (10, "")
    assert "--yes" in ran.err


@pytest.mark.parametrize("path", [path for path, row in ROWS.items() if row.refused])
@pytest.mark.parametrize("as_json", [False, True], ids=["for people", "for programs"])
def test_a_refusal_is_told_with_its_exit_code(typed, path, as_json):
    row = ROWS[path]

    ran = typed(path, row.refused, *(["--json"] if as_json else []))

    assert ran.exit_code == row.refusal, ran.err
    if path not in {"movements record", "items import"}:  # they tell each line's outcome as it comes
        assert ran.out == ""
    if as_json:
        assert ran.error["exit_code"] == row.refusal
        assert ran.error["message"]
    else:
        assert "error  " in ran.err


@pytest.mark.parametrize("path", [path for path, row in ROWS.items() if row.wrong is not None])
def test_what_is_typed_wrongly_is_said_to_be(typed, path):
    ran = typed(path, ROWS[path].wrong)

    assert (ran.exit_code, ran.out) == (2, "")
    assert "error  " in ran.err


@pytest.mark.parametrize("path", SERVED)
def test_without_a_server_it_is_said_at_once(typed, monkeypatch, path):
    monkeypatch.setenv("TWH_BASE_URL", "http://127.0.0.1:9")

    ran = typed(path, ROWS[path].words, "--yes", "--json")

    assert (ran.exit_code, ran.out) == (11, "")
    assert ran.error["hint"] == "twh sandbox up"


@pytest.mark.parametrize("path", SERVED)
def test_without_a_key_it_is_said_how_to_get_one(typed, monkeypatch, path):
    monkeypatch.delenv("TWH_API_KEY")

    ran = typed(path, ROWS[path].words, "--yes", "--json")

    assert (ran.exit_code, ran.out) == (4, "")
    assert "twh login" in ran.error["hint"]


@pytest.mark.parametrize("path", [path for path in SERVED if ROWS[path].refused is None])
def test_a_key_that_is_none_is_refused(typed, monkeypatch, path):
    monkeypatch.setenv("TWH_API_KEY", KEY_THAT_IS_NONE)

    ran = typed(path, ROWS[path].words, "--json")

    assert (ran.exit_code, ran.out) == (4, "")
    assert ran.error["hint"].startswith("twh whoami")


@pytest.mark.parametrize("path", [path for path in SERVED if not path.startswith(("ledger", "retry"))])
def test_a_dry_run_changes_nothing(typed, twh, shop, path):
    before = []

    def dry(*words):
        before.append(last_number(shop))
        return twh(*words)

    ran = typed(path, ROWS[path].words, "--dry-run", by=dry)

    assert ran.exit_code == 0, ran.err
    assert before == [last_number(shop)]


def last_number(shop):
    return shop.run("ledger", "verify")["last_sequence"]
