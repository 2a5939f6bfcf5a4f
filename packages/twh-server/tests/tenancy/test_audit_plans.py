"""The audit log goes by its own indexes, under row security and as the application's role, among very many entries."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from twh_server.database.address import Address
from twh_server.database.identifiers import fresh
from twh_server.database.migrate import migrate
from twh_server.tenancy import audit

FILL = """
with busy as (
    insert into tenants (id, name, kind, created_at) values (%(tenant)s, 'Busy', 'live', now()) returning id
)
insert into events (tenant_id, sequence, id, kind, body, recorded_at, actor_key, subject)
select busy.id, n, gen_random_uuid(), 'entry.recorded', '{}', now(), gen_random_uuid(),
       case when n %% 100 = 0 then gen_random_uuid() end
from busy, generate_series(1, 20000) as n
"""

NOW = datetime.now(UTC)
VALUES = {
    "before": 2**63 - 1,
    "limit": 51,
    "actor": uuid4(),
    "subject": uuid4(),
    "since": NOW - timedelta(days=10),
    "since_id": fresh(),
    "until": NOW + timedelta(days=1),
    "until_id": fresh(),
}

LOGS = {
    "all": ((), {"events_audited"}),
    "by a key": ((audit.BY_ACTOR,), {"events_by_actor"}),
    "of a thing": ((audit.BY_SUBJECT,), {"events_by_subject"}),
    "since": ((audit.SINCE,), {"events_audited", "event_id_is_unique"}),
    "until": ((audit.UNTIL,), {"events_audited", "event_id_is_unique"}),
    # Which of the two is entered depends on how many changes the key made, and how many there were on those days.
    "by a key of some days": (
        (audit.BY_ACTOR, audit.SINCE, audit.UNTIL),
        {"events_by_actor", "events_audited", "event_id_is_unique"},
    ),
}


@pytest.fixture(scope="module")
def explain(postgres):
    """The plan of a page of the log, in a database that has nothing but one busy tenant."""
    tenant = fresh()
    with psycopg.connect(postgres.conninfo(user="postgres"), autocommit=True) as superuser:
        superuser.execute("create database audited")
        address = Address(postgres.conninfo(dbname="audited"))
        migrate(address)
        with psycopg.connect(address.as_login(), autocommit=True) as filling:
            filling.execute(FILL, {"tenant": tenant})
            filling.execute("analyze events")

        def explain(*conditions):
            text = audit.CHANGES + "  and ".join(["", audit.BEFORE, *conditions]) + audit.PAGE
            with psycopg.connect(address.as_role("twh_app")) as reader:
                reader.execute("select set_config('twh.tenant', %s, true)", (str(tenant),))
                ((plan,),) = reader.execute(f"explain (format json) {text}", {**VALUES, "tenant": tenant}).fetchall()
            return plan[0]["Plan"]

        yield explain
        superuser.execute("drop database audited with (force)")


def nodes(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.mark.parametrize(("conditions", "indexes"), LOGS.values(), ids=LOGS)
def test_a_page_of_the_log_is_read_from_an_index_of_changes(explain, conditions, indexes):
    plan = list(nodes(explain(*conditions)))

    entered = {node["Index Name"] for node in plan if "Index Name" in node}

    assert entered
    assert entered <= indexes
    assert not [node for node in plan if node["Node Type"] in {"Seq Scan", "Sort"}]


@pytest.mark.parametrize(
    ("conditions", "column"), [((), "sequence"), ((audit.BY_ACTOR,), "actor_key"), ((audit.BY_SUBJECT,), "subject")]
)
def test_the_index_is_entered_by_what_is_asked(explain, conditions, column):
    entered = [node.get("Index Cond", "") for node in nodes(explain(*conditions))]

    assert any(re.search(rf"\({column} [<=]", condition) for condition in entered)
    assert all("tenant_id" in condition for condition in entered if condition)
