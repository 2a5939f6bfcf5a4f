"""What whoever runs a server does by hand: data on stdout, talk on stderr, and a next step when something is wrong."""

import json

import psycopg
import pytest

from twh_server.access.scopes import ROLES, SANDBOX_SCOPES
from twh_server.database.identifiers import TENANT

pytestmark = pytest.mark.usefixtures("address")  # migrated


def asked(address, sql, *parameters):
    with psycopg.connect(address.as_role("twh_app")) as connection:
        return connection.execute(sql, parameters).fetchall()


def test_a_tenant_is_created_and_listed(command):
    code, tenant, _ = command("tenant", "create", "Ann's shop", "--kind", "sandbox")
    _, listed, _ = command("tenant", "list")

    assert code == 0
    assert f"{tenant}  sandbox   active     Ann's shop" in listed.splitlines()


def test_a_key_is_shown_once_and_may_do_what_was_said(command, address):
    _, tenant, _ = command("tenant", "create", "Live shop")
    code, secret, said = command("key", "create", tenant, "--name", "till", "--scope", "stock:read")
    _, listed, _ = command("key", "list", tenant)

    assert code == 0
    assert secret.startswith("twh_live_")
    assert secret not in said
    assert "not shown again" in said
    assert "valid" in listed
    assert listed.endswith("till  stock:read")
    assert secret not in listed
    [(scopes,)] = asked(address, "select scopes from api_keys where name = 'till' order by id desc limit 1")
    assert scopes == ["stock:read"]


def test_a_key_without_scopes_may_do_what_a_tenant_can(command, address):
    _, tenant, _ = command("tenant", "create", "Shop")
    command("key", "create", tenant, "--name", "everything")

    [(scopes,)] = asked(address, "select scopes from api_keys where name = 'everything' order by id desc limit 1")

    assert set(scopes) == SANDBOX_SCOPES


def test_a_key_has_a_role(command, address):
    _, tenant, _ = command("tenant", "create", "Shop")
    assert command("key", "create", tenant, "--name", "back office", "--role", "admin")[0] == 0

    _, listed, _ = command("key", "list", tenant)
    [(role, scopes)] = asked(
        address, "select role, scopes from api_keys where name = 'back office' order by id desc limit 1"
    )

    assert listed.endswith("back office  admin")
    assert (role, set(scopes)) == ("admin", ROLES["admin"])


def test_a_rotated_key_goes_on_for_a_while_beside_its_successor(command):
    _, tenant, _ = command("tenant", "create", "Shop")
    _, first, _ = command("key", "create", tenant)
    old = command("key", "list", tenant)[1].split()[0]

    code, second, said = command("key", "rotate", old, "--overlap", "60")
    again, _, refused = command("key", "rotate", old)

    assert (code, second.startswith("twh_live_"), first != second) == (0, True, True)
    assert f"takes the place of {old}, which ends in 60 seconds" in said
    assert (again, f"has taken the place of {old}" in refused) == (1, True)
    assert [line.split()[1] for line in command("key", "list", tenant)[1].splitlines()] == ["valid", "valid"]


def test_a_key_is_revoked_and_stays_so(command):
    _, tenant, _ = command("tenant", "create", "Shop")
    command("key", "create", tenant)
    key = command("key", "list", tenant)[1].split()[0]

    assert command("key", "revoke", key)[0] == 0
    assert "revoked" in command("key", "list", tenant)[1]
    assert command("key", "revoke", key)[0] == 0


def test_what_the_operator_does_to_keys_is_in_the_tenants_ledger_and_names_nobody(command, postgres):
    _, tenant, _ = command("tenant", "create", "Shop")
    command("key", "create", tenant)
    key = command("key", "list", tenant)[1].split()[0]
    command("key", "rotate", key, "--overlap", "0")
    command("key", "revoke", key)

    with psycopg.connect(postgres.conninfo(user="postgres")) as connection:
        told = connection.execute(
            "select kind, actor_key from events where tenant_id = %s order by sequence", (TENANT.parse(tenant),)
        ).fetchall()

    assert told == [("key.created", None), ("key.rotated", None), ("key.created", None), ("key.revoked", None)]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["key", "create", "ten_nobody"], "No tenant has the id ten_nobody. `twh-server tenant list` shows them."),
        (["key", "list", "Ann"], "No tenant has the id Ann. `twh-server tenant list` shows them."),
        (["key", "create", "ten_x", "--scope", "stock:steal"], "There is no scope stock:steal. There are items:read, "),
        (["key", "revoke", "key_x"], "No key has the id key_x. "),
        (["key", "rotate", "key_x"], "No key has the id key_x. "),
        (["key", "rotate", "key_x", "--overlap", "-1"], "--overlap takes 0 to 604800 seconds."),
        (["key", "create", "ten_x", "--role", "king"], "There is no role king. There are owner, admin, "),
        (["key", "create", "ten_x", "--role", "admin", "--scope", "stock:read"], "Give --role or --scope"),
    ],
)
def test_what_does_not_exist_is_named(command, words, sentence):
    code, _, said = command(*words)

    assert code == 1
    assert said.startswith(f"twh-server: {sentence}")


def test_migrating_twice_does_no_harm(command):
    assert command("migrate")[0] == 0
    assert command("migrate")[0] == 0


def test_the_contract_is_printed(run):
    code, printed, _ = run("openapi")

    assert code == 0
    assert json.loads(printed)["openapi"].startswith("3.1")


def test_help_names_every_command(command):
    code, printed, _ = command("--help")

    assert code == 0
    assert all(word in printed for word in ("serve", "work", "migrate", "tenant", "key", "openapi", "sandbox"))


def test_a_word_too_few_is_a_usage_error(command):
    code, _, said = command("tenant")

    assert code == 2
    assert "ACTION" in said


def test_sealing_again_says_under_which_key_everything_is(command):
    code, printed, _ = command("reseal")

    assert code == 0
    assert printed.splitlines()[0].endswith("webhook endpoints were sealed again; the key's name is 9021dcea.")
