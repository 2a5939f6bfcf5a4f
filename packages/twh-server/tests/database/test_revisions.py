"""Which databases this code works with: at revisions that it knows, and at later ones that promise to fit it."""

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from twh_server.database.migrate import MIGRATIONS, migrate
from twh_server.database.revisions import OLDEST, REVISION, REVISIONS, Standing, standing_of

EMPTY = f"The database is empty; this server needs {REVISION}. Run `twh-server migrate` first."
OLD = f"The database is at revision 0001; this server needs {OLDEST}. Run `twh-server migrate` first."
NEW = f"The database is at revision 9999; this server knows revisions up to {REVISION}. Upgrade the server."


@pytest.fixture(scope="module")
def scripts():
    """The migrations, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return list(reversed(list(ScriptDirectory.from_config(config).walk_revisions())))


def test_the_revisions_that_code_knows_are_those_that_there_are(scripts):
    assert tuple(script.revision for script in scripts) == REVISIONS


def test_every_revision_says_from_which_code_on_it_can_be_worked_with(scripts):
    promises = [script.module.code_from for script in scripts]

    assert all(promise in REVISIONS[: place + 1] for place, promise in enumerate(promises))
    assert promises == sorted(promises)  # what older code has lost once, it does not get back


def test_a_migrated_database_tells_the_promise_of_its_newest_revision(empty, scripts):
    migrate(empty)

    assert standing_of(empty) == Standing(revision=REVISION, code_from=scripts[-1].module.code_from)


@pytest.mark.parametrize(
    ("standing", "hindrance"),
    [
        (Standing(revision=None), EMPTY),
        (Standing(revision="0001"), OLD),
        (Standing(revision="0001", code_from="0001"), OLD),
        (Standing(revision=REVISION, code_from="0001"), None),
        (Standing(revision="9999", code_from=REVISION), None),
        (Standing(revision="9999", code_from="0001"), None),
        (Standing(revision="9999", code_from="9998"), NEW),
        (Standing(revision="9999"), NEW),
    ],
)
def test_what_hinders_is_said_with_what_to_do(standing, hindrance):
    assert standing.hindrance() == hindrance
