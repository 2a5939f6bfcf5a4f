"""Settings: from the environment or from files, all that is wrong at once, and no secret in anything that is shown."""

import base64

import pytest
from pydantic import SecretStr, ValidationError

from twh_server.publishing.addresses import SCHEMES
from twh_server.settings import (
    NOWHERE,
    Settings,
    faults_of,
    is_secret,
    listed_in,
    origins,
    ports_in,
    strangers,
    variable_of,
)

NAMES = list(Settings.model_fields)
# Where neither the default nor any text will do.
OTHER_VALUES = {
    "postgres_binaries": "/opt",
    "rate_limit_store_url": "redis://:c2VjcmV0@cache:6379",
    "publish_url": "nats://c2VjcmV0@bus:4222/twh",
    "metrics_port": "9464",
    "webhook_allow": "10.1.0.0/16, corp.example",
    "webhook_deny": "*",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """No setting is there but those of the test."""
    for name in (*map(variable_of, NAMES), *(f"{variable_of(name)}_FILE" for name in NAMES)):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def faults(environment):
    """What is said of an environment that cannot be used."""

    def faults(**said):
        for name, value in said.items():
            environment.setenv(name, value)
        with pytest.raises(ValidationError) as fault:
            Settings()
        return faults_of(fault.value)

    return faults


def a_value_of(name):
    value = getattr(Settings(), name)
    if name in OTHER_VALUES:
        return OTHER_VALUES[name]
    return "c2VjcmV0" if isinstance(value, SecretStr) else str(value).removesuffix(".0").lower()


def plain(value):
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value).removesuffix(".0").lower()


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_can_be_read_from_a_file(environment, tmp_path, name):
    value = a_value_of(name)
    (tmp_path / "value").write_text(f"{value}\n")
    environment.setenv(f"{variable_of(name)}_FILE", str(tmp_path / "value"))

    assert plain(getattr(Settings(), name)) == value
    assert origins({})[name] == "file"


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_that_is_given_twice_is_refused(faults, tmp_path, name):
    variable = variable_of(name)
    (tmp_path / "value").write_text("1")

    said = faults(**{variable: "1", f"{variable}_FILE": str(tmp_path / "value")})

    assert said == [f"{variable} and {variable}_FILE are both given: leave one of them out."]


@pytest.mark.parametrize(
    ("make", "end"),
    [
        (lambda file: file.exists(), "cannot be read: No such file or directory."),
        (lambda file: file.mkdir(), "cannot be read: Is a directory."),
        (lambda file: file.write_bytes(b"\xff\xfe"), "is no text in UTF-8."),
        (lambda file: file.write_bytes(b"x" * 70_000), "is no setting: it is too large."),
    ],
)
def test_a_file_that_cannot_be_used_is_named(faults, tmp_path, make, end):
    make(tmp_path / "key")

    said = faults(TWH_SECRETS_KEY_FILE=str(tmp_path / "key"))

    assert said == [f"The file {tmp_path / 'key'}, named by TWH_SECRETS_KEY_FILE, {end}"]


def test_everything_that_is_wrong_is_told_at_once(faults, tmp_path):
    said = faults(TWH_PORT="http", TWH_PROCESSES="0", TWH_LOG_FORMAT="xml", TWH_SECRETS_KEY_FILE="/nowhere")

    assert [sentence.split()[0] for sentence in sorted(said)] == ["TWH_LOG_FORMAT", "TWH_PORT", "TWH_PROCESSES", "The"]


def test_what_is_wrong_is_not_quoted(faults):
    said = faults(
        TWH_PORT="s3cret",
        TWH_HOST_FILE="/nowhere",
        TWH_RATE_LIMIT_STORE_URL="http://:s3cret@cache",
        TWH_PUBLISH_URL="nats://a/b s3cret",
    )

    assert len(said) == 4
    assert "s3cret" not in "".join(said)


@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+unix", "redis+sentinel", "valkey", "valkeys"])
def test_a_rate_limit_is_shared_in_a_redis_or_valkey(environment, scheme):
    environment.setenv("TWH_RATE_LIMIT_STORE_URL", f"{scheme}://cache:6379/0")

    assert Settings().rate_limit_store_url.get_secret_value().startswith(scheme)


@pytest.mark.parametrize("scheme", ["kafka", "kafka+ssl", "nats", "tls", "redis", "rediss", "valkey", "valkeys"])
def test_events_are_published_to_buses(environment, scheme):
    assert scheme in SCHEMES
    environment.setenv("TWH_PUBLISH_URL", f"{scheme}://a,b/twh?x=1\n nats://a/b")

    assert scheme in Settings().publish_url.get_secret_value()


