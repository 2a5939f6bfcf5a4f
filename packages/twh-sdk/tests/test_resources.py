"""Each method asks what the contract says: method, address, query, body."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from twh import models

LINE = {"item": "A", "location": "B", "quantity": "1"}
ONE = {"item": "A", "location": "B", "quantity": 1}
NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
A_BLOCK = models.Block(first_sequence=8, last_sequence=9, previous_hash="cd" * 32, hash="ab" * 32, recorded_at=NOON)
NOON_TEXT = "2026-05-10T12:00:00Z"


def asked(call):
    """What the client would send, without sending it."""
    return call.method, call.path, dict(call.query), call.body


class Describe:
    """Stands where a client stands and hands back the calls: `Describe().items.get("A")`."""

    def __getattr__(self, noun):
        from twh import resources

        resource = getattr(resources, noun.title().replace("_", ""))
        return Methods(resource)


class Methods:
    def __init__(self, resource):
        self.resource = resource

    def __getattr__(self, verb):
        described = getattr(self.resource, verb)
        return lambda *args, **kwargs: described.describe(None, *args, **kwargs)


client = Describe()


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            client.items.create(sku="A", name="N", reorder_point=None, scale=2),
            ("POST", "/v1/items", {}, {"sku": "A", "name": "N", "scale": 2, "reorder_point": None}),
        ),
        (
            client.items.list(archived=True, barcode="1", page_size=5),
            ("GET", "/v1/items", {"barcode": "1", "archived": "true", "limit": "5"}, None),
        ),
        (client.items.update("A", reorder_point="2.5"), ("PATCH", "/v1/items/A", {}, {"reorder_point": "2.5"})),
        (client.items.archive("A"), ("POST", "/v1/items/A/archive", {}, None)),
        (
            client.items.list(search="red shi*", tag="sale", attribute=("colour", "blue"), changed_since=NOON),
            (
                "GET",
                "/v1/items",
                {"search": "red shi*", "tag": "sale", "attribute": "colour:blue", "changed_since": NOON_TEXT},
                None,
            ),
        ),
        (
            client.items.put("A", name="N", packs=[{"name": "case", "quantity": 12}], tags=["t"]),
            ("PUT", "/v1/items/A", {}, {"name": "N", "packs": [{"name": "case", "quantity": "12"}], "tags": ["t"]}),
        ),
        (
            client.movements.batch([{"kind": "receipt", "lines": [ONE], "idempotency_key": "k"}]),
            (
                "POST",
                "/v1/movements/batch",
                {},
                {"entries": [{"idempotency_key": "k", "entry": {"kind": "receipt", "lines": [LINE]}}]},
            ),
        ),
        (client.items.restore("A"), ("POST", "/v1/items/A/restore", {}, None)),
        (client.locations.put("B", name="N", parent="C"), ("PUT", "/v1/locations/B", {}, {"name": "N", "parent": "C"})),
        (client.locations.update("B", parent=None), ("PATCH", "/v1/locations/B", {}, {"parent": None})),
        (client.locations.list(within="C"), ("GET", "/v1/locations", {"within": "C"}, None)),
        (client.locations.restore("B"), ("POST", "/v1/locations/B/restore", {}, None)),
        (
            client.stock.list(location="C", within=True),
            ("GET", "/v1/stock", {"location": "C", "within": "true"}, None),
        ),
        (
            client.stock.get("A", at="B", as_of=NOON, clock="occurred"),
            ("GET", "/v1/stock/A/B", {"as_of": NOON_TEXT, "clock": "occurred"}, None),
        ),
        (client.stock.list(as_of=NOON), ("GET", "/v1/stock", {"as_of": NOON_TEXT}, None)),
        (client.stock.totals(location="C"), ("GET", "/v1/stock/totals", {"location": "C"}, None)),
        (
            client.movements.receive(**ONE, pack="case"),
            ("POST", "/v1/movements", {}, {"kind": "receipt", "lines": [{**LINE, "pack": "case"}]}),
        ),
        (client.locations.create(code="B", name="N"), ("POST", "/v1/locations", {}, {"code": "B", "name": "N"})),
        (client.locations.get("B"), ("GET", "/v1/locations/B", {}, None)),
        (client.locations.update("B", name="M"), ("PATCH", "/v1/locations/B", {}, {"name": "M"})),
        (client.locations.archive("B"), ("POST", "/v1/locations/B/archive", {}, None)),
        (
            client.movements.receive(**ONE, reference="PO-77", occurred_at=NOON),
            (
                "POST",
                "/v1/movements",
                {},
                {
                    "kind": "receipt",
                    "reference": {"type": "reference", "id": "PO-77"},
                    "occurred_at": NOON_TEXT,
                    "lines": [LINE],
                },
            ),
        ),
        (
            client.movements.issue(**ONE, force=True, reference={"type": "order", "id": "7"}, expected={"on_hand": 3}),
            (
                "POST",
                "/v1/movements",
                {},
                {
                    "kind": "issue",
                    "reference": {"type": "order", "id": "7"},
                    "force": True,
                    "lines": [{**LINE, "expected": {"on_hand": "3"}}],
                },
            ),
        ),
        (
            client.movements.return_(lines=[ONE, {**ONE, "quantity": Decimal("2.5")}]),
            ("POST", "/v1/movements", {}, {"kind": "return", "lines": [LINE, {**LINE, "quantity": "2.5"}]}),
        ),
        (
            client.movements.adjust(**{**ONE, "quantity": -2}, reason="damaged"),
            (
                "POST",
                "/v1/movements",
                {},
                {"kind": "adjustment", "reason": "damaged", "lines": [{**LINE, "quantity": "-2"}]},
            ),
        ),
        (
            client.movements.transfer(item="A", source="B", target="C", quantity=1, expected={"version": 4}),
            (
                "POST",
                "/v1/movements",
                {},
                {
                    "kind": "transfer",
                    "lines": [{"item": "A", "source": "B", "target": "C", "quantity": "1", "expected": {"version": 4}}],
                },
            ),
        ),
        (
            client.movements.count(**ONE, record_unchanged=True),
            ("POST", "/v1/movements", {}, {"kind": "count", "record_unchanged": True, "lines": [LINE]}),
        ),
        (
            client.movements.record(kind="issue", lines=iter([ONE])),
            ("POST", "/v1/movements", {}, {"kind": "issue", "lines": [LINE]}),
        ),
        (
            client.movements.list(item="A", recorded_from=NOON, order="asc", after_sequence=3),
            (
                "GET",
                "/v1/movements",
                {"item": "A", "recorded_from": NOON_TEXT, "after_sequence": "3", "order": "asc"},
                None,
            ),
        ),
        (client.movements.get("mov_1"), ("GET", "/v1/movements/mov_1", {}, None)),
        (client.entries.get("ent_1"), ("GET", "/v1/entries/ent_1", {}, None)),
        (client.entries.list(kind="issue"), ("GET", "/v1/entries", {"kind": "issue"}, None)),
        (
            client.entries.reverse("ent_1", reason="wrong bin"),
            ("POST", "/v1/entries/ent_1/reverse", {}, {"reason": "wrong bin"}),
        ),
        (
            client.stock.list(below_reorder_point=True, changed_since=NOON),
            ("GET", "/v1/stock", {"below_reorder_point": "true", "changed_since": NOON_TEXT}, None),
        ),
        (client.events.get("evt_1"), ("GET", "/v1/events/evt_1", {}, None)),
        (
            client.events.page(after=3, wait=10, types=["stock.low"]),
            ("GET", "/v1/events", {"after": "3", "types": "stock.low", "wait": "10"}, None),
        ),
        (
            client.webhooks.create(url="http://x", kinds=["stock.low"]),
            ("POST", "/v1/webhook-endpoints", {}, {"url": "http://x", "kinds": ["stock.low"]}),
        ),
        (client.webhooks.get("whe_1"), ("GET", "/v1/webhook-endpoints/whe_1", {}, None)),
        (client.webhooks.list(), ("GET", "/v1/webhook-endpoints", {}, None)),
        (
            client.webhooks.update("whe_1", enabled=False),
            ("PATCH", "/v1/webhook-endpoints/whe_1", {}, {"enabled": False}),
        ),
        (
            client.webhooks.rotate_secret("whe_1", overlap_seconds=timedelta(hours=2)),
            ("POST", "/v1/webhook-endpoints/whe_1/rotate-secret", {}, {"overlap_seconds": 7200}),
        ),
        (client.webhooks.rotate_secret("whe_1"), ("POST", "/v1/webhook-endpoints/whe_1/rotate-secret", {}, {})),
        (
            client.api_keys.create(name="till", scopes=["stock:read"], expires_at=NOON),
            ("POST", "/v1/api-keys", {}, {"name": "till", "scopes": ["stock:read"], "expires_at": NOON_TEXT}),
        ),
        (
            client.api_keys.create(name="Ann", role="viewer", expires_at=None),
            ("POST", "/v1/api-keys", {}, {"name": "Ann", "role": "viewer", "expires_at": None}),
        ),
        (client.api_keys.get("key_1"), ("GET", "/v1/api-keys/key_1", {}, None)),
        (client.api_keys.list(page_size=5), ("GET", "/v1/api-keys", {"limit": "5"}, None)),
        (client.api_keys.update("key_1", name="x"), ("PATCH", "/v1/api-keys/key_1", {}, {"name": "x"})),
        (
            client.api_keys.update("key_1", expires_at=None),
            ("PATCH", "/v1/api-keys/key_1", {}, {"expires_at": None}),
        ),
        (
            client.api_keys.rotate("key_1", overlap_seconds=60),
            ("POST", "/v1/api-keys/key_1/rotate", {}, {"overlap_seconds": 60}),
        ),
        (client.api_keys.rotate("key_1"), ("POST", "/v1/api-keys/key_1/rotate", {}, {})),
        (client.api_keys.revoke("key_1"), ("POST", "/v1/api-keys/key_1/revoke", {}, None)),
        (client.webhooks.delete("whe_1"), ("DELETE", "/v1/webhook-endpoints/whe_1", {}, None)),
        (
            client.webhooks.deliveries(endpoint="whe_1", state="failed"),
            ("GET", "/v1/deliveries", {"endpoint": "whe_1", "state": "failed"}, None),
        ),
        (
            client.webhooks.deliveries(types=["stock.low"], since=NOON, until=NOON, replay="job_1"),
            (
                "GET",
                "/v1/deliveries",
                {"types": "stock.low", "since": NOON_TEXT, "until": NOON_TEXT, "replay": "job_1"},
                None,
            ),
        ),
        (client.replays.get("job_1"), ("GET", "/v1/replays/job_1", {}, None)),
        (client.replays.list(state="running"), ("GET", "/v1/replays", {"state": "running"}, None)),
        (client.replays.cancel("job_1"), ("POST", "/v1/replays/job_1/cancel", {}, None)),
        (client.replays.resume("job_1"), ("POST", "/v1/replays/job_1/resume", {}, None)),
        (client.webhooks.health("whe_1"), ("GET", "/v1/webhook-endpoints/whe_1/health", {}, None)),
        (client.webhooks.delivery("dlv_1"), ("GET", "/v1/deliveries/dlv_1", {}, None)),
        (client.webhooks.attempts("dlv_1"), ("GET", "/v1/deliveries/dlv_1/attempts", {}, None)),
        (client.idempotency.get("po/77"), ("GET", "/v1/idempotency-keys/po%2F77", {}, None)),
        (client.ledger.verify(), ("POST", "/v1/ledger/verify", {}, None)),
        (client.ledger.verify(against=A_BLOCK), ("POST", "/v1/ledger/verify", {"against": "9:" + "ab" * 32}, None)),
        (client.ledger.blocks(page_size=1), ("GET", "/v1/ledger/blocks", {"limit": "1"}, None)),
        (client.settings.get(), ("GET", "/v1/settings", {}, None)),
        (
            client.settings.update(oversell=True, occurred_at_back_days=None, adjustment_reasons=["damaged"]),
            (
                "PATCH",
                "/v1/settings",
                {},
                {"oversell": True, "occurred_at_back_days": None, "adjustment_reasons": ["damaged"]},
            ),
        ),
        (
            client.audit_log.list(actor="key_1", kind="item.updated", subject="itm_1", since=NOON, page_size=5),
            (
                "GET",
                "/v1/audit-log",
                {
                    "actor": "key_1",
                    "kind": "item.updated",
                    "subject": "itm_1",
                    "since": NOON_TEXT,
                    "limit": "5",
                },
                None,
            ),
        ),
        (client.sandboxes.create(name="mine"), ("POST", "/v1/sandboxes", {}, {"name": "mine"})),
        (client.tenant.get(), ("GET", "/v1/tenant", {}, None)),
    ],
    ids=lambda value: value.path if hasattr(value, "path") else "",
)
def test_a_method_asks_what_the_contract_says(call, expected):
    assert asked(call) == expected


def test_a_version_travels_as_if_match(server, item):
    server.will(server.answer(200, item))

    server.client().items.update("A", name="B", if_match='"v1"')

    assert server.asked[0].headers["if-match"] == '"v1"'


def test_a_count_that_finds_what_the_ledger_says_is_none(server):
    server.will(server.answer(204))

    assert server.client().movements.count(item="A", location="B", quantity=1) is None


def test_verifying_changes_nothing_and_so_needs_no_key(server):
    fine = dict.fromkeys(("blocks", "events", "entries", "movements", "levels", "last_sequence"), 0)
    server.will(server.answer(200, {"ok": True, **fine, "digest": None, "fault": None}))

    assert server.client().ledger.verify().ok
    assert server.asked[0].key is None


def test_a_key_that_nobody_knows_is_none(server):
    server.will(server.problem(404, "idempotency_key_not_found"))

    assert server.client().idempotency.get("po-77") is None


def test_what_a_key_was_answered_is_told(server):
    record = {"key": "po-77", "status": 204, "headers": {}, "body": None, "entry": None, "recorded_at": NOON_TEXT}
    server.will(server.answer(200, record))

    found = server.client().idempotency.get("po-77")

    assert isinstance(found, models.KeyRecord)
    assert found.recorded_at == NOON


def test_an_overlap_of_half_a_second_is_refused_at_the_call_site():
    with pytest.raises(ValueError, match="whole seconds"):
        client.api_keys.rotate("key_1", overlap_seconds=timedelta(seconds=0.5))


def test_a_secret_is_not_shown_where_a_key_is_printed(server):
    key = dict.fromkeys(("role", "expires_at", "revoked_at", "last_used_at", "successor"))
    key |= {"id": "key_1", "name": "till", "scopes": [], "version": 1, "etag": '"ak1"', "created_at": NOON_TEXT}
    server.will(server.answer(201, {**key, "secret": "twh_test_told_once"}))

    made = server.client().api_keys.create(name="till", scopes=["stock:read"])

    assert made.secret == "twh_test_told_once"
    assert "told_once" not in f"{made} {made!r}"


def test_creating_only_travels_as_if_none_match(server, item):
    server.will(server.answer(201, item))
    server.client().items.put("A", name="N", create_only=True)

    assert server.asked[0].headers["if-none-match"] == "*"
