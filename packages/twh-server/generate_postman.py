"""Write openapi/postman_collection.json from openapi.json, or with --check say whether it was made from the present one.

The conversion is openapi-to-postmanv2's, which needs Node; everything that it makes up anew each time (ids, random
values) is settled here, so that the same contract gives the same collection. --check needs no Node: the collection
carries the digest of the contract that it was made from.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

Node = dict[str, Any]

FOLDER = Path(__file__).parents[2] / "openapi"
OPENAPI = FOLDER / "openapi.json"
COLLECTION = FOLDER / "postman_collection.json"
CONVERTER: Final = ("npx", "--yes", "openapi-to-postmanv2@6.3.3")
OPTIONS: Final = (
    "folderStrategy=Tags,parametersResolution=Example,includeAuthInfoInExample=false,keepImplicitHeaders=false"
)
NAMESPACE: Final = uuid.UUID("5c0de1e5-0000-4000-8000-000000000000")
"""Ids are derived in it from where a thing stands in the collection."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true", help="change nothing; fail when the collection is stale")
    if options.parse_args().check:
        fresh = COLLECTION.exists() and digest() in COLLECTION.read_text(encoding="utf-8")
        if not fresh:
            print(f"{COLLECTION} was made from another openapi.json: run `uv run nox -s postman` (it needs Node)")
        return 0 if fresh else 1
    contract = json.loads(OPENAPI.read_text(encoding="utf-8"))
    collection = settled(converted(without_refusals(contract)), contract)
    COLLECTION.write_text(json.dumps(collection, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"wrote {COLLECTION.name}")
    return 0


def digest() -> str:
    return hashlib.sha256(OPENAPI.read_bytes()).hexdigest()


def without_refusals(contract: Node) -> Node:
    """The contract with what is asked and what succeeds: a collection of every refusal could not be read."""
    paths = {
        path: {
            method: {**told, "responses": {status: one for status, one in told["responses"].items() if status < "300"}}
            for method, told in methods.items()
        }
        for path, methods in contract["paths"].items()
    }
    return {**contract, "paths": paths, "webhooks": {}}


def converted(contract: Node) -> Node:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "openapi.json", Path(folder) / "collection.json"
        source.write_text(json.dumps(contract), encoding="utf-8")
        subprocess.run([*CONVERTER, "-s", source, "-o", target, "-O", OPTIONS], check=True, stdout=subprocess.DEVNULL)
        found: Node = json.loads(target.read_text(encoding="utf-8"))
        return found


def settled(collection: Node, contract: Node) -> Node:
    """The collection with ids that stay, values that mean something, and the key in a variable."""
    told = {
        (method.upper(), path): operation
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
    }
    for item, place in requests(collection["item"]):
        item["id"] = identifier(*place)
        operation = told[item["request"]["method"], written(item["request"]["url"])]
        item["name"] = operation["summary"]
        settle(item["request"], operation)
        item["response"] = [answered(one, operation, place) for one in item["response"]]
    text = contract["info"]["description"].strip()
    return {
        "info": {
            "_postman_id": str(identifier("collection")),
            "name": contract["info"]["title"],
            "schema": collection["info"]["schema"],
            "description": f"{text}\n\nMade from openapi.json {contract['info']['version']}, SHA-256 {digest()}.",
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{apiKey}}", "type": "string"}]},
        "variable": [
            {"key": "baseUrl", "value": contract["servers"][0]["url"]},
            {"key": "apiKey", "value": "", "description": "An API key, twh_…"},
        ],
        "item": [{"name": folder["name"], "description": folder.get("description", ""), "item": folder["item"]}
                 for folder in collection["item"]],
    }  # fmt: skip


def requests(items: list[Node], *above: str) -> Iterator[tuple[Node, tuple[str, ...]]]:
    for item in items:
        place = (*above, item["name"])
        if "item" in item:
            yield from requests(item["item"], *place)
        else:
            yield item, (*place, item["request"]["method"])


def written(url: Node) -> str:
    """The path as the contract writes it: `/v1/items/{item}`."""
    return "/" + "/".join(f"{{{part[1:]}}}" if part.startswith(":") else part for part in url["path"])


def settle(request: Node, operation: Node) -> None:
    """Values for a request: those that the contract has; what is not asked for every time is there, switched off."""
    parameters = {(one["in"], one["name"].lower()): one for one in operation["parameters"]}
    for variable in request["url"].get("variable", []):
        variable.update(value=f"<{variable['key']}>")
        variable.pop("id", None)
    for query in request["url"].get("query", []):
        schema = parameters["query", query["key"].lower()]["schema"]
        query.update(value=str(schema.get("default", "")), disabled=True)
    for header in request.get("header", []):
        parameter = parameters.get(("header", header["key"].lower()))
        if parameter:
            keyed = header["key"] == "Idempotency-Key"
            header.update(value="{{$guid}}" if keyed else "", disabled=not parameter["required"] and not keyed)
    if "requestBody" in operation:
        example = operation["requestBody"]["content"]["application/json"]["example"]
        request["body"] = {
            "mode": "raw",
            "raw": json.dumps(example, indent=2, ensure_ascii=False),
            "options": {"raw": {"language": "json"}},
        }
    request.pop("auth", None)


def answered(answer: Node, operation: Node, place: tuple[str, ...]) -> Node:
    """An example of an answer, with the body that the contract shows."""
    told = operation["responses"][str(answer["code"])]
    content = told.get("content", {}).get("application/json", {})
    return {
        "id": identifier(*place, str(answer["code"])),
        "name": told["description"],
        "status": answer["status"],
        "code": answer["code"],
        "header": [{"key": "Content-Type", "value": "application/json"}] if content else [],
        "body": json.dumps(content["example"], indent=2, ensure_ascii=False) if content else "",
        "_postman_previewlanguage": "json" if content else "text",
    }


def identifier(*place: str) -> str:
    return str(uuid.uuid5(NAMESPACE, "/".join(place)))


if __name__ == "__main__":
    sys.exit(main())
