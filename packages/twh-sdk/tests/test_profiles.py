"""Argument, environment, profile: the first that has it wins, for the key and for the address each by itself."""

import sys
import time
from pathlib import Path

import pytest

from twh import Client, ConfigError, keyrings, profiles

PROFILES = """
active = "here"

[profiles.here]
base_url = "http://127.0.0.1:8750"
api_key = "twh_test_here"

[profiles.there]
base_url = "https://there.example/v1/"
api_key = "twh_live_there"
"""


@pytest.fixture
def kept():
    path = profiles.config_file()
    path.parent.mkdir(parents=True)
    path.write_text(PROFILES)
    return path


def settled(api_key=None, base_url=None, profile=None):
    found = profiles.connection(api_key, base_url, profile)
    return found.api_key, found.base_url


def test_an_argument_wins(kept, monkeypatch):
    monkeypatch.setenv("TWH_API_KEY", "twh_test_env")
    monkeypatch.setenv("TWH_BASE_URL", "http://env")

    assert settled("twh_test_arg", "http://arg") == ("twh_test_arg", "http://arg")


def test_then_the_environment(kept, monkeypatch):
    monkeypatch.setenv("TWH_API_KEY", "twh_test_env")

    assert settled() == ("twh_test_env", "http://127.0.0.1:8750")


def test_then_the_active_profile(kept):
    assert settled() == ("twh_test_here", "http://127.0.0.1:8750")


def test_a_profile_that_was_named_wins_over_the_environment(kept, monkeypatch):
    monkeypatch.setenv("TWH_API_KEY", "twh_test_env")

    assert settled(profile="there") == ("twh_live_there", "https://there.example")


@pytest.mark.parametrize(("given", "missing"), [({}, "API key"), ({"api_key": "twh_test_1"}, "address")])
def test_what_is_missing_is_named_with_the_fix(given, missing):
    with pytest.raises(ConfigError, match=missing) as error:
        Client(**given)

    assert "twh sandbox up" in error.value.hint


def test_an_unknown_profile_names_those_there_are(kept):
    with pytest.raises(ConfigError, match="nowhere") as error:
        settled(profile="nowhere")

    assert "here, there" in error.value.hint


@pytest.mark.parametrize("broken", [b"active = ", b"\xff"])
def test_a_broken_file_is_named(kept, broken):
    kept.write_bytes(broken)

    with pytest.raises(ConfigError, match=r"config\.toml"):
        settled()


def test_a_broken_file_is_not_read_when_nothing_is_asked_of_it(kept):
    kept.write_bytes(b"\xff")

    assert settled("twh_test_1", "http://127.0.0.1:1")[0] == "twh_test_1"


@pytest.mark.parametrize("address", ["127.0.0.1:8750", "ftp://x", "http://", "http://u:p@x", "http://x?a=1", ""])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ConfigError):
        settled("twh_test_1", address)


@pytest.mark.parametrize("key", ["twh test", "twh_ä", "twh_test_1\nX-Evil: 1"])
def test_a_key_that_would_not_fit_a_header_is_refused(key):
    with pytest.raises(ConfigError, match="characters") as error:
        settled(key, "http://x")

    assert key not in str(error.value)


def test_a_home_that_is_nowhere_is_no_profile(monkeypatch):
    def nowhere():
        raise RuntimeError("no home")

    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(Path, "home", nowhere)

    assert profiles.profile_in_file() is None


def test_a_connection_does_not_print_its_key():
    assert "twh_test_1" not in repr(profiles.connection("twh_test_1", "http://x"))
    assert "twh_test_1" not in repr(Client("twh_test_1", base_url="http://127.0.0.1:9"))


class Ring:
    """A keyring in memory, in the place of the library that knows the system's."""

    def __init__(self, **kept):
        self.kept = kept
        self.keeps = True

    def get_password(self, service, name):
        assert service == "twh"
        return self.kept.get(name)

    def set_password(self, _, name, key):
        if self.keeps:
            self.kept[name] = key

    def delete_password(self, _, name):
        del self.kept[name]


@pytest.fixture
def in_keyring():
    path = profiles.config_file()
    path.parent.mkdir(parents=True)
    path.write_text('active = "shop"\n[profiles.shop]\nbase_url = "http://shop"\napi_key_in = "keyring"\n')
    return path


@pytest.fixture
def ring(monkeypatch):
    ring = Ring(shop="twh_live_ring")
    monkeypatch.setitem(sys.modules, "keyring", ring)
    return ring


def test_a_profile_may_have_its_key_in_the_keyring(in_keyring, ring):
    assert settled() == ("twh_live_ring", "http://shop")


def test_the_keyring_is_not_asked_when_the_key_is_given(in_keyring, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)

    assert settled("twh_test_arg") == ("twh_test_arg", "http://shop")


def test_a_keyring_without_the_key_says_how_to_put_it_there(in_keyring, ring):
    ring.kept.clear()

    with pytest.raises(ConfigError, match="no key for profile 'shop'") as error:
        settled()

    assert error.value.hint == "twh login --profile shop"


def test_a_library_that_is_not_installed_is_named(in_keyring, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(ConfigError, match="`keyring` is not installed") as error:
        settled()

    assert "pip install keyring" in error.value.hint


def test_a_keyring_that_hangs_is_not_waited_for(in_keyring, ring, monkeypatch):
    monkeypatch.setattr(keyrings, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(ring, "get_password", lambda *_: time.sleep(5), raising=False)
    began = time.monotonic()

    with pytest.raises(ConfigError, match="did not answer") as error:
        settled()

    assert time.monotonic() - began < 2
    assert "TWH_API_KEY" in error.value.hint


def test_a_keyring_that_fails_is_quoted(in_keyring, ring, monkeypatch):
    def locked(*_):
        raise RuntimeError("the collection is locked\nand more")

    monkeypatch.setattr(ring, "get_password", locked, raising=False)

    with pytest.raises(ConfigError, match=r"the collection is locked$"):
        settled()


def test_a_key_is_written_and_deleted(ring):
    keyrings.write_key("other", "twh_test_1")
    assert keyrings.read_key("other") == "twh_test_1"

    keyrings.delete_key("other")
    keyrings.delete_key("other")
    assert keyrings.read_key("other") is None


def test_a_keyring_that_keeps_nothing_is_none(ring):
    ring.keeps = False

    with pytest.raises(ConfigError, match="keeps nothing"):
        keyrings.write_key("other", "twh_test_1")


def test_a_place_for_keys_that_is_unknown_is_named(in_keyring):
    in_keyring.write_text(in_keyring.read_text().replace('"keyring"', '"vault"'))

    with pytest.raises(ConfigError, match="vault"):
        settled()


@pytest.mark.parametrize(
    "text", ['profiles = 1\nactive = "a"', 'active = "a"\n[profiles]\na = 1', 'active = "a"\n[profiles.a]\napi_key = 5']
)
def test_a_file_of_another_form_is_named(in_keyring, text):
    in_keyring.write_text(text)

    with pytest.raises(ConfigError, match=r"config\.toml is not"):
        settled()
