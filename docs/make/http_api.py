"""The reference of the HTTP API, from openapi.json: a page for each tag, every operation with all it takes and answers."""

import json
from pathlib import Path
from typing import Any

Document = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


def pages(openapi: Path) -> dict[str, str]:
    """A page for each tag, and one that lists all operations."""
    document: Document = json.loads(openapi.read_text(encoding="utf-8"))
    by_tag: dict[str, list[tuple[str, str, Document]]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                by_tag.setdefault(methods[method]["tags"][0], []).append((method.upper(), path, methods[method]))
    made = {f"reference/http/{tag}.md": page(tag, operations, document) for tag, operations in by_tag.items()}
    return {**made, "reference/http/index.md": index(by_tag, document)}


def index(by_tag: dict[str, list[tuple[str, str, Document]]], document: Document) -> str:
    """All operations in one table."""
    lines = ["# The HTTP API", "", document["info"]["description"], "", "| operation | does |", "|---|---|"]
    for tag, operations in by_tag.items():
        for method, path, operation in operations:
            lines.append(f"| [`{method} {path}`]({tag}.md#{anchor(operation)}) | {operation['summary']}. |")
    return "\n".join(lines) + "\n"


def page(tag: str, operations: list[tuple[str, str, Document]], document: Document) -> str:
    """The operations of one tag."""
    lines = [f"# {tag.replace('_', ' ').capitalize()}", ""]
    for method, path, operation in operations:
        lines += [f"## {operation['summary']} {{#{anchor(operation)}}}", "", f"`{method} {path}`", ""]
        lines += [operation.get("description", ""), ""]
        lines += parameters(operation)
        lines += body(operation, document)
        lines += answers(operation, document)
    return "\n".join(lines)


def anchor(operation: Document) -> str:
    """Where an operation is found on its page."""
    return str(operation["operationId"]).replace(".", "-")


def parameters(operation: Document) -> list[str]:
    """The parameters in a table."""
    rows = [
        f"| `{one['name']}` | {one['in']} | {kind(one['schema'])}{', required' if one.get('required') else ''} "
        f"| {cell(one.get('description', ''))} |"
        for one in operation.get("parameters", [])
    ]
    return ["| parameter | in | type | meaning |", "|---|---|---|---|", *rows, ""] if rows else []


def body(operation: Document, document: Document) -> list[str]:
    """What the body takes, and an example of one."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return []
    lines = ["**Body**", "", *fields(content["schema"], document)]
    return lines + example(content)


def answers(operation: Document, document: Document) -> list[str]:
    """What is answered, with an example, and what is refused."""
    lines: list[str] = []
    refused: list[str] = []
    for status, answer in operation["responses"].items():
        if int(status) >= 400:
            refused += [
                f"| {status} | {cell(line.removeprefix('- '))} |" for line in answer["description"].splitlines()
            ]
            continue
        lines += [f"**{status}** {answer['description']}", ""]
        content = answer.get("content", {}).get("application/json")
        if content:
            lines += [*fields(content["schema"], document), *example(content)]
    return [*lines, "| refused | because |", "|---|---|", *refused, ""]


def fields(schema: Document, document: Document) -> list[str]:
    """The fields of a schema in a table."""
    found = resolved(schema, document)
    required = set(found.get("required", []))
    rows = [
        f"| `{name}` | {kind(one)}{', required' if name in required else ''} | {cell(one.get('description', ''))} |"
        for name, one in found.get("properties", {}).items()
    ]
    return ["| field | type | meaning |", "|---|---|---|", *rows, ""] if rows else []


def resolved(schema: Document, document: Document) -> Document:
    """The schema that a reference leads to."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def kind(schema: Document) -> str:
    """The type of a value in few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    return str(schema.get("format") or schema.get("type") or "any")


def example(content: Document) -> list[str]:
    """The example that comes with a body."""
    shown = content.get("example")
    if shown is None:
        return []
    return ["```json", json.dumps(shown, indent=2, ensure_ascii=False), "```", ""]


def cell(text: str) -> str:
    """A text that fits into a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")