def test_waits_are_seconds_one_after_the_other(environment):
    environment.setenv("TWH_WEBHOOK_WAITS", "0, 5,604800")

    assert Settings().waits_seconds == [0, 5, 604_800]


@pytest.mark.parametrize("waits", ["0,", "five", "-1", "1.5", "604801", ",".join(["1"] * 31)])
def test_waits_that_cannot_be_used_are_refused(faults, waits):
    (told,) = faults(TWH_WEBHOOK_WAITS=waits)

    assert told.startswith("TWH_WEBHOOK_WAITS cannot be used: it is 1 to 30 whole seconds")


def test_an_empty_file_and_an_empty_variable_count_as_not_set(environment, tmp_path):
    (tmp_path / "empty").write_text("\n")
    environment.setenv("TWH_PORT_FILE", str(tmp_path / "empty"))
    environment.setenv("TWH_HOST_FILE", "")
    environment.setenv("TWH_HOST", "")

    assert (Settings().port, Settings().host) == (8750, "127.0.0.1")


def test_the_command_line_is_heard_before_everything_else(environment, tmp_path):
    (tmp_path / "port").write_text("1")
    environment.setenv("TWH_PORT_FILE", str(tmp_path / "port"))

    assert Settings(port=2).port == 2
    assert origins({"port": 2})["port"] == "command line"


def test_where_a_setting_comes_from_is_known(environment):
    environment.setenv("TWH_PORT", "1")
    environment.setenv("twh_host", "::1")

    assert [origins({})[name] for name in ("port", "host", "processes")] == ["environment", "environment", "default"]


def test_what_looks_like_a_setting_and_is_none_is_found(environment):
    for name in ("TWH_PROT", "TWH_API_KEY", "TWH_PORT_FILE", "PATH_TWH"):
        environment.setenv(name, "1")

    assert strangers() == ["TWH_PROT"]


@pytest.mark.parametrize("name", [name for name in NAMES if is_secret(name)])
def test_a_secret_is_not_shown(environment, name):
    environment.setenv(variable_of(name), a_value_of(name))

    assert "c2VjcmV0" not in repr(Settings()) + str(Settings()) + Settings().model_dump_json()


def test_whatever_may_carry_a_password_or_a_key_is_a_secret():
    assert {name for name in NAMES if is_secret(name)} >= {
        "database_url",
        "secrets_key",
        "secrets_keys_old",
        "rate_limit_store_url",
        "publish_url",
    }


def test_every_setting_says_what_it_is_for():
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_the_defaults_are_settings_that_could_be_given(environment):
    for name in NAMES:
        if plain(getattr(Settings(), name)) not in ("", "none"):
            environment.setenv(variable_of(name), plain(getattr(Settings(), name)))

    given = Settings()

    assert base64.b64decode(given.secrets_key.get_secret_value()) == b""
    assert given.port == 8750


@pytest.mark.parametrize(
    "places",
    ["corp.example", "10.0.0.0/8", "10.1.2.3", "fd12::/16, corp.example", "*", "a b\nc.example", "Corp.Example"],
)
def test_places_are_networks_and_hosts(environment, places):
    environment.setenv("TWH_WEBHOOK_ALLOW", places)
    environment.setenv("TWH_WEBHOOK_DENY", places)

    assert listed_in(Settings().webhook_allow) == listed_in(Settings().webhook_deny) != NOWHERE


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("10.0.0.1/8", "has host bits set"),
        ("10.0.0.0/33", "no network"),
        ("127.1", "no network"),
        ("*.corp.example", "no network"),
        (".corp.example", "no network"),
        ("corp.example/24", "no network"),
        ("http://corp.example", "no network"),
        ("bücher.example", "no network"),
    ],
)
def test_what_is_no_place_is_named(faults, place, said):
    (fault,) = faults(TWH_WEBHOOK_DENY=f"corp.example {place}")

    assert fault.startswith("TWH_WEBHOOK_DENY cannot be used: ")
    assert said in fault


def test_ports_are_numbers_and_spans():
    assert ports_in("443") == (range(443, 444),)
    assert ports_in("80, 443 8000-8999,65535") == (
        range(80, 81),
        range(443, 444),
        range(8000, 9000),
        range(65535, 65536),
    )


@pytest.mark.parametrize("ports", ["http", "0", "65536", "9-8", "80-", "-1", "1-2-3", "80;443", ","])
def test_what_is_no_port_is_named(faults, ports):
    (fault,) = faults(TWH_WEBHOOK_PORTS=ports)

    assert fault.startswith("TWH_WEBHOOK_PORTS cannot be used: ")
