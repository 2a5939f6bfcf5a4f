"""`twh webhooks verify` and `receive`: what is proved, and which check a forgery fails."""

import json
import signal
import subprocess
import sys

import httpx
import pytest

from twh import models
from twh.testing import sample, sign

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OTHER = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="


@pytest.fixture
def webhook():
    return sign(sample(models.ItemCreated, data=sample(models.Item, sku="TSHIRT-M")), SECRET)


@pytest.fixture
def secret(monkeypatch):
    monkeypatch.setenv("TWH_WEBHOOK_SECRET", SECRET)


def as_http(webhook, request_line=b"POST /hook HTTP/1.1\r\n", end=b"\r\n"):
    headers = b"".join(f"{name}: {value}".encode() + end for name, value in webhook.headers.items())
    return request_line + headers + b"Content-Type: application/json" + end + end + webhook.body


def captured(tmp_path, raw):
    path = tmp_path / "request"
    path.write_bytes(raw)
    return str(path)


@pytest.mark.parametrize(
    "raw",
    [
        as_http,
        lambda webhook: as_http(webhook, b"", b"\n"),
        lambda webhook: json.dumps({"headers": webhook.headers, "body": webhook.body.decode()}).encode(),
    ],
    ids=["as it travelled", "as someone typed it", "as JSON"],
)
def test_a_captured_request_is_verified(twh, webhook, secret, tmp_path, raw):
    ran = twh("webhooks", "verify", captured(tmp_path, raw(webhook)), "--json")

    assert (ran.exit_code, ran.json["type"]) == (0, "item.created")
    assert "Verified" in ran.err


def test_the_headers_may_be_said_beside_the_body(twh, webhook, secret, tmp_path):
    headers = [word for name, value in webhook.headers.items() for word in ("-H", f"{name}: {value}")]

    assert twh("webhooks", "verify", captured(tmp_path, webhook.body), *headers).exit_code == 0


def test_a_newline_that_an_editor_added_is_said_not_to_belong_to_the_body(twh, webhook, secret, tmp_path):
    ran = twh("webhooks", "verify", captured(tmp_path, as_http(webhook) + b"\n"))

    assert ran.exit_code == 0
    assert "The newline at the end of the file was not part of the body" in ran.err


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda raw: raw.replace(b"TSHIRT-M", b"TSHIRT-L"), "no_match"),
        (lambda raw: raw.replace(b"webhook-signature: v1,", b"webhook-signature: v2,"), "unknown_version"),
        (lambda raw: raw.replace(b"webhook-id", b"x-webhook-id"), "missing_header"),
        (lambda raw: raw.replace(b"webhook-timestamp: 1", b"webhook-timestamp: a"), "malformed_timestamp"),
        (lambda raw: raw.replace(b"webhook-timestamp: 1", b"webhook-timestamp: "), "too_old"),
        (lambda raw: raw.replace(b"webhook-timestamp: 1", b"webhook-timestamp: 11"), "too_new"),
    ],
)
def test_it_is_said_which_check_failed(twh, webhook, secret, tmp_path, change, check):
    ran = twh("webhooks", "verify", captured(tmp_path, change(as_http(webhook))), "--json")

    assert (ran.exit_code, ran.out) == (5, "")
    assert ran.error["code"] == f"webhook_{check}"
    assert ran.error["hint"]


def test_a_signature_that_fails_names_the_place_of_the_secret(twh, webhook, secret, tmp_path):
    ran = twh("webhooks", "verify", captured(tmp_path, as_http(webhook)[:-2]), "--json")

    assert "comes from TWH_WEBHOOK_SECRET" in ran.error["hint"]


def test_what_is_signed_and_no_event_is_told(twh, secret, tmp_path):
    ran = twh("webhooks", "verify", captured(tmp_path, as_http(sign(b"[]", SECRET))), "--json")

    assert ran.error["code"] == "webhook_not_an_event"


def test_an_old_request_is_old_unless_its_age_does_not_matter(twh, webhook, secret, tmp_path):
    old = sign(webhook.body, SECRET, at=models.ItemCreated.model_validate_json(webhook.body).timestamp)
    path = captured(tmp_path, as_http(old))

    assert twh("webhooks", "verify", path, "--json").error["code"] == "webhook_too_old"
    assert twh("webhooks", "verify", path, "--any-age").exit_code == 0


