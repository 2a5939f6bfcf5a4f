"""Addresses of buses: what a URL says is what the client is told, and nothing of it is told to anybody else."""

import pytest

from twh_server.publishing.addresses import addresses_in
from twh_server.publishing.buses import publisher_at

SECRET = "s3cr3t"


def test_a_url_names_bus_hosts_login_place_and_options():
    (address,) = addresses_in(
        "kafka+ssl://twh:p%40ss%2F@a.example:9092,b.example:9093/stock.news?linger.ms=5&bytes_max=5000"
    )

    assert (address.bus, address.secure) == ("kafka", True)
    assert address.hosts == ("a.example:9092", "b.example:9093")
    assert (address.user, address.password) == ("twh", "p@ss/")
    assert (address.place, address.name) == ("stock.news", "kafka:stock.news")
    assert (address.bytes_max, address.options) == (5000, {"linger.ms": "5"})


def test_several_stand_with_spaces_or_line_ends_between_them():
    found = addresses_in("nats://bus:4222/twh\n  valkeys://cache/news redis://cache/news?name=copy\n")

    assert [(address.name, address.secure) for address in found] == [
        ("nats:twh", False),
        ("redis:news", True),
        ("redis:copy", False),
    ]


def test_a_name_outlives_hosts_logins_and_options():
    before, after = (addresses_in(url)[0].name for url in ("nats://a:1@old/twh", "tls://b:2@new,newer/twh?ca=x"))

    assert before == after


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (f"http://twh:{SECRET}@host/topic", "each is a URL"),
        (f"kafka://twh:{SECRET}@host", "each is a URL"),
        (f"kafka://twh:{SECRET}@/topic", "each is a URL"),
        (f"kafka://twh:{SECRET}@host/", "its path is the topic"),
        (f"kafka://twh:{SECRET}@host/a%20topic", "its path is the topic"),
        (f"nats://twh:{SECRET}@host/twh.*", "its path is the topic"),
        (f"nats://twh:{SECRET}@host/twh?name=a%20b", "name="),
        (f"kafka://twh:{SECRET}@host/topic?bytes_max=12", "bytes_max= is a number, 1024 at least"),
        (f"kafka://twh:{SECRET}@host/topic?bytes_max=x", "bytes_max="),
        (f"nats://twh:{SECRET}@a/twh nats://twh:{SECRET}@b/twh", "two are called nats:twh"),
        (f"kafka://twh:{SECRET}@host/topic?key=lot", "key= is one of item, tenant"),
        (f"kafka://twh:{SECRET}@host/topic?no.such.thing=1", 'No such configuration property: "no.such.thing"'),
        (f"nats://twh:{SECRET}@host/twh?color={SECRET}", "for NATS there is no color"),
        (f"tls://twh:{SECRET}@host/twh?ca=/nowhere", "a certificate cannot be used"),
        (f"redis://twh:{SECRET}@a,b/news", "there is one host"),
        (f"redis://twh:{SECRET}@a/news?maxlen=-1", "maxlen="),
        (f"redis://twh:{SECRET}@a/news?db=x", "db="),
    ],
)
def test_what_cannot_be_used_is_said_and_not_quoted(url, sentence):
    with pytest.raises(ValueError) as refused:
        _ = [publisher_at(address) for address in addresses_in(url)]

    assert sentence in str(refused.value)
    assert SECRET not in str(refused.value)


def test_an_address_can_be_shown():
    (address,) = addresses_in(f"kafka://twh:{SECRET}@host/topic?ssl.key.password={SECRET}")

    assert SECRET not in repr(address)
