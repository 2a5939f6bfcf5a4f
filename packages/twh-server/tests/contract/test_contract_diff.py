"""The contract diff finds each sort of change that breaks programs, lets the others pass, and asks the changelog about the rest."""

import copy
import importlib.util
from pathlib import Path

import pytest

COMMAND = Path(__file__).parents[2] / "contract_diff.py"


@pytest.fixture(scope="module")
def diff():
    found = importlib.util.spec_from_file_location("contract_diff", COMMAND)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def ref(name):
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


CONTRACT = {
    "paths": {
        "/v1/items": {
            "post": {
                "operationId": "items.create",
                "description": "Needs the scope `items:write`.",
                "parameters": [
                    {"in": "header", "name": "If-Match", "required": False, "schema": {"type": "string"}},
                ],
                "requestBody": {"required": True, "content": ref("NewItem")},
                "responses": {"201": {"content": ref("Item")}, "409": {"content": {}}},
            },
            "get": {
                "operationId": "items.list",
                "description": "Needs the scope `items:read`.",
                "parameters": [
                    {"in": "query", "name": "limit", "schema": {"type": "integer", "minimum": 1, "maximum": 200}},
                    {"in": "query", "name": "state", "schema": {"enum": ["any", "none"]}},
                ],
                "responses": {"200": {"content": ref("ItemList")}},
            },
            "delete": {"operationId": "items.clear", "parameters": [], "responses": {"204": {}}},
        }
    },
    "webhooks": {"item.created": {"post": {"requestBody": {"content": ref("Item")}}}},
    "components": {
        "schemas": {
            "NewItem": {
                "type": "object",
                "required": ["sku"],
                "properties": {
                    "sku": {"type": "string", "maxLength": 64},
                    "scale": {"type": "integer", "maximum": 9},
                    "weight": {"type": "number"},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "tags": {"type": "array", "maxItems": 20, "items": {"type": "string"}},
                },
            },
            "Item": {
                "type": "object",
                "required": ["id", "at", "parent"],
                "properties": {
                    "id": {"type": "string"},
                    "at": {"type": "string", "format": "date-time"},
                    "kind": {"enum": ["a", "b"]},
                    "parent": {"anyOf": [{"$ref": "#/components/schemas/Item"}, {"type": "null"}]},
                    "count": {"type": "integer"},
                },
            },
            "ItemList": {
                "type": "object",
                "required": ["data"],
                "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}},
            },
        }
    },
}


class Now:
    """The contract as it is now, in the hands of a change."""

    def __init__(self):
        self.contract = copy.deepcopy(CONTRACT)
        self.items = self.contract["paths"]["/v1/items"]
        self.asked = self.contract["components"]["schemas"]["NewItem"]
        self.told = self.contract["components"]["schemas"]["Item"]

    def optional(self, name, where="query"):
        return {"in": where, "name": name, "schema": {"type": "string"}}


BREAKING = {
    "an operation is gone": (lambda now: now.items.pop("delete"), "items.clear"),
    "an operation has moved": (lambda now: now.contract["paths"].update({"/v1/goods": now.contract["paths"].pop("/v1/items")}), "items.create"),
    "another scope is needed": (lambda now: now.items["get"].update(description="Needs the scope `stock:read`."), "items.list"),
    "a parameter is gone": (lambda now: now.items["get"]["parameters"].pop(1), "items.list.query.state"),
    "a parameter is required": (lambda now: now.items["post"]["parameters"][0].update(required=True), "items.create.header.If-Match"),
    "a new parameter is required": (lambda now: now.items["get"]["parameters"].append({**now.optional("shop"), "required": True}), "items.list.query.shop"),
    "a parameter's limit is lower": (lambda now: now.items["get"]["parameters"][0]["schema"].update(maximum=100), "items.list.query.limit"),
    "a parameter's value is gone": (lambda now: now.items["get"]["parameters"][1]["schema"].update(enum=["any"]), "items.list.query.state"),
    "a body is needed": (lambda now: now.items["delete"].update(requestBody={"required": True, "content": ref("NewItem")}), "items.clear"),
    "a body is taken no more": (lambda now: now.items["post"].pop("requestBody"), "items.create"),
    "a status is gone": (lambda now: now.items["post"]["responses"].pop("409"), "items.create.409"),
    "another success": (lambda now: now.items["post"]["responses"].update({"202": {}}), "items.create.202"),
    "an answer has no body any more": (lambda now: now.items["get"]["responses"].update({"200": {}}), "items.list.200"),
    "a field that is sent is gone": (lambda now: now.asked["properties"].pop("scale"), "NewItem.scale"),
    "a field has to be sent": (lambda now: now.asked["required"].append("scale"), "NewItem.scale"),
    "a new field has to be sent": (lambda now: (now.asked["required"].append("unit"), now.asked["properties"].update(unit={"type": "string"})), "NewItem.unit"),
    "a field is shorter": (lambda now: now.asked["properties"]["sku"].update(maxLength=32), "NewItem.sku"),
    "a field has a least length": (lambda now: now.asked["properties"]["sku"].update(minLength=3), "NewItem.sku"),
    "a field has a pattern": (lambda now: now.asked["properties"]["sku"].update(pattern="^[A-Z]"), "NewItem.sku"),
    "a field takes only some values": (lambda now: now.asked["properties"]["sku"].update(enum=["A"]), "NewItem.sku"),
    "a field that is sent has another type": (lambda now: now.asked["properties"]["scale"].update(type="string"), "NewItem.scale"),
    "a number has to be whole": (lambda now: now.asked["properties"]["weight"].update(type="integer"), "NewItem.weight"),
    "null is taken no more": (lambda now: now.asked["properties"].update(note={"type": "string"}), "NewItem.note"),
    "a list is shorter": (lambda now: now.asked["properties"]["tags"].update(maxItems=5), "NewItem.tags"),
    "what stands in a list has another type": (lambda now: now.asked["properties"]["tags"].update(items={"type": "integer"}), "NewItem.tags[]"),
    "a field of an answer is gone": (lambda now: now.told["properties"].pop("id"), "Item.id"),
    "a field of an answer may be missing": (lambda now: now.told["required"].remove("id"), "Item.id"),
    "a field of an answer may be null": (lambda now: now.told["properties"].update(id={"anyOf": [{"type": "string"}, {"type": "null"}]}), "Item.id"),
    "a field of an answer has another type": (lambda now: now.told["properties"]["count"].update(type="string"), "Item.count"),
    "a whole number of an answer has a fraction": (lambda now: now.told["properties"]["count"].update(type="number"), "Item.count"),
    "a time is no time any more": (lambda now: now.told["properties"]["at"].pop("format"), "Item.at"),
    "a value of an answer is gone": (lambda now: now.told["properties"]["kind"].update(enum=["a"]), "Item.kind"),
    "an event is told no more": (lambda now: now.contract["webhooks"].clear(), "item.created"),
}  # fmt: skip

