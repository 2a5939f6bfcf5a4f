"""The AsyncAPI document: every kind of event as a message, on the channels on which it is told: the feed and webhooks.

It has the schemas and examples of the OpenAPI document, for tools that begin with messages and not with requests.
"""

from collections.abc import Mapping

import msgspec

import twh_server
from twh_server.events.kinds import KINDS, Event
from twh_server.http.event_schemas import CARRIED, HEADERS, carried_by, event_body, event_example
from twh_server.http.schemas import Schema, outgoing

FEED = "feed"
WEBHOOK = "webhook"


def document() -> Schema:
    """The whole document, as plain values."""
    schemas = outgoing([Event, *CARRIED.values()])
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "TWH",
            "version": twh_server.__version__,
            "description": "What TWH tells: events, numbered without gaps for each tenant, in the order of their commits.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "sandbox": {
                "host": "127.0.0.1:8750",
                "protocol": "http",
                "description": "A local sandbox (twh sandbox up)",
                "security": [{"$ref": "#/components/securitySchemes/key"}],
            }
        },
        "channels": {
            FEED: {
                "address": "/v1/events",
                "title": "The feed",
                "description": "Pages of events behind a sequence number, by polling, long polling or as a stream.",
                "messages": _references("#/components/messages/{}"),
            },
            WEBHOOK: {
                "address": None,
                "title": "Webhooks",
                "description": "Posted to the endpoints of a tenant, each event by itself, signed as Standard Webhooks says."
                " An endpoint may choose thin events or CloudEvents instead.",
                "messages": _references("#/components/messages/{}"),
            },
        },
        "operations": {
            "tellInFeed": _told_on(FEED, "Events are read from the feed."),
            "tellByWebhook": _told_on(WEBHOOK, "Events are sent to webhook endpoints."),
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key, `twh_…`."}},
            "messages": {kind: _message(kind, schemas) for kind in KINDS},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def encoded() -> bytes:
    """The document as it is committed: indented, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2) + b"\n"


def _references(to: str) -> Schema:
    return {kind: {"$ref": to.format(kind)} for kind in KINDS}


def _told_on(channel: str, summary: str) -> Schema:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": list(_references(f"#/channels/{channel}/messages/{{}}").values()),
    }


def _message(kind: str, schemas: Mapping[str, Schema]) -> Schema:
    return {
        "name": kind,
        "title": carried_by(kind).__name__,
        "summary": KINDS[kind],
        "headers": {
            "type": "object",
            "description": "Of webhooks; the feed has none.",
            "properties": {name: {"type": "string", "description": said} for name, said in HEADERS.items()},
        },
        "payload": event_body(kind),
        "examples": [{"name": kind, "payload": event_example(kind, schemas)}],
    }
