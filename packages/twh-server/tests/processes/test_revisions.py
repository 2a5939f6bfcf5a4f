"""Old and new servers on one database: who works, who refuses, and which command is said to run."""

import json

import psycopg
import pytest
from on_postgres import BINARIES

from twh_server.database.address import Address
from twh_server.database.embedded import EmbeddedPostgres
from twh_server.database.migrate import migrate
from twh_server.database.revisions import PROMISED, REVISION, standing_of

LATER = "9999"


@pytest.fixture
async def at(postgres, superuser, settings):
    """The settings of a server on a database at a revision; a later one with or without its promise to this code."""
    await superuser.execute("create database revised")

    def at(revision, *, code_from=None):
        address = Address(postgres.conninfo(dbname="revised"))
        if revision:
            migrate(address, to="head" if revision == LATER else revision)
        if revision == LATER:
            stand(address, LATER, code_from)
        return {**settings, "TWH_DATABASE_URL": address.conninfo}

    yield at
    await superuser.execute("drop database revised with (force)")


def stand(address, revision, code_from):
    """Let a database say of itself what a later migration would have it say."""
    with psycopg.connect(address.as_login()) as connection:
        connection.execute("update alembic_version set version_num = %s", (revision,))
        connection.execute(
            PROMISED.format(code_from=code_from) if code_from else "comment on table alembic_version is null"
        )


REFUSED = [
    (None, None, f"The database is empty; this server needs {REVISION}. Run `twh-server migrate` first."),
    ("0001", None, f"The database is at revision 0001; this server needs {REVISION}. Run `twh-server migrate` first."),
    (
        LATER,
        None,
        f"The database is at revision 9999; this server knows revisions up to {REVISION}. Upgrade the server.",
    ),
    (
        LATER,
        "9998",
        f"The database is at revision 9999; this server knows revisions up to {REVISION}. Upgrade the server.",
    ),
]


@pytest.mark.parametrize("command", [["serve"], ["work"], ["tenant", "list"]], ids=lambda words: words[0])
@pytest.mark.parametrize(("revision", "code_from", "sentence"), REFUSED)
def test_a_database_that_does_not_fit_is_refused(at, run, command, revision, code_from, sentence):
    code, printed, said = run(*command, **at(revision, code_from=code_from))

    assert (code, printed, said) == (1, "", f"twh-server: {sentence}\n")


@pytest.mark.parametrize("code_from", ["0001", REVISION])
def test_a_later_database_that_promises_to_fit_is_served(at, serve, start, answers, code_from):
    there = at(LATER, code_from=code_from)
    _, url = serve(**there)
    worker = start("work", **there)

    assert answers(url)
    worker.until(lambda: "TWH works" in worker.said, "at work")


def test_an_old_server_leaves_a_later_database_as_it_is(at, run):
    there = at(LATER, code_from=REVISION)
    code, printed, _ = run("migrate", **there)

    assert (code, printed) == (
        0,
        "The database is at revision 9999, which is newer than this server and works with it.\n",
    )
    assert standing_of(Address(there["TWH_DATABASE_URL"])).revision == LATER


def test_an_old_server_does_not_migrate_what_left_it_behind(at, run):
    code, printed, said = run("migrate", **at(LATER))

    assert (code, printed) == (1, "")
    assert said == (
        f"twh-server: The database is at revision 9999; this server knows revisions up to {REVISION}. "
        "Upgrade the server.\n"
    )


def test_migrating_brings_an_old_database_to_the_newest_revision(at, run, serve, answers):
    there = at("0001")
    code, printed, _ = run("migrate", **there)
    _, url = serve(**there)

    assert (code, printed) == (0, f"The database is at revision {REVISION}.\n")
    assert answers(url)


@pytest.fixture
def kept(folder):
    """Makes the database of a sandbox that was stopped, as `make` would have left it."""

    def kept(make):
        folder.mkdir()
        folder.chmod(0o755)
        with EmbeddedPostgres(folder / "postgres", binaries=BINARIES) as postgres:
            make(Address(postgres.conninfo()))

    return kept


def test_a_sandbox_migrates_its_own_old_database(kept, folder, start):
    kept(lambda address: migrate(address, to="0001"))
    program = start("sandbox", "--folder", str(folder))
    state = program.until(lambda: (folder / "state.json").exists() and (folder / "state.json").read_text(), "ready")

    assert standing_of(Address(json.loads(state)["database_url"])).revision == REVISION


def test_a_sandbox_of_a_later_server_is_refused(kept, folder, run):
    def later(address):
        migrate(address)
        stand(address, LATER, None)

    kept(later)
    code, _, said = run("sandbox", "--folder", str(folder))

    assert code == 1
    assert said.endswith(f"this server knows revisions up to {REVISION}. Upgrade the server.\n")