ADDITIVE = {
    "nothing": lambda _: None,
    "a new operation": lambda now: now.items.update(put={"operationId": "items.put", "parameters": [], "responses": {}}),
    "a new optional parameter": lambda now: now.items["get"]["parameters"].append(now.optional("tag")),
    "a higher limit": lambda now: now.items["get"]["parameters"][0]["schema"].update(maximum=500, minimum=0),
    "a new value of a parameter": lambda now: now.items["get"]["parameters"][1]["schema"]["enum"].append("some"),
    "a new optional field": lambda now: now.asked["properties"].update(unit={"type": "string"}),
    "a longer field": lambda now: now.asked["properties"]["sku"].update(maxLength=128),
    "a field without a limit": lambda now: now.asked["properties"]["sku"].pop("maxLength"),
    "a field that need not be sent any more": lambda now: now.asked["required"].clear(),
    "a field that may be null": lambda now: now.asked["properties"].update(sku={"anyOf": [{"type": "string"}, {"type": "null"}]}),
    "a whole number that may be a fraction": lambda now: now.asked["properties"]["scale"].update(type="number"),
    "a new field of an answer": lambda now: now.told["properties"].update(tags={"type": "array"}),
    "a field of an answer that is always there": lambda now: now.told["required"].append("count"),
    "a field of an answer that is never null": lambda now: now.told["properties"].update(parent={"$ref": "#/components/schemas/Item"}),
    "a new value of an answer": lambda now: now.told["properties"]["kind"]["enum"].append("c"),
    "a text that is a time": lambda now: now.told["properties"]["id"].update(format="date-time"),
    "a new refusal": lambda now: now.items["get"]["responses"].update({"429": {}}),
    "a new event": lambda now: now.contract["webhooks"].update({"item.lost": {}}),
    "better words": lambda now: now.told.update(description="It is what it is."),
}  # fmt: skip


@pytest.mark.parametrize("planted", BREAKING)
def test_what_breaks_programs_is_named(diff, planted):
    now = Now()
    change, name = BREAKING[planted]
    change(now)

    assert name in [one.name for one in diff.breaks(CONTRACT, now.contract)]


@pytest.mark.parametrize("planted", ADDITIVE)
def test_what_is_added_breaks_nothing(diff, planted):
    now = Now()
    ADDITIVE[planted](now)

    assert diff.breaks(CONTRACT, now.contract) == []


def test_a_schema_that_many_operations_answer_is_named_once(diff):
    now = Now()
    now.told["properties"].pop("id")

    assert [one.name for one in diff.breaks(CONTRACT, now.contract)] == ["Item.id"]


CHANGELOG = """# Changelog

## [Unreleased]

### Breaking

- An item's {} is gone.

### Added

- `Item.count` is better.

## [0.1.0]

### Breaking

- `Item.kind` is gone.
"""


@pytest.mark.parametrize(
    ("written", "left"), [("`Item.id`", 0), ("`Item`", 0), ("id", 1), ("`Item.i`", 1), ("`It`", 1)]
)
def test_the_changelog_names_what_breaks(diff, written, left):
    assert len(diff.unsaid([diff.Break("Item.id", "is gone")], CHANGELOG.format(written))) == left


@pytest.mark.parametrize("elsewhere", ["Item.count", "Item.kind"])
def test_only_what_is_unreleased_and_breaking_counts(diff, elsewhere):
    assert diff.unsaid([diff.Break(elsewhere, "is gone")], CHANGELOG.format("`Item.id`"))


def test_a_changelog_without_the_section_names_nothing(diff):
    assert diff.unsaid(
        [diff.Break("Item.id", "is gone")], "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- `Item.id`\n"
    )
