"""Argument, environment, profile: the first that has it wins, for the key and for the address each by itself."""

from pathlib import Path

import pytest

from twh import Client, ConfigError, profiles

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