def test_while_a_secret_is_replaced_both_verify(twh, webhook, monkeypatch, tmp_path):
    monkeypatch.setenv("TWH_WEBHOOK_SECRET", f"{OTHER} {SECRET}")

    assert twh("webhooks", "verify", captured(tmp_path, as_http(webhook))).exit_code == 0


def test_the_secret_may_be_in_a_file(twh, webhook, tmp_path):
    (tmp_path / "secret").write_text(f"{SECRET}\n")

    ran = twh("webhooks", "verify", captured(tmp_path, as_http(webhook)), "--secret-file", str(tmp_path / "secret"))

    assert ran.exit_code == 0


def test_without_a_secret_it_is_said_where_one_goes(twh, webhook, tmp_path):
    ran = twh("webhooks", "verify", captured(tmp_path, as_http(webhook)), "--json")

    assert ran.exit_code == 2
    assert "--secret-file" in ran.error["hint"]


def test_a_secret_that_is_none_is_said_to_be_none(twh, webhook, monkeypatch, tmp_path):
    monkeypatch.setenv("TWH_WEBHOOK_SECRET", "whsec_ü")

    ran = twh("webhooks", "verify", captured(tmp_path, as_http(webhook)), "--json")

    assert (ran.exit_code, ran.error["hint"]) == (2, "unset TWH_WEBHOOK_SECRET")


@pytest.mark.parametrize("raw", [b"", b"hello", b"webhook-id: 1\n", b'{"headers": []}', b"\xff\xfe"])
def test_what_is_no_captured_request_is_said_to_be_none(twh, secret, tmp_path, raw):
    assert twh("webhooks", "verify", captured(tmp_path, raw)).exit_code == 2


@pytest.fixture
def receiving():
    """`receiving(*words)`: a receiver that runs; its address, and afterwards what it wrote."""
    started = []

    def start(*words):
        one = subprocess.Popen(
            [sys.executable, "-m", "twh_cli", "webhooks", "receive", "--port", "0", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(one)
        return one, one.stderr.readline().split()[2].rstrip(";")

    yield start
    for one in started:
        one.kill()
        one.communicate()


def test_what_arrives_is_verified_and_printed(receiving, webhook, secret):
    receiver, url = receiving("--count", "2")
    good = httpx.post(url, content=webhook.body, headers=webhook.headers)
    bad = httpx.post(url, content=webhook.body + b" ", headers=webhook.headers)
    out, _ = receiver.communicate(timeout=10)

    first, second = map(json.loads, out.splitlines())
    assert (good.status_code, bad.status_code) == (204, 400)
    assert (first["verified"], first["type"], first["body"].encode()) == (True, "item.created", webhook.body)
    assert (second["verified"], second["check"]) == (False, "no_match")
    assert receiver.returncode == 0


def test_what_it_printed_can_be_verified_later(receiving, webhook, secret, twh, tmp_path):
    receiver, url = receiving("--count", "1")
    httpx.post(url, content=webhook.body, headers=webhook.headers)
    out, _ = receiver.communicate(timeout=10)

    assert twh("webhooks", "verify", captured(tmp_path, out.encode())).exit_code == 0


def test_it_may_answer_whatever_is_wished_for(receiving, webhook, secret):
    receiver, url = receiving("--count", "1", "--answer", "503")

    assert httpx.post(url, content=webhook.body, headers=webhook.headers).status_code == 503
    receiver.communicate(timeout=10)


def test_without_a_secret_it_still_shows_what_arrives(receiving, webhook):
    receiver, url = receiving("--count", "1", "-o", "table")
    httpx.post(url, content=webhook.body, headers=webhook.headers)
    out, err = receiver.communicate(timeout=10)

    assert "not verified  item.created       " in out
    assert "No secret is known" in err


def test_interrupted_it_ends_with_130(receiving):
    receiver, _ = receiving()
    receiver.send_signal(signal.SIGINT)

    assert receiver.wait(timeout=10) == 130


def test_a_port_that_is_taken_is_named_with_another(receiving, twh):
    _, url = receiving()
    port = url.rpartition(":")[2].partition("/")[0]

    assert (
        twh("webhooks", "receive", "--port", port, "--json").error["hint"]
        == f"twh webhooks receive --port {int(port) + 1}"
    )
