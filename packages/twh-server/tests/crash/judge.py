"""The judge: after a round, what the writers were told is held against the ledger, the feed, the levels and the webhooks."""

import asyncio
import contextlib
import hashlib
import json
from collections import Counter
from decimal import Decimal

from caller import Caller, body_of

SETTLING = 16
"""So many callers settle what is unknown."""
ASKED_AGAIN_MAX = 200
"""So many of what was acknowledged are asked again."""
DELIVERED_SECONDS = 150.0
"""Webhooks have arrived when so long nothing came: longer than a lease and what follows it."""
VERIFIED_SECONDS = 120.0
WRONGS = ("lost", "doubled", "changed", "gaps", "levels", "verify", "stuck", "undelivered", "renamed")
"""What may not be. Lost and doubled: entries. Changed: answers. Renamed: an event that came under two webhook ids."""


async def judge(shop, ports, lines, dice):
    """The figures of one round, and the ids of the events that its endpoint has to receive."""
    told = {key: (int(status), sha) for word, key, status, sha in map(_words, lines) if word == "acknowledged"}
    unknown = [key for word, key, *_ in map(_words, lines) if word == "unknown"]
    figures = Counter(acknowledged=len(told), unknown=len(unknown))
    figures["happened"] = len(_recorded(await _feed(Caller(ports[1], shop.secret))).keys() & set(unknown))

    settled = await _ask_all(shop, ports, unknown)
    again = dice.sample(sorted(told), min(len(told), ASKED_AGAIN_MAX))
    asked_again = await _ask_all(shop, ports, [*again, *unknown])
    known = {**told, **settled}
    figures["settled"] = len(settled)

    events = await _feed(Caller(ports[0], shop.secret))
    entries = _entries(events)
    recorded = _recorded(events)
    for key, (status, _) in known.items():
        figures["lost"] += status == 201 and not recorded[key]
        figures["doubled"] += recorded[key] > 1
        figures["changed"] += status != 201 and recorded[key] > 0
    # What was lost is recorded by asking again, under another id: it is counted once, as lost.
    figures["changed"] += sum(asked_again[key] != known[key] for key in asked_again)
    figures["gaps"] = sum(event["sequence"] != place for place, event in enumerate(events, 1))
    figures["levels"] = await _parted(Caller(ports[1], shop.secret), entries)
    _, verified = await Caller(ports[0], shop.secret).settle("POST", "/v1/ledger/verify", seconds=VERIFIED_SECONDS)
    figures["verify"] = not json.loads(verified)["ok"]
    return figures, {entry["id"] for entry in entries}


async def delivered(receiver, expected):
    """Once nothing more comes: how many webhooks came, how many again, and what is wrong with them."""
    came = receiver.came
    missing, seconds = _missing(came, expected), 0.0
    while missing and seconds < DELIVERED_SECONDS:
        await asyncio.sleep(0.5)
        left = _missing(came, expected)
        missing, seconds = left, 0.0 if left < missing else seconds + 0.5
    ids = [under for shop in expected for under in came[shop].values()]
    return Counter(
        webhooks=sum(len(events) for events in expected.values()),
        again=sum(sum(under.values()) - 1 for under in ids),
        undelivered=missing,
        renamed=sum(len(under) > 1 for under in ids),
    )


def _missing(came, expected):
    return sum(len(events - came[shop].keys()) for shop, events in expected.items())


def _entries(events):
    return [event for event in events if event["type"] == "entry.recorded"]


def _recorded(events):
    """How many entries each key has: one, or none."""
    return Counter(entry["data"]["reference"]["id"] for entry in _entries(events))


def _words(line):
    word, key, *more = line.split()
    return (word, key, *more) if more else (word, key, 0, "")


async def _ask_all(shop, ports, keys):
    """What each key is answered, now that everything runs."""
    answers, waiting = {}, iter(keys)

    async def asking(port):
        caller = Caller(port, shop.secret)
        for key in waiting:
            status, body = await caller.settle("POST", "/v1/movements", body_of(key), key=key)
            answers[key] = (status, hashlib.sha256(body).hexdigest())
        caller.close()

    await asyncio.gather(*(asking(ports[number % len(ports)]) for number in range(SETTLING)))
    return answers


async def _feed(caller):
    events, after = [], 0
    with contextlib.closing(caller):
        while True:
            _, body = await caller.settle("GET", f"/v1/events?after={after}&limit=1000")
            page = json.loads(body)
            events += page["data"]
            if not page["data"]:
                return events
            after = page["next_after"]


async def _parted(caller, entries):
    """How many levels are not the sum of their movements."""
    sums = Counter()
    for entry in entries:
        for movement in entry["data"]["movements"]:
            sums[movement["item"]["sku"]] += Decimal(movement["quantity"])
    with contextlib.closing(caller):
        _, body = await caller.settle("GET", "/v1/stock?limit=200")
    levels = {level["item"]["sku"]: Decimal(level["on_hand"]) for level in json.loads(body)["data"]}
    return sum(levels.get(sku, 0) != sums[sku] for sku in levels.keys() | sums.keys())
