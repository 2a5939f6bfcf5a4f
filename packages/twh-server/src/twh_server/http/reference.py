"""The reference at `/docs`: one page made from the OpenAPI document, with nothing to load from elsewhere."""

import json
import re
from functools import cache
from html import escape
from typing import Any

from twh_server.http import openapi, problems

Schema = dict[str, Any]


@cache
def page() -> str:
    """The reference of all operations and schemas."""
    document = openapi.document()
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    sections = "".join(f'<h2 id="{tag}">{tag}</h2>{"".join(parts)}' for tag, parts in by_tag.items())
    schemas = "".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items())
    links = "".join(f'<a href="#{tag}">{tag}</a>' for tag in by_tag)
    introduction = "".join(f"<p>{_text(part)}</p>" for part in document["info"]["description"].split("\n\n"))
    more = '<p>See also <a href="/docs/problems">every problem</a> and <a href="/openapi.json">openapi.json</a>.</p>'
    body = f'{introduction}{more}{sections}<h2 id="schemas">schemas</h2>{schemas}'
    return _framed("TWH API reference", f'{links}<a href="#schemas">schemas</a>', body)


@cache
def problems_page() -> str:
    """Every problem code, its status, what it says and what to do."""
    rows = "".join(
        f'<tr id="{one.code}"><td><code>{one.code}</code></td><td>{", ".join(map(str, one.statuses))}</td>'
        f"<td>{escape(one.title)}.</td><td>{_text(one.remedy)}</td></tr>"
        for one in sorted(problems.codes().values(), key=lambda one: one.code)
    )
    heads = "".join(f"<th>{head}</th>" for head in ("code", "status", "what it says", "what to do"))
    table = f"<table><thead><tr>{heads}</tr></thead>{rows}</table>"
    introduction = "<p>A refusal is <code>application/problem+json</code>; its <code>code</code> is stable.</p>"
    return _framed("TWH problems", '<a href="/docs">reference</a>', introduction + table)


def _operation(path: str, method: str, operation: Schema) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{parameter['in']}"
        f"{' (required)' if parameter['required'] else ''}</td><td>{_text(parameter.get('description', ''))}</td></tr>"
        for parameter in operation["parameters"]
    )
    answers = "".join(
        f"<tr><td>{status}</td><td>{_text(answer['description'])}{_returns(answer)}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    return (
        f'<article id="{operation["operationId"]}"><h3><b class="{method}">{method.upper()}</b> {escape(path)}</h3>'
        f"<p><strong>{_text(operation['summary'])}.</strong> {_text(operation['description'])}</p>"
        f"{f'<table>{parameters}</table>' if parameters else ''}{_body(operation)}<details><summary>answers</summary>"
        f"<table>{answers}</table></details></article>"
    )


def _body(operation: Schema) -> str:
    body = operation.get("requestBody")
    if not body:
        return ""
    content = body["content"]["application/json"]
    example = json.dumps(content.get("example", {}), indent=2)
    return f"<p>Body: {_link(content['schema'])}</p><pre>{escape(example)}</pre>"


def _returns(answer: Schema) -> str:
    contents = [content["schema"] for content in answer.get("content", {}).values()]
    return "".join(f" {_link(schema)}" for schema in contents)


def _schema(name: str, schema: Schema) -> str:
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code></td><td>{_type(described)}{'' if field in required else ', optional'}</td>"
        f"<td>{_text(described.get('description', ''))}</td></tr>"
        for field, described in schema.get("properties", {}).items()
    )
    description = _text(schema.get("description", ""))
    return f'<article id="schema-{name}"><h3>{name}</h3><p>{description}</p><table>{rows}</table></article>'


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return _link(schema)
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")


def _link(schema: Schema) -> str:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return f'<a href="#schema-{name}">{name}</a>' if name else _type(schema)


def _text(text: str) -> str:
    """Plain text with `code` and list lines, as HTML."""
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"(?m)^- ", "<br>· ", safe)


def _framed(title: str, links: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><nav><strong>TWH</strong>{links}</nav><main><h1>{title}</h1>{body}</main></body></html>"
    )


STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; display: grid; grid-template-columns: 13rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1.5rem; box-sizing: border-box;
      border-right: 1px solid var(--line); display: flex; flex-direction: column; gap: .4rem; }
main { padding: 1.5rem 2rem 6rem; max-width: 62rem; }
a { color: #2563eb; text-decoration: none; } a:hover { text-decoration: underline; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); } article { margin: 2rem 0; }
h3 { font: 600 1rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
h3 b { display: inline-block; min-width: 3.6rem; padding: .1rem .4rem; margin-right: .4rem; border-radius: .3rem;
       text-align: center; color: #fff; background: #475569; }
h3 b.get { background: #0f766e; } h3 b.post { background: #1d4ed8; } h3 b.patch { background: #a16207; }
h3 b.delete { background: #b91c1c; }
code, pre { font: .86em ui-monospace, monospace; overflow-wrap: anywhere; }
pre { padding: .8rem 1rem; overflow: auto; border: 1px solid var(--line); border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-top: 1px solid var(--line); }
summary { cursor: pointer; } @media (max-width: 48rem) { body { display: block; }
  nav { position: static; height: auto; flex-flow: row wrap; border: 0; } main { padding: 0 1rem 4rem; } }
"""
