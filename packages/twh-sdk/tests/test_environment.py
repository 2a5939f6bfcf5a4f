"""A live key stays away from a sandbox's address and the reverse, unless somebody says what the address is."""

import pytest

from twh import AsyncClient, Client, ConfigError, environment, profiles

LIVE, TEST = "twh_live_1", "twh_test_1"
HERE, THERE = "http://127.0.0.1:8750", "https://twh.acme.com"

PROFILES = """
[profiles.own-server]
base_url = "http://127.0.0.1:8750"
api_key = "twh_live_own"

[profiles.address-only]
base_url = "http://127.0.0.1:8750"
environment = "live"

[profiles.wrong]
base_url = "http://127.0.0.1:8750"
api_key = "twh_live_own"
environment = "sandbox"
"""


@pytest.fixture
def kept():
    path = profiles.config_file()
    path.parent.mkdir(parents=True)
    path.write_text(PROFILES)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("key", "address", "named"),
    [
        (LIVE, HERE, "a live key"),
        (LIVE, "http://localhost:1", "sandbox's address"),
        (LIVE, "https://sandbox.acme.com", "sandbox's address"),
        (TEST, THERE, "a sandbox's key"),
        (TEST, "https://8.8.8.8", "live server's address"),
    ],
)
def test_a_key_of_the_other_kind_is_refused_with_the_fix(kind, key, address, named):
    with pytest.raises(ConfigError, match=named) as refusal:
        kind(key, base_url=address)

    assert refusal.value.code == "wrong_environment"
    assert "environment=" in refusal.value.hint
    assert key not in str(refusal.value)


@pytest.mark.parametrize(
    ("key", "address"),
    [
        (TEST, HERE),
        (LIVE, THERE),
        (TEST, "http://twh:8750"),
        (LIVE, "http://twh:8750"),
        (LIVE, "http://10.0.0.7"),
        (TEST, "http://192.168.1.2:8750"),
        (TEST, "https://sandbox.acme.com"),
        ("anything", HERE),
    ],
)
def test_what_belongs_together_or_may_is_accepted(key, address):
    assert Client(key, base_url=address)


@pytest.mark.parametrize(("key", "address", "told"), [(LIVE, HERE, "live"), (TEST, THERE, "sandbox")])
def test_who_says_what_the_address_is_is_believed(key, address, told, monkeypatch):
    assert Client(key, base_url=address, environment=told)

    monkeypatch.setenv("TWH_ENVIRONMENT", told)
    assert Client(key, base_url=address)


def test_what_is_said_is_held_against_the_key_too():
    with pytest.raises(ConfigError, match="which is a sandbox's address"):
        Client(LIVE, base_url="http://twh:8750", environment="sandbox")


def test_an_argument_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("TWH_ENVIRONMENT", "sandbox")

    assert Client(LIVE, base_url=HERE, environment="live")


def test_a_key_and_an_address_out_of_one_profile_belong_together(kept):
    assert Client(profile="own-server")


def test_an_address_alone_out_of_a_profile_does_not_vouch_for_another_key(kept):
    with pytest.raises(ConfigError, match="a live key"):
        Client(LIVE, profile="own-server")
    assert Client(LIVE, profile="address-only")
    with pytest.raises(ConfigError, match="a sandbox's key"):
        Client(TEST, profile="address-only")


def test_what_a_profile_says_is_held_against_its_key(kept):
    with pytest.raises(ConfigError, match="a live key"):
        Client(profile="wrong")


def test_an_environment_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="'prod' is no environment"):
        Client(TEST, base_url=HERE, environment="prod")


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("localhost", "sandbox"),
        ("a.localhost", "sandbox"),
        ("127.8.0.1", "sandbox"),
        ("::1", "sandbox"),
        ("sandbox.acme.com", "sandbox"),
        ("sandboxes.com", "live"),
        ("localhost.acme.com", "live"),
        ("127.0.0.1.acme.com", "live"),
        ("2001:4860:4860::8888", "live"),
        ("db", None),
        ("twh.internal", None),
        ("172.16.0.1", None),
        ("fd00::1", None),
    ],
)
def test_what_a_host_is_taken_for(host, kind):
    assert environment.of_host(host) == kind
