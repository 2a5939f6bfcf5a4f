"""Where to publish: a URL names the bus, the hosts, the place on it and what else its client is to be told.

    kafka://user:password@host:9092,host:9092/TOPIC?key=tenant
    nats://user:password@host:4222/SUBJECT
    redis://user:password@host:6379/STREAM?maxlen=1000000

`name`, `bytes_max` and what the bus itself reads are taken out of the query; the rest is for the bus's client.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote

Bus = Literal["kafka", "nats", "redis"]

SCHEMES: Mapping[str, tuple[Bus, bool]] = {
    "kafka": ("kafka", False),
    "kafka+ssl": ("kafka", True),
    "nats": ("nats", False),
    "tls": ("nats", True),
    "redis": ("redis", False),
    "rediss": ("redis", True),
    "valkey": ("redis", False),
    "valkeys": ("redis", True),
}
"""Which bus a scheme means, and whether its connections are encrypted."""

_URL = re.compile(r"(?P<scheme>[a-z+]+)://((?P<who>[^/]*)@)?(?P<hosts>[^/@?#]+)/(?P<place>[^?#]*)(\?(?P<query>.*))?")
_PLACE = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_BYTES_MIN = 1_024


@dataclass(frozen=True, kw_only=True, slots=True)
class BusAddress:
    """One place on one bus. Its name shows no secret, nor does its repr."""

    bus: Bus
    secure: bool
    hosts: tuple[str, ...]
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    place: str
    """The topic, the beginning of each subject, or the stream."""
    name: str
    """What its follower is called: it goes on where it was for as long as this stays, whatever else changes."""
    bytes_max: int | None = None
    options: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


def addresses_in(text: str) -> list[BusAddress]:
    """The addresses of a text, with spaces or line ends between them. Raises ValueError, which quotes none of it."""
    found = [_address(url) for url in text.split()]
    names = [address.name for address in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"two are called {twice}, and would share one place in the feed. Give one of them a ?name=.")
    return found


def _address(url: str) -> BusAddress:
    parts = _URL.fullmatch(url)
    if not parts or parts["scheme"] not in SCHEMES:
        raise ValueError(f"each is a URL such as kafka://host:9092/topic, of {', '.join(SCHEMES)}.")
    bus, secure = SCHEMES[parts["scheme"]]
    place = unquote(parts["place"])
    if not _PLACE.fullmatch(place):
        raise ValueError("its path is the topic, subject or stream: letters, digits and _ . : - only.")
    user, _, password = (parts["who"] or "").partition(":")
    options = dict(parse_qsl(parts["query"] or "", keep_blank_values=True))
    name = options.pop("name", place)
    if not _PLACE.fullmatch(name):
        raise ValueError("what stands behind name= has letters, digits and _ . : - only.")
    return BusAddress(
        bus=bus,
        secure=secure,
        hosts=tuple(parts["hosts"].split(",")),
        user=unquote(user) or None,
        password=unquote(password) or None,
        place=place,
        name=f"{bus}:{name}",
        bytes_max=number_in(options, "bytes_max", least=_BYTES_MIN),
        options=options,
    )


def number_in(options: dict[str, str], name: str, *, least: int) -> int | None:
    """Take a number out of the options; None when it is not there. Raises ValueError."""
    said = options.pop(name, None)
    if said is None:
        return None
    if not said.isascii() or not said.isdecimal() or int(said) < least:
        raise ValueError(f"what stands behind {name}= is a number, {least} at least.")
    return int(said)


def choice_in(options: dict[str, str], name: str, choices: tuple[str, ...]) -> str:
    """Take a choice out of the options; the first when it is not there. Raises ValueError."""
    said = options.pop(name, choices[0])
    if said not in choices:
        raise ValueError(f"what stands behind {name}= is one of {', '.join(choices)}.")
    return said
