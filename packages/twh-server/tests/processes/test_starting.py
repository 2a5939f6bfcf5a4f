"""What hinders a start is said in one sentence, with exit code 1 and no traceback."""

import gc
import logging
import socket
import sys

import pytest

from twh_server.__main__ import main
from twh_server.processes.listening import CannotStart, listen, url_of


@pytest.fixture
def fails(monkeypatch, capsys, settings):
    """What a command says that cannot start, in this very process."""
    handlers = logging.getLogger().handlers

    def fails(*words, **more):
        for name, value in {**settings, **more}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["twh-server", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed, said = capsys.readouterr()
        assert (ended.value.code, printed) == (1, "")
        return said

    yield fails
    gc.enable()
    logging.getLogger().handlers = handlers


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"TWH_DATABASE_URL": ""}, "No database is given. Set TWH_DATABASE_URL"),
        ({"TWH_DATABASE_URL": "postgresql:///twh?host=/nowhere"}, "The database cannot be reached: "),
        ({"TWH_DATABASE_URL": "nonsense"}, "TWH_DATABASE_URL cannot be used: "),
        ({"TWH_SECRETS_KEY": ""}, "Set TWH_SECRETS_KEY, and keep it: "),
        ({"TWH_SECRETS_KEYS_OLD": "short"}, "TWH_SECRETS_KEYS_OLD cannot be used. The key of the secrets is 32 bytes"),
        ({"TWH_SECRETS_KEY_FILE": "/nowhere"}, "TWH_SECRETS_KEY and TWH_SECRETS_KEY_FILE are both given: "),
        ({"TWH_SECRETS_KEY": "short"}, "TWH_SECRETS_KEY cannot be used. The key of the secrets is 32 bytes"),
        ({"TWH_PORT": "http"}, "TWH_PORT cannot be used: "),
        ({"TWH_PORT": "99999"}, "TWH_PORT cannot be used: "),
        ({"TWH_LOG_FORMAT": "xml"}, "TWH_LOG_FORMAT cannot be used: "),
        ({"TWH_HOST": "no.such.host.invalid"}, "no.such.host.invalid is no address to listen on: "),
        ({"TWH_HOST": "192.0.2.1"}, "192.0.2.1 port "),
    ],
)
def test_what_hinders_a_start_is_one_sentence(fails, more, sentence):
    said = fails("serve", **more)

    assert said.startswith(f"twh-server: {sentence}")
    assert said.count("\n") == 1


def test_a_port_in_use_is_named(fails):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = fails("serve", "--port", str(port))

    assert (
        said == f"twh-server: Port {port} on 127.0.0.1 is in use. Stop what uses it, or choose another with --port.\n"
    )


def test_an_address_that_cannot_be_read_is_not_quoted(fails):
    said = fails("serve", TWH_DATABASE_URL="postgresql://shop:s3cret%zz@db/twh")

    assert "s3cret" not in said


def test_nobody_can_listen_on_our_port_besides():
    with listen("127.0.0.1", 0) as ours:
        port = ours.getsockname()[1]
        with pytest.raises(CannotStart):
            listen("127.0.0.1", port)

        assert url_of(ours) == f"http://127.0.0.1:{port}"


def test_a_port_is_free_again_at_once():
    with listen("127.0.0.1", 0) as ours, socket.create_connection(ours.getsockname()) as caller:
        port = ours.getsockname()[1]
        ours.accept()[0].close()
        caller.recv(1)

    listen("127.0.0.1", port).close()


@pytest.mark.parametrize(
    ("url", "client", "module"),
    [
        ("kafka://a/twh", "confluent_kafka", "kafka"),
        ("nats://a/twh", "nats", "nats"),
        ("valkey://a/twh", "redis", "redis"),
    ],
)
def test_without_its_client_it_is_said_what_a_bus_needs(command, monkeypatch, url, client, module):
    monkeypatch.setenv("TWH_PUBLISH_URL", f"{url}?name=s3cr3t")
    monkeypatch.delitem(sys.modules, f"twh_server.publishing.{module}", raising=False)
    for name in [client, *(name for name in sys.modules if name.startswith(f"{client}."))]:
        monkeypatch.setitem(sys.modules, name, None)

    for words in ("check", "work"):
        code, printed, said = command(words)
        assert code == 1
        assert f"pip install 'twh-server[{module}]'" in printed + said
        assert "s3cr3t" not in printed + said
