"""`twh listen`: what a target gets, byte for byte, and what becomes of an event that it does not take."""

import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import respx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import twh as sdk
from twh import models
from twh.testing import sample
from twh_cli.commands.listen import address
from twh_cli.listening import forwarding
from twh_cli.listening.posting import Poster
from twh_cli.problems import WronglyTyped

ELSEWHERE = "https://inventory.example.com"
TENANT = {"id": "ten_1", "name": "Shop", "kind": "sandbox", "created_at": "2026-05-10T12:00:00Z"}


class Target:
    """A web server on this machine: it answers what it is told to, and then 204; what arrives is kept."""

    def __init__(self, port=0, answers=()):
        self.arrived = []
        self.answers = list(answers)
        target = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                target.arrived.append((dict(self.headers.items()), body))
                self.send_response(target.answers.pop(0) if target.answers else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def ids(self):
        return [headers["webhook-id"] for headers, _ in self.arrived]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def target():
    target = Target()
    yield target
    target.stop()


@pytest.fixture
def feed(monkeypatch):
    """A feed of three events of ours, and of what a test adds; the server that has it is none."""
    monkeypatch.setenv("TWH_API_KEY", "twh_test_elsewhere")
    monkeypatch.setenv("TWH_BASE_URL", ELSEWHERE)
    monkeypatch.setenv("TWH_ENVIRONMENT", "sandbox")
    monkeypatch.delenv("TWH_WEBHOOK_SECRET", raising=False)
    monkeypatch.setattr(forwarding, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(forwarding, "ABSENT_SECONDS", (0.01, 0.02))
    bodies = Bodies(event(number) for number in (1, 2, 3))
    with respx.mock(assert_all_called=False) as routes:
        routes.route(host="127.0.0.1").pass_through()
        routes.get(f"{ELSEWHERE}/v1/tenant").respond(
            json={"tenant": TENANT, "key": {"id": "key_1", "name": "here", "scopes": []}}
        )
        routes.get(f"{ELSEWHERE}/v1/events").mock(side_effect=lambda request: page(bodies, request.url.params))
        routes.get(url__regex=rf"{ELSEWHERE}/v1/events/evt_\d+").mock(
            side_effect=lambda request: as_json(bodies[int(request.url.path[-1]) - 1])
        )
        endpoint = sample(models.Endpoint, id="whe_1", kinds=["item.updated"]).model_dump(mode="json")
        routes.get(f"{ELSEWHERE}/v1/webhook-endpoints/whe_1").respond(json=endpoint)
        yield bodies


class Bodies(list):
    """The events that there are, and those that happen once somebody waits for one."""

    def __init__(self, there):
        super().__init__(there)
        self.later = []


def event(number, kind=models.ItemCreated, **data):
    """The bytes of an event, in a form that no program would write by itself."""
    item = sample(models.Item, sku=f"SKU-{number}", **data)
    told = sample(kind, id=f"evt_{number}", sequence=number, data=item)
    return told.model_dump_json(indent=1).replace('"id":', '"id" :').encode()


def page(bodies, asked):
    if "wait" in asked:
        bodies += [bodies.later.pop() for _ in bodies.later[:]]
    after, limit = int(asked.get("after", 0)), int(asked.get("limit", 100))
    kinds = asked["types"].split(",") if "types" in asked else None
    found = [body for body in bodies[after:] if kinds is None or json.loads(body)["type"] in kinds][:limit]
    onward = json.loads(found[-1])["sequence"] if len(found) == limit else max(after, len(bodies))
    text = b'{"data": [' + b" , ".join(found) + b'], "next_after": %d, "head": %d}' % (onward, len(bodies))
    return as_json(text)


def as_json(body):
    return httpx.Response(200, content=body, headers={"content-type": "application/json"})


def secret_of(twh, url):
    return twh("listen", "--forward-to", url, "--print-secret").out.strip()


def test_a_target_gets_the_exact_bytes_signed_with_its_secret_under_the_id_of_a_delivery(twh, feed, target):
    ran = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "3")

    assert ran.exit_code == 0
    assert [body for _, body in target.arrived] == feed
    assert target.ids == ["evt_1", "evt_2", "evt_3"]
    for headers, body in target.arrived:
        assert headers["content-type"] == "application/json"
        assert sdk.webhooks.verify(body, headers, secret=secret_of(twh, target.url)).data.sku.startswith("SKU-")


def test_a_pipe_gets_an_object_for_each_forward(twh, feed, target):
    ran = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "2")

    first = json.loads(ran.out.splitlines()[0])
    assert first["milliseconds"] >= 0
    assert {name: first[name] for name in ("event", "type", "sequence", "status", "outcome", "target")} == {
        "event": "evt_1",
        "type": "item.created",
        "sequence": 1,
        "status": 204,
        "outcome": "taken",
        "target": target.url,
    }


