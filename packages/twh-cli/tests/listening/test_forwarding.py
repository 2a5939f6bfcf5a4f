"""`twh listen`: what a target gets, byte for byte, and what becomes of an event that it does not take."""

import json
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import twh as sdk
from twh import models
from twh_cli.listening import forwarding
from twh_cli.listening.posting import Poster


def test_a_target_gets_the_exact_bytes_signed_with_its_secret_under_the_id_of_a_delivery(twh, feed, target, secret_of):
    ran = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "3")

    assert ran.exit_code == 0
    assert [body for _, body in target.arrived] == feed
    assert target.ids == ["evt_1", "evt_2", "evt_3"]
    for headers, body in target.arrived:
        assert headers["content-type"] == "application/json"
        assert sdk.webhooks.verify(body, headers, secret=secret_of(target.url)).data.sku.startswith("SKU-")


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


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_target_that_cannot_now_is_waited_for(twh, feed, target, status):
    target.answers = [status] * 9

    ran = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "1", "--attempts", "2")

    outcomes = [json.loads(line)["outcome"] for line in ran.out.splitlines()]
    assert outcomes == ["waiting", "taken"]
    assert set(target.ids) == {"evt_1"}


@pytest.fixture
def starting_when(monkeypatch, new_target):
    """`starting_when(target, there)` stops it; it starts again at its port when it is missed and `there` says so."""

    def stop(target, there):
        back = []

        def pause(*_):
            if not back and there():
                back.append(new_target(target.server.server_port))

        target.stop()
        monkeypatch.setattr(forwarding.Forwarder, "pause", pause)
        return back

    return stop


def test_a_target_that_is_not_there_is_waited_for_and_that_is_said_once(twh, feed, target, starting_when):
    missed = []
    back = starting_when(target, lambda: missed.append(1) or len(missed) == 3)

    ran = twh("listen", "--forward-to", target.url, "--from", "start", "--count", "3")

    assert [json.loads(line)["outcome"] for line in ran.out.splitlines()] == ["waiting", "taken", "taken", "taken"]
    assert back[0].ids == ["evt_1", "evt_2", "evt_3"]


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


def test_a_target_that_is_not_there_holds_up_no_other(twh, feed, target, new_target, starting_when):
    absent = new_target()
    back = starting_when(absent, lambda: len(target.ids) == 3)

    ran = twh("listen", "-f", absent.url, "-f", target.url, "--from", "start", "--count", "3")

    assert ran.exit_code == 0
    assert back[0].ids == target.ids == ["evt_1", "evt_2", "evt_3"]


def test_two_targets_both_get_everything(twh, feed, target, new_target):
    other = new_target()

    ran = twh("listen", "-f", target.url, "-f", other.url, "--from", "start", "--count", "3", "-o", "table")

    assert target.ids == other.ids == ["evt_1", "evt_2", "evt_3"]
    assert sum(f":{other.server.server_port}/hook" in line for line in ran.out.splitlines()) == 3


def test_a_kind_that_nobody_knows_is_said_to_be_one(twh, feed, target):
    feed[0] = feed[0].replace(b"item.created", b"item.create")

    ran = twh("listen", "-f", target.url, "--type", "item.create", "--from", "start", "--count", "1")

    assert "knows no kind of event 'item.create': did you mean item.created?" in ran.err
    assert target.ids == ["evt_1"]


def test_an_endpoint_says_which_kinds(twh, feed, target):
    feed.add(models.ItemUpdated)

    twh("listen", "--forward-to", target.url, "--endpoint", "whe_1", "--from", "start", "--count", "1")

    assert target.ids == ["evt_4"]


def test_a_certificate_that_nobody_vouches_for_is_waited_out_or_accepted(twh, feed, target, own_home, secret_of):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(self_signed(own_home))
    target.server.socket = context.wrap_socket(target.server.socket, server_side=True)
    url = target.url.replace("http:", "https:")

    ran = twh("listen", "-f", url, "--from", "start", "--count", "1", "--skip-verify")
    with Poster(url, secret_of(url), headers={}, verify_certificate=True) as poster:
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


def test_only_what_is_wanted_is_forwarded_and_the_rest_is_not_kept_for_later(twh, feed, target):
    feed.add(models.ItemUpdated)
    feed.add()
    wanted = ("--forward-to", target.url, "--type", "item.updated")

    twh("listen", *wanted, "--from", "start", "--count", "1")
    twh("listen", "--forward-to", target.url, "--item", "SKU-5", "--count", "1")

    assert target.ids == ["evt_4", "evt_5"]
