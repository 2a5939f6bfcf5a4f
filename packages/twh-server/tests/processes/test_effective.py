"""`twh-server settings`: what is in force and where it comes from, and no secret in it."""

import json

import pytest

OLD = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
SECRETS = {
    "TWH_DATABASE_URL": "postgresql://shop:s3cret@db.example:5433/twh?sslmode=require&sslpassword=s3cret",
    "TWH_SECRETS_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "TWH_SECRETS_KEYS_OLD": f"{OLD},{OLD}",
    "TWH_RATE_LIMIT_STORE_URL": "redis://shop:s3cret@cache.example:6380/1?password=s3cret",
    "TWH_PUBLISH_URL": "kafka://shop:s3cret@a:1,b:2/news?ssl.key.password=s3cret nats://s3cret@c/twh",
}


@pytest.fixture
def shown(run):
    """What it prints, as JSON."""

    def shown(*words, **settings):
        code, printed, said = run("settings", "--json", *words, **settings)
        assert code == 0, said
        return {row["name"]: (row["value"], row["source"]) for row in json.loads(printed)["settings"]}

    return shown


def test_each_setting_has_its_value_and_its_source(shown, tmp_path):
    (tmp_path / "host").write_text("::1\n")
    rows = shown("--port", "99", TWH_HOST_FILE=str(tmp_path / "host"), TWH_PROCESSES="2")

    assert rows["TWH_HOST"] == ("::1", "file")
    assert rows["TWH_PORT"] == (99, "command line")
    assert rows["TWH_PROCESSES"] == (2, "environment")
    assert rows["TWH_DRAIN_SECONDS"] == (25, "default")
    assert rows["TWH_DATABASE_URL"] == ("not set", "default")


def test_no_secret_is_shown(run):
    for words in (["settings"], ["settings", "--json"]):
        code, printed, said = run(*words, **SECRETS)

        assert code == 0
        assert not [value for value in ("s3cret", SECRETS["TWH_SECRETS_KEY"], OLD) if value in printed + said]


def test_keys_are_told_apart_and_a_database_is_known_by_its_address(shown):
    rows = shown(**SECRETS)

    assert rows["TWH_DATABASE_URL"][0] == "set: host=db.example port=5433 dbname=twh user=shop sslmode=require"
    assert rows["TWH_SECRETS_KEY"][0] == "set: 9021dcea"
    assert rows["TWH_SECRETS_KEYS_OLD"][0].count(",") == 1
    assert "9021dcea" not in rows["TWH_SECRETS_KEYS_OLD"][0]


@pytest.mark.parametrize(
    ("url", "shown_of_it"),
    [
        ("redis://:s3cret@cache:6380/1?protocol=3", "set: redis://cache:6380/1"),
        ("valkey+sentinel://shop:s3cret@one:1,two:2/main", "set: valkey+sentinel://one:1,two:2/main"),
        ("redis+unix:///run/redis.sock?password=s3cret", "set: redis+unix:///run/redis.sock"),
        ("rediss://:s3cret@[::1]:6379", "set: rediss://[::1]:6379"),
        ("redis://:s3cret/7@cache:6379", "set"),
        ("redis://:s3cret?7@cache:6379", "set"),
        ("redis://cache:6379/0?password=7@s3cret", "set"),
        ("redis://:s3cret/7", "set"),
    ],
)
def test_a_store_is_known_by_its_address_where_that_can_be_told_from_the_rest(shown, url, shown_of_it):
    assert shown(TWH_RATE_LIMIT_STORE_URL=url)["TWH_RATE_LIMIT_STORE_URL"][0] == shown_of_it


def test_buses_are_known_by_their_addresses(shown):
    assert shown(**SECRETS)["TWH_PUBLISH_URL"][0] == "set: kafka://a:1,b:2/news nats://c/twh"
    assert shown(TWH_PUBLISH_URL="nats://c/twh kafka://a:s3/cret@b/news")["TWH_PUBLISH_URL"][0] == "set"


@pytest.mark.parametrize("secret", ["postgresql://shop:s3cret%zz@db/twh", "s3cret"])
def test_what_is_no_address_and_no_key_is_not_quoted(run, secret):
    _, printed, said = run("settings", TWH_DATABASE_URL=secret, TWH_SECRETS_KEY=secret)

    assert "s3cret" not in printed + said
    assert "set: no address" in printed
    assert "set: no key" in printed


def test_people_get_a_line_for_each_and_hear_of_misspelt_ones(run):
    code, printed, said = run("settings", TWH_PROT="1")

    assert code == 0
    assert [line.split()[0] for line in printed.splitlines()][:2] == ["TWH_DATABASE_URL", "TWH_SECRETS_KEY"]
    assert said == "twh-server: TWH_PROT is no setting, and is not read.\n"


def test_settings_that_cannot_be_used_are_all_named(run):
    code, printed, said = run("settings", TWH_PORT="x", TWH_LOG_LEVEL="loud")

    assert (code, printed) == (1, "")
    assert [line.split()[1] for line in said.splitlines()] == ["TWH_PORT", "TWH_LOG_LEVEL"]