def test_a_person_reads_the_status_and_what_happened(twh, feed, target):
    ran = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1", "-o", "table")

    (line,) = ran.out.splitlines()
    assert " 204 " in line
    assert " ms  item.created " in line
    assert "SKU-1" in line


def test_the_first_start_begins_with_what_comes_and_the_next_ones_where_the_last_one_was(twh, feed, target):
    twh("listen", "--forward-to", target.url, "--from", "2", "--count", "1")
    feed += [event(4), event(5)]

    ran = twh("listen", "--forward-to", target.url, "--count", "2")

    assert target.ids == ["evt_3", "evt_4", "evt_5"]
    assert "after number 3" in ran.err


def test_a_first_start_begins_with_what_happens_from_now_on(twh, feed, target):
    feed.later.append(event(4))

    ran = twh("listen", "--forward-to", target.url, "--count", "1")

    assert "after number 3" in ran.err
    assert target.ids == ["evt_4"]


def test_the_secret_is_told_once_and_stays_the_same(twh, feed, target):
    first = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1")
    second = twh("listen", "--forward-to", target.url, "--count", "1")
    secret = secret_of(twh, target.url)

    assert f"signed with {secret}" in first.err
    assert secret not in second.err
    assert secret.startswith("whsec_")


def test_a_secret_of_the_environment_signs(twh, feed, target, monkeypatch):
    secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    monkeypatch.setenv("TWH_WEBHOOK_SECRET", secret)

    ran = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1")

    headers, body = target.arrived[0]
    assert sdk.webhooks.verify(body, headers, secret=secret)
    assert secret not in ran.err


def test_a_secret_of_the_environment_that_is_none_is_said_to_be_none(twh, feed, target, monkeypatch):
    monkeypatch.setenv("TWH_WEBHOOK_SECRET", "whsec_ü")

    ran = twh("listen", "--forward-to", target.url, "--json")

    assert (ran.exit_code, ran.error["hint"]) == (2, "unset TWH_WEBHOOK_SECRET")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_target_that_cannot_now_is_waited_for(twh, feed, target, status):
    target.answers = [status] * 9

    ran = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1", "--attempts", "2")

    outcomes = [json.loads(line)["outcome"] for line in ran.out.splitlines()]
    assert outcomes == ["waiting", "taken"]
    assert set(target.ids) == {"evt_1"}


def starting_when(monkeypatch, target, there):
    """The target that was stopped starts again at its port when it is missed and `there` says so."""
    back = []

    def pause(*_):
        if not back and there():
            back.append(Target(target.server.server_port))

    target.stop()
    monkeypatch.setattr(forwarding.Forwarder, "pause", pause)
    return back


def test_a_target_that_is_not_there_is_waited_for_and_that_is_said_once(twh, feed, target, monkeypatch):
    missed = []
    back = starting_when(monkeypatch, target, lambda: missed.append(1) or len(missed) == 3)

    ran = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "3")

    assert [json.loads(line)["outcome"] for line in ran.out.splitlines()] == ["waiting", "taken", "taken", "taken"]
    assert back[0].ids == ["evt_1", "evt_2", "evt_3"]
    back[0].stop()


def test_what_a_target_refuses_is_passed_over_in_the_end_and_sent_again_when_asked_for(twh, feed, target):
    target.answers = [500, 500, 500]

    ran = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "2", "--attempts", "3")

    outcomes = [(line["sequence"], line["outcome"]) for line in map(json.loads, ran.out.splitlines())]
    assert outcomes == [(1, "again"), (1, "again"), (1, "passed over"), (2, "taken")]
    assert "1 passed over so far" in ran.err

    ran = twh("listen", "--forward-to", target.url, "--again", "--count", "2")

    assert target.ids[4:] == ["evt_1", "evt_3"]
    assert target.arrived[4][1] == feed[0]
    assert "passed over" not in ran.err


def test_a_target_that_is_not_there_holds_up_no_other(twh, feed, target, monkeypatch):
    absent = Target()
    back = starting_when(monkeypatch, absent, lambda: len(target.ids) == 3)

    ran = twh("listen", "-f", absent.url, "-f", target.url, "--from", "start", "--count", "3")

    assert ran.exit_code == 0
    assert back[0].ids == target.ids == ["evt_1", "evt_2", "evt_3"]
    back[0].stop()


def test_two_targets_both_get_everything(twh, feed, target):
    other = Target()

    ran = twh("listen", "-f", target.url, "-f", other.url, "--from", "start", "--count", "3", "-o", "table")

    assert target.ids == other.ids == ["evt_1", "evt_2", "evt_3"]
    assert sum(f":{other.server.server_port}/hook" in line for line in ran.out.splitlines()) == 3
    other.stop()


