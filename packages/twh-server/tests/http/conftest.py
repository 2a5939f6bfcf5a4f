"""Every operation as a request that works: a shop with one of everything in it, and a body for each operation."""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import quote
from uuid import uuid4

import jsonschema_rs
import pytest
import pytest_asyncio

from twh_server.access.keys import create_key
from twh_server.access.scopes import ALL_SCOPES
from twh_server.access.tenants import Tenant
from twh_server.database.identifiers import DELIVERY, ENDPOINT, EVENT, TENANT, DeliveryId, fresh
from twh_server.http import openapi
from twh_server.http.operations import OPERATIONS
from twh_server.http.refused import answers_of

BODIES = {
    "items.create": {"sku": "plums", "name": "Plums", "barcodes": ["4006381333931"], "reorder_point": "5"},
    "items.put": {"name": "Green apples", "packs": [{"name": "case", "quantity": "12"}], "tags": ["fruit"]},
    "items.update": {"name": "Red apples"},
    "items.batch": {"items": [{"sku": "plums", "name": "Plums"}, {"sku": "", "name": "?"}, {"sku": "figs"}]},
    "locations.create": {"code": "BIN", "name": "Bin"},
    "locations.put": {"name": "Main hall", "kind": "store"},
    "locations.update": {"name": "Main hall"},
    "movements.record": {
        "kind": "receipt",
        "lines": [{"item": "apples", "location": "MAIN", "quantity": "2", "expected": {"version": 1}}],
    },
    "movements.batch": {
        "entries": [
            {
                "idempotency_key": "row-1",
                "entry": {"kind": "receipt", "lines": [{"item": "apples", "location": "MAIN", "quantity": "2"}]},
            },
            {"idempotency_key": "row-2", "entry": {"kind": "issue", "lines": []}},
        ]
    },
    "entries.reverse": {"reason": "wrong bin"},
    "checkpoints.set": {"sequence": 5},
    "webhooks.create": {"url": "https://example.com/hook"},
    "webhooks.update": {"description": "ours"},
    "webhooks.replay": {"which": "failed", "first_sequence": 1},
    "settings.update": {"oversell": True, "adjustment_reasons": ["damaged", "found"]},
    "webhooks.rotate_secret": {"overlap_seconds": 60},
    "api_keys.create": {"name": "porter", "scopes": ["keys:write"]},
    "api_keys.update": {"name": "night porter"},
    "api_keys.rotate": {"overlap_seconds": 60},
    "sandboxes.create": {"name": "Ann's sandbox"},
}

ADD_DELIVERY = """
insert into deliveries (tenant_id, id, endpoint_id, sequence, event_id, event_kind, state, attempts, created_at)
values (%s, %s, %s, 5, %s, 'entry.recorded', 'failed', 1, now())
"""

ADD_ATTEMPT = """
insert into delivery_attempts (tenant_id, delivery_id, number, at, status, milliseconds)
values (%s, %s, 1, now(), 503, 12)
"""


@dataclass
class Asked:
    """A request to one operation that can be changed before it is sent."""

    operation: object
    path: str
    headers: dict = field(default_factory=dict)
    query: str = ""
    content: bytes = b""

    async def send(self, client):
        target = f"{self.path}?{self.query}" if self.query else self.path
        return await client.request(self.operation.method, target, headers=self.headers, content=self.content)


def path_of(operation, things):
    return re.sub(r"{(\w+)}", lambda found: quote(things[found[1]], safe=""), operation.path)


def request_for(operation, things, *, key=None, secret=None, body=None, **more):
    """A request that works."""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    content = b""
    if operation.body:
        headers["Content-Type"] = "application/json"
        content = json.dumps(BODIES[operation.id] if body is None else body).encode()
    if operation.key == "required":
        headers["Idempotency-Key"] = key or str(uuid4())
    asked = Asked(operation, path_of(operation, things), headers=headers, content=content)
    for name, value in more.items():
        setattr(asked, name, value)
    return asked


OPERATION = {operation.id: operation for operation in OPERATIONS}


@pytest.fixture
def request_of(things):
    """A request that works, by the operation's id."""

    def make(operation_id, **more):
        return request_for(OPERATION[operation_id], things, **more)

    return make


@pytest.fixture
def asked(things):
    """A request that works, of an operation."""
    return lambda operation, **more: request_for(operation, things, **more)


@pytest.fixture
async def things(application, stockroom):
    """One of everything that a path can name: name → id."""
    return await one_of_everything(application, stockroom)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def standing_things(application, standing):
    """The same of the shop that nobody changes."""
    return await one_of_everything(application, standing)


