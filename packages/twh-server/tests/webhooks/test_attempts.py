"""One attempt, as a receiver that answers anything sees it and as it is told: over real sockets, over real TLS."""

import asyncio
import gzip
import resource
from datetime import UTC, datetime, timedelta

import pytest
from certificates import Authority
from lying_dns import LyingDns
from raw_receiver import BODY, SECRET, RawReceiver, attempt, says, writes
from standardwebhooks import Webhook

from twh_server.webhooks.signing import secret_text

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MIB = 1 << 20


async def answered_by(answer, **options):
    async with RawReceiver(answer) as receiver:
        answered = await attempt(receiver.url(), **options)
    assert receiver.connections == 1  # whatever is answered, one attempt asks once
    return answered, receiver


async def test_an_attempt_sends_the_exact_bytes_signed():
    answered, receiver = await answered_by(says("200 OK", b"thank you"), at=datetime.now(UTC))

    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if not line.lower().startswith("webhook-sig"))
    signature = next(line.split(": ", 1)[1] for line in lines if line.lower().startswith("webhook-sig"))
    assert (lines[0], body) == ("POST /hook HTTP/1.1", BODY)
    assert Webhook(secret_text(SECRET)).verify(body.decode(), {**headers, "webhook-signature": signature})
    assert headers["content-type"] == "application/json"
    assert "cookie" not in headers
    assert "authorization" not in headers
    assert (answered.status, answered.response, answered.error, answered.delivered) == (200, "thank you", None, True)


@pytest.mark.parametrize(
    ("status", "delivered"),
    [
        ("200 OK", True),
        ("204 No Content", True),
        ("299 Whatever", True),
        ("301 Moved Permanently", False),
        ("302 Found", False),
        ("307 Temporary Redirect", False),
        ("308 Permanent Redirect", False),
        ("304 Not Modified", False),
        ("400 Bad Request", False),
        ("401 Unauthorized", False),
        ("410 Gone", False),
        ("429 Too Many Requests", False),
        ("500 Internal Server Error", False),
        ("503 Service Unavailable", False),
    ],
)
async def test_the_status_decides_and_nothing_is_asked_again(status, delivered):
    async with RawReceiver() as elsewhere:
        answered, _ = await answered_by(
            says(status, b"", Location=elsewhere.url(), WWW_Authenticate="Basic", Set_Cookie="a=b")
        )

    assert (answered.status, answered.delivered, answered.error) == (int(status[:3]), delivered, None)
    assert elsewhere.connections == 0


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize("said", ["120", "Sun, 01 Mar 2026 12:02:00 GMT"])
async def test_an_endpoint_may_ask_to_be_left_alone_for_a_while(status, said):
    answered, _ = await answered_by(says(status, Retry_After=said), at=NOW)

    assert answered.retry_after == timedelta(seconds=120)


@pytest.mark.parametrize("status", ["200 OK", "301 Moved Permanently", "400 Bad Request", "410 Gone", "500 Oops"])
async def test_with_any_other_status_it_may_not(status):
    answered, _ = await answered_by(says(status, Retry_After="120"))

    assert answered.retry_after is None


async def test_a_receiver_that_never_answers_is_left_at_the_deadline():
    async def hang(reader, _writer):
        await reader.read()

    answered, _ = await answered_by(hang, deadline_seconds=0.3)

    assert (answered.status, answered.response) == (None, None)
    assert answered.error == "There was no complete answer within 0.3 seconds."


async def test_one_that_says_for_ever_that_it_goes_on_is_left_at_the_deadline():
    async def go_on(_reader, writer):
        while True:
            writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    answered, _ = await answered_by(go_on, deadline_seconds=0.3)

    assert answered.error == "There was no complete answer within 0.3 seconds."


