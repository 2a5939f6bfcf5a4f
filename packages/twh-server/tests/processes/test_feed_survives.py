"""A consumer of the feed misses nothing, whichever side is killed: the real server, or the consumer itself."""

import signal
import subprocess
import sys
import threading

import httpx
import pytest

from twh import Client

pytestmark = pytest.mark.slow

EVENTS = 60
PATIENCE_SECONDS = 60
CONSUMER = """
import sys
from twh import Client
with Client(sys.argv[1], base_url=sys.argv[2]) as client:
    for event in client.events.stream(checkpoint="shipping", idle=float(sys.argv[3])):
        print(event.sequence, flush=True)
"""


def happen(url, shop, numbers):
    with Client(shop.secret, base_url=url) as client:
        for number in numbers:
            client.locations.create(code=f"BIN-{number}", name="Bin")


def consumed(url, shop, found):
    with Client(shop.secret, base_url=url) as client:
        for event in client.events.stream(checkpoint="shipping"):
            found.append(event.sequence)
            if event.sequence == EVENTS:
                return


async def test_a_stream_goes_on_after_its_server_was_killed(serve, shop):
    program, url = serve()
    found = []
    consuming = threading.Thread(target=consumed, args=(url, shop, found), daemon=True)
    consuming.start()
    happen(url, shop, range(20))
    program.stop(signal.SIGKILL)
    program, url = serve()
    happen(url, shop, range(20, 40))
    program.stop(signal.SIGKILL)
    serve()
    happen(url, shop, range(40, EVENTS))
    consuming.join(PATIENCE_SECONDS)

    assert found == list(range(1, EVENTS + 1))


async def test_a_consumer_that_was_killed_is_told_again_only_what_it_may_not_have_handled(serve, shop):
    _, url = serve()
    happen(url, shop, range(EVENTS))
    killed = consumer(shop, url, 600)
    before = [int(killed.stdout.readline()) for _ in range(EVENTS)]
    while not (place := place_of(url, shop)):
        continue
    kill(killed)
    happen(url, shop, range(EVENTS, EVENTS + 5))
    after, _ = consumer(shop, url, 1).communicate()

    assert before == list(range(1, EVENTS + 1))
    assert [int(one) for one in after.split()] == list(range(place + 1, EVENTS + 6))
    assert place_of(url, shop) == EVENTS + 5


async def test_a_consumer_that_is_killed_before_its_place_was_kept_begins_again(serve, shop):
    _, url = serve()
    happen(url, shop, range(5))
    killed = consumer(shop, url, 600, code=CONSUMER.replace("print(", "__import__('time').sleep(0.1); print("))
    killed.stdout.readline()
    kill(killed)
    after, _ = consumer(shop, url, 1).communicate()

    assert after.split() == ["1", "2", "3", "4", "5"]


def consumer(shop, url, idle, code=CONSUMER):
    return subprocess.Popen(
        [sys.executable, "-c", code, shop.secret, url, str(idle)], stdout=subprocess.PIPE, text=True
    )


def kill(process):
    process.kill()
    process.communicate()


async def test_server_sent_events_go_on_after_the_server_was_stopped(serve, shop):
    program, url = serve()
    happen(url, shop, range(3))
    headers = {**shop.headers, "Accept": "text/event-stream"}
    with httpx.stream("GET", f"{url}/v1/events", headers=headers, timeout=PATIENCE_SECONDS) as stream:
        lines = stream.iter_lines()
        first = ids_in(lines, 3)
        program.process.send_signal(signal.SIGTERM)
        rest = list(lines)  # it ends as an answer ends, not as a lost connection
    ended = program.ended()
    serve()
    happen(url, shop, range(3, 5))
    with httpx.stream(
        "GET", f"{url}/v1/events", headers={**headers, "Last-Event-ID": first[-1]}, timeout=PATIENCE_SECONDS
    ) as stream:
        second = ids_in(stream.iter_lines(), 2)

    assert (first, second) == (["1", "2", "3"], ["4", "5"])
    assert (ended, [line for line in rest if line.startswith("id")]) == (0, [])


def ids_in(lines, many):
    found = []
    while len(found) < many:
        name, _, value = next(lines).partition(": ")
        found += [value] if name == "id" else []
    return found


def place_of(url, shop):
    answer = httpx.get(f"{url}/v1/checkpoints/shipping", headers=shop.headers)
    return answer.json()["sequence"] if answer.status_code == 200 else 0