async def one_of_everything(application, stockroom):
    shop, headers = stockroom.shop, stockroom.shop.headers
    entry = await stockroom.receive("apples", 5)
    ((event,),) = await stockroom.rows("select id from events where tenant_id = %(tenant)s and sequence = 5")
    level = await stockroom.level("apples")
    body = BODIES["webhooks.create"]
    endpoint = (await application.post("/v1/webhook-endpoints", json=body, headers=headers)).json()["id"]
    delivery = DeliveryId(fresh())
    async with stockroom.database.workers.connection() as worker:
        await worker.execute(ADD_DELIVERY, (shop.tenant, delivery, ENDPOINT.parse(endpoint), event))
        await worker.execute(ADD_ATTEMPT, (shop.tenant, delivery))
    replay = (await application.post("/v1/replays", json=BODIES["webhooks.replay"], headers=headers)).json()["id"]
    body = BODIES["api_keys.create"]
    api_key = (await application.post("/v1/api-keys", json=body, headers=headers)).json()["id"]
    await application.put("/v1/checkpoints/shipping", json={"sequence": 4}, headers=headers)
    body, key = {"sku": "pears", "name": "Pears"}, "a/used_key?"
    await application.post("/v1/items", json=body, headers={**headers, "Idempotency-Key": key})
    return {
        "item": level.item.id,
        "location": level.location.id,
        "movement": entry.movements[0].id,
        "entry": entry.id,
        "event": EVENT.text(event),
        "event_type": "stock.low",
        "checkpoint": "shipping",
        "endpoint": endpoint,
        "delivery": DELIVERY.text(delivery),
        "replay": replay,
        "api_key": api_key,
        "key": key,
    }


@pytest.fixture(scope="session", autouse=True)
def every_answer_is_documented(application):
    """Whatever any test here is answered is held against openapi.json: its status, its code, its headers and its body."""
    application.event_hooks["response"].append(Documented().check)


class Documented:
    """The contract, as something to hold answers against."""

    def __init__(self):
        self.document = json.loads(openapi.encoded())
        self.validators = {}
        self.templates = {
            re.compile(re.sub(r"{\w+}", "[^/]+", operation.path)): operation
            # what has its own path goes before what a variable part would take
            for operation in sorted(OPERATIONS, key=lambda one: one.path.count("{"))
        }

    async def check(self, response):
        await response.aread()
        path = response.request.url.raw_path.partition(b"?")[0].decode()
        method = response.request.method.replace("HEAD", "GET")
        paths = [one for template, one in self.templates.items() if template.fullmatch(path)]
        operation = next(
            (one for one in OPERATIONS if paths and (one.method, one.path) == (method, paths[0].path)), None
        )
        if operation is None:
            return  # no operation: the router's own answers
        told = self.document["paths"][operation.path][method.lower()]["responses"]
        asked = f"{operation.id} answered {response.status_code}"
        assert str(response.status_code) in told, f"{asked}, which openapi.json does not say"
        if response.headers.get("content-type") == "application/problem+json" and response.content:
            code = response.json()["code"]
            assert (response.status_code, code) in answers_of(operation), f"{asked} {code}: add it to its refusals"
        if response.content:
            self.validator(told[str(response.status_code)], response).validate(response.json())

    def validator(self, told, response):
        schema = told["content"][response.headers["content-type"]]["schema"]
        name = json.dumps(schema)
        if name not in self.validators:
            whole = {**schema, "components": self.document["components"]}
            self.validators[name] = jsonschema_rs.validator_for(whole, validate_formats=True)
        return self.validators[name]


@pytest.fixture
def key_with(database, shop):
    """The secret of a key of the shop with some scopes."""

    async def key_with(scopes):
        tenant = Tenant(id=TENANT.text(shop.tenant), name="Shop", kind="sandbox", created_at=None)
        async with database.transaction() as tx:
            return (await create_key(tx, tenant, name="narrow", scopes=scopes)).secret

    return key_with


@pytest.fixture
def all_scopes():
    return ALL_SCOPES


@pytest.fixture
def problem():
    """What every refusal has to be, and its code."""

    def check(answer, status=None, code=None):
        body = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "code", "request_id"} <= set(body)
        assert body["status"] == answer.status_code < 500
        assert body["request_id"] == answer.headers["twh-request-id"]
        assert body["type"].endswith(f"#{body['code']}")
        assert (status or answer.status_code, code or body["code"]) == (answer.status_code, body["code"])
        return body

    return check


def pytest_generate_tests(metafunc):
    """A test that asks for an `operation` and does not say which is run for every one."""
    marks = metafunc.definition.iter_markers("parametrize")
    said = {name for mark in marks for name in ([mark.args[0]] if isinstance(mark.args[0], str) else mark.args[0])}
    if "operation" in metafunc.fixturenames and "operation" not in said:
        metafunc.parametrize("operation", OPERATIONS, ids=[one.id for one in OPERATIONS])