@pytest.mark.parametrize("part", [b"HTTP/1.1 200 OK\r\nX-Drip: ", b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"])
async def test_one_that_drips_is_left_at_the_deadline(part):
    async def drip(_reader, writer):
        writer.write(part)
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)

    answered, _ = await answered_by(drip, deadline_seconds=0.3)

    assert answered.error == "There was no complete answer within 0.3 seconds."
    assert answered.delivered == (b"\r\n\r\n" in part)  # the status line decides


@pytest.mark.parametrize("framing", ["Content-Length: 1073741824", "Transfer-Encoding: chunked", "Connection: close"])
async def test_of_a_gigabyte_four_kibibytes_are_kept_and_little_more_is_read(framing):
    async def pour(_reader, writer):
        writer.write(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
        chunk = b"x" * MIB
        await receiver.pour(writer, b"100000\r\n%b\r\n" % chunk if "chunked" in framing else chunk, 1024)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with RawReceiver(pour) as receiver:
        answered = await attempt(receiver.url(), deadline_seconds=30)

    assert (answered.status, answered.response, answered.error) == (200, "x" * 4096, None)
    assert receiver.sent < 16 * MIB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


async def test_what_is_packed_is_not_unpacked():
    bomb = gzip.compress(bytes(8 * MIB))
    answered, _ = await answered_by(says("200 OK", bomb, Content_Encoding="gzip"))

    assert len(answered.response) <= 4096
    assert answered.response.startswith("\x1f")


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", "The connection was closed before there was an answer."),
        (b"HTTP/1.1 200 OK\r\nContent-", "The connection was closed before there was an answer."),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "The answer is not HTTP as we know it"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "The answer is not HTTP as we know it"),
        (b"<html>hello</html>\r\n\r\n", "The answer is not HTTP as we know it"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "The answer is not HTTP as we know it"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "The answer is not HTTP as we know it"),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * MIB + b"\r\n\r\n", "The answer is not HTTP as we know it"),
    ],
    ids=[
        "nothing",
        "half a head",
        "SSH",
        "TLS",
        "HTML",
        "a status of letters",
        "a length below zero",
        "a giant header",
    ],
)
async def test_what_is_no_answer_is_a_failed_attempt_that_says_so(raw, error):
    answered, _ = await answered_by(writes(raw))

    assert (answered.status, answered.response, answered.delivered) == (None, None, False)
    assert answered.error.startswith(error)


async def test_headers_without_end_are_not_gathered():
    async def pour(_reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await receiver.pour(writer, b"X-More: and more\r\n" * 4096, 4096)

    async with RawReceiver(pour) as receiver:
        answered = await attempt(receiver.url())

    assert answered.status is None
    assert answered.error.startswith("The answer is not HTTP as we know it")
    assert receiver.sent < 16 * MIB


@pytest.mark.parametrize(
    ("before", "status"),
    [(b"", None), (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", 200)],
    ids=["before the answer", "in its middle"],
)
async def test_a_reset_is_told(before, status):
    async def reset(_reader, writer):
        writer.write(before)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()

    answered, _ = await answered_by(reset)

    assert (answered.status, answered.delivered) == (status, status == 200)
    assert answered.error


async def test_a_port_that_nobody_listens_at_is_told():
    async with RawReceiver() as receiver:
        url = receiver.url()

    assert (await attempt(url)).error == "There was no connection: Connection refused."


async def test_what_the_database_cannot_keep_is_replaced():
    answered, _ = await answered_by(says("500 Oops", b"a\x00b\xffc"))

    assert answered.response == "a\ufffdb\ufffdc"


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


async def over_tls(tls, *, host="127.0.0.1", trusted=None, **options):
    async with RawReceiver(tls=tls) as receiver:
        answered = await attempt(receiver.url(host, scheme="https"), trusted=trusted, **options)
    return answered, receiver


async def test_a_certificate_that_is_as_it_should_be_is_believed(authority):
    answered, receiver = await over_tls(authority.serves("127.0.0.1"), trusted=authority.trusted)

    assert (answered.status, answered.error) == (204, None)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("certificate", "error"),
    [
        ({"host": "127.0.0.1", "days": (-2, -1)}, "certificate has expired"),
        ({"host": "127.0.0.1", "days": (1, 2)}, "certificate is not yet valid"),
        ({"host": "127.0.0.2"}, "IP address mismatch, certificate is not valid for '127.0.0.1'"),
        ({"host": "127.0.0.1", "self_signed": True}, "self-signed certificate"),
    ],
    ids=["expired", "not yet valid", "of another host", "self-signed"],
)
async def test_any_other_is_not_and_nothing_is_sent(authority, certificate, error):
    answered, receiver = await over_tls(authority.serves(**certificate), trusted=authority.trusted)

    assert answered.error == f"The certificate was not accepted: {error}."
    assert (answered.status, answered.response, receiver.requests) == (None, None, [])


async def test_an_authority_that_the_system_does_not_know_is_not_believed(authority):
    answered, receiver = await over_tls(authority.serves("127.0.0.1"))

    assert answered.error.startswith("The certificate was not accepted: ")
    assert receiver.requests == []


async def test_the_certificate_is_that_of_the_name_and_not_of_where_it_leads(authority):
    async with LyingDns() as dns:
        dns.says["hooks.example"] = [["A 127.0.0.1"]]
        options = {"trusted": authority.trusted, "resolver": dns.resolver, "host": "hooks.example"}
        right, _ = await over_tls(authority.serves("hooks.example"), **options)
        wrong, receiver = await over_tls(authority.serves("127.0.0.1"), **options)

    assert right.status == 204
    assert wrong.error == (
        "The certificate was not accepted: Hostname mismatch, certificate is not valid for 'hooks.example'."
    )
    assert receiver.requests == []


async def test_a_receiver_without_tls_is_told():
    async with RawReceiver(writes(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as receiver:
        answered = await attempt(receiver.url(scheme="https"), deadline_seconds=0.5)

    assert answered.error
    assert answered.status is None
    assert receiver.requests == []