def test_only_what_is_wanted_is_forwarded_and_the_rest_is_not_kept_for_later(twh, feed, target):
    feed += [event(4, models.ItemUpdated), event(5)]
    wanted = ("--forward-to", target.url, "--type", "item.updated")

    twh("listen", *wanted, "--from", "start", "--count", "1")
    twh("listen", "--forward-to", target.url, "--item", "SKU-5", "--count", "1")

    assert target.ids == ["evt_4", "evt_5"]


def test_a_kind_that_nobody_knows_is_said_to_be_one(twh, feed, target):
    feed.append(event(4).replace(b"item.created", b"item.create"))

    ran = twh("listen", "-f", target.url, "--type", "item.create", "--from", "start", "--count", "1")

    assert "knows no kind of event 'item.create': did you mean item.created?" in ran.err
    assert target.ids == ["evt_4"]


def test_an_endpoint_says_which_kinds(twh, feed, target):
    feed.append(event(4, models.ItemUpdated))

    twh("listen", "--forward-to", target.url, "--endpoint", "whe_1", "--from", "start", "--count", "1")

    assert target.ids == ["evt_4"]


def test_two_that_forward_to_one_target_are_one_too_many(twh, feed, target, monkeypatch):
    refused = []
    sleeping = threading.Event()

    def second(_):
        refused.append(twh("listen", "--forward-to", target.url, "--json").error["code"])
        sleeping.set()

    monkeypatch.setattr(forwarding.Forwarder, "forward", lambda self, *_: second(self))
    twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1")

    assert sleeping.is_set()
    assert refused == ["already_forwarded"]


def test_a_place_that_cannot_be_read_is_named_and_nothing_is_skipped(twh, feed, target, own_home):
    twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1")
    (kept,) = (own_home / "state" / "twh" / "listen").glob("*.json")
    kept.write_text("{")

    ran = twh("listen", "--forward-to", target.url, "--json")

    assert (ran.exit_code, ran.error["code"]) == (2, "file_unusable")
    assert str(kept) in ran.error["hint"]
    assert target.ids == ["evt_1"]


def test_what_is_kept_is_its_owners(twh, feed, target, own_home):
    secret_of(twh, target.url)

    (kept,) = (own_home / "state" / "twh" / "listen").glob("*.json")
    assert kept.stat().st_mode & 0o077 == 0


def test_what_a_kill_left_half_written_is_cleared_away(twh, feed, target, own_home):
    secret_of(twh, target.url)
    (kept,) = (own_home / "state" / "twh" / "listen").glob("*.json")
    half = kept.with_name(f".{kept.stem}-abc")
    half.write_text("{")

    twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1")

    assert not half.exists()


def test_a_certificate_that_nobody_vouches_for_is_waited_out_or_accepted(twh, feed, target, own_home):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(self_signed(own_home))
    target.server.socket = context.wrap_socket(target.server.socket, server_side=True)
    url = target.url.replace("http:", "https:")

    ran = twh("listen", "-f", url, "--from", "start", "--count", "1", "--skip-verify")
    with Poster(url, secret_of(twh, url), headers={}, verify_certificate=True) as poster:
        posted = poster.post("evt_1", feed[0])

    assert (ran.exit_code, target.ids) == (0, ["evt_1"])
    assert (posted.not_now, posted.error) == (True, "The certificate was not accepted (--skip-verify accepts any).")


def self_signed(folder):
    """A key and a certificate for it that only itself has signed, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + certificate)
    return path


def test_without_a_home_it_is_said_that_no_place_can_be_kept(twh, feed, target, monkeypatch):
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr("pathlib.Path.home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))

    assert "XDG_STATE_HOME" in twh("listen", "--forward-to", target.url, "--json").error["hint"]


@pytest.mark.parametrize("begin", ["4", "yesterday", "-1"])
def test_a_place_that_is_none_is_refused(twh, feed, target, begin):
    assert twh("listen", "--forward-to", target.url, "--from", begin).exit_code == 2


def test_a_moment_is_found_in_the_feed(twh, feed, target):
    twh("listen", "--forward-to", target.url, "--since", "2026-01-05T08:29:00Z", "--count", "3")
    ran = twh("listen", "--forward-to", target.url, "--since", "1h", "--print-secret")

    assert ran.exit_code == 0
    assert target.ids == ["evt_1", "evt_2", "evt_3"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("4242", "http://localhost:4242"),
        ("localhost:4242/hook", "http://localhost:4242/hook"),
        ("https://shop.test/hook?a=1", "https://shop.test/hook?a=1"),
    ],
)
def test_an_address_is_meant_as_people_mean_it(typed, meant):
    assert address(typed) == meant


@pytest.mark.parametrize("typed", ["", "ftp://shop.test", "http://", "localhost:99999", "0"])
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(WronglyTyped):
        address(typed)
