"""Whether events are what the catalogue promises of their kind, in every form in which they leave: nothing else, and nothing more."""

import json
from functools import cache

import jsonschema_rs

from twh_server.database.identifiers import TENANT
from twh_server.events import feed
from twh_server.events.forms import body_of
from twh_server.http.event_types import event_type

THIN = ("id", "type", "timestamp", "sequence")
"""What a thin event has of the whole one; its subject is another thing."""
TEXT = {"type": "string", "minLength": 1}
CLOUD = {
    "specversion": {"const": "1.0"},
    "id": {"type": "string", "pattern": "^evt_"},
    "source": {"type": "string", "pattern": "^/tenants/ten_"},
    "type": TEXT,
    "time": {"type": "string", "format": "date-time"},
    "sequence": {"type": "string", "pattern": "^[0-9]{19}$"},
    "tenant": {"type": "string", "pattern": "^ten_"},
}
"""The attributes that every CloudEvent has."""
OPTIONAL = {"subject": TEXT, "actor": {"type": "string", "pattern": "^key_"}, "actorname": {"type": "string"}}
WAYS = [("full", "standard"), ("thin", "standard"), ("full", "cloudevents"), ("thin", "cloudevents")]


async def all_kept(database, tenant):
    """Hold every event of a tenant to what is promised of its kind; answers the kinds that there were."""
    kinds, after = set(), 0
    while bodies := (await feed.read(database, tenant, after=after, limit=1_000)).bodies:
        kinds |= {kept(bytes(body), tenant) for body in bodies}
        after += len(bodies)
    return kinds


def kept(stored, tenant):
    """Hold an event, as it is stored, to what is promised; answers its kind."""
    event = json.loads(stored)
    for payload, form in WAYS:
        sent = json.loads(body_of(stored, tenant=tenant, payload=payload, form=form))
        promised(event["type"], payload, form).validate(sent)
        if form == "cloudevents":
            assert (sent["id"], sent["type"], int(sent["sequence"])) == (event["id"], event["type"], event["sequence"])
            assert (sent["tenant"], sent.get("data", event["data"])) == (TENANT.text(tenant), event["data"])
        elif payload == "thin":
            assert {name: sent[name] for name in THIN} == {name: event[name] for name in THIN}
    return event["type"]


@cache
def promised(kind, payload, form):
    """What holds a body of a kind to its schema: no field may be there that the schema does not name."""
    schema = strict(event_type(kind).json_schema)
    event, address = schema["$defs"]["Event"]["properties"], {"type": "string", "pattern": "^/v1/events/evt_"}
    if (payload, form) == ("full", "standard"):
        told = schema
    elif form == "standard":
        told = closed({**{name: event[name] for name in THIN}, "url": address}, {"subject": TEXT})
    elif payload == "thin":
        told = closed({**CLOUD, "dataref": address}, OPTIONAL)
    else:
        data = {"datacontenttype": {"const": "application/json"}, "data": schema["properties"]["data"]}
        told = closed({**CLOUD, **data}, OPTIONAL)
    return jsonschema_rs.validator_for({**told, "$defs": schema["$defs"]}, validate_formats=True)


def strict(schema):
    """A kind's schema, in which no object has fields that are not named; what was before, some of those of the data."""
    structs = {name: {"additionalProperties": False, **one} for name, one in schema["$defs"].items()}
    carried = schema["properties"]["data"]["$ref"].rpartition("/")[2]
    before = {**structs[carried], "required": []}
    return {**schema, "properties": {**schema["properties"], "previous": before}, "$defs": structs}


def closed(required, optional):
    """An object with these fields and no others."""
    fields = {**required, **optional}
    return {"type": "object", "properties": fields, "required": list(required), "additionalProperties": False}
