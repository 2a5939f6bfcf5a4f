"""Write the SDK's models from openapi/openapi.json, or with --check say whether they are what it says.

What comes in from the server is read leniently: limits and patterns are the server's to enforce, and a value that is not
on a list today may come from a newer server tomorrow. So schemas lose their constraints here, and enums become
`Literal[…] | str`. What older servers, and the events that they told, do not have yet has a default.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

HERE = Path(__file__).parent
OPENAPI = HERE.parent.parent / "openapi" / "openapi.json"
MODELS = HERE / "src" / "twh" / "models"
HEADER = "# Generated from openapi/openapi.json by generate_models.py: do not edit.\n"
KEPT_KEYS = {
    "$ref", "additionalProperties", "allOf", "anyOf", "const", "default", "description", "enum", "format", "items", "oneOf",
    "properties", "required", "title", "type",
}  # fmt: skip
NOT_MODELS = {"Event"}  # written by hand in twh/events.py, one class a kind

Schema = dict[str, Any]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true", help="change nothing; fail when the models are not up to date")
    options.add_argument("--openapi", type=Path, default=OPENAPI)
    chosen = options.parse_args()
    written = files(json.loads(chosen.openapi.read_text(encoding="utf-8")))
    stale = [path for path, text in written.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if chosen.check:
        for path in stale:
            print(f"{path} is not what openapi.json says: run `uv run nox -s openapi`")
        return 1 if stale else 0
    for path in stale:
        path.write_text(written[path], encoding="utf-8")
        print(f"wrote {path.relative_to(HERE)}")
    return 0


def files(document: Schema) -> dict[Path, str]:
    models = generated(lenient(document))
    names = {
        "twh.model": ["Model", "read"],
        "twh.models.generated": classes(models),
        "twh.events": [
            *classes((HERE / "src" / "twh" / "events.py").read_text(encoding="utf-8")),
            "ANY_EVENT",
            "Event",
        ],
    }
    return {MODELS / "generated.py": models, MODELS / "__init__.py": exports(names)}


# --- the contract, as a reader sees it ------------------------------------------------------------------------------


def lenient(document: Schema) -> Schema:
    """A contract with nothing but what is answered, and without constraints."""
    schemas = document["components"]["schemas"]
    wanted = reachable(document, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "TWH", "version": "1"},
        "paths": {},
        "components": {"schemas": {name: loosened(schemas[name]) for name in sorted(wanted)}},
    }


def reachable(document: Schema, schemas: Schema) -> set[str]:
    """The names of what successful answers contain. The wrapping of a page is not a model: `Page` and `Feed` are."""
    found: set[str] = set()
    waiting = [name for answer in answers(document) for name in references(answer)]
    while waiting:
        name = waiting.pop()
        if name in found or name in NOT_MODELS:
            continue
        if not is_page(schemas[name]):
            found.add(name)
        waiting += references(schemas[name])
    return found


def answers(document: Schema) -> Iterator[Schema]:
    for path in document["paths"].values():
        for operation in path.values():
            answers: Schema = cast("Schema", operation).get("responses", {}) if isinstance(operation, dict) else {}
            for status, answer in answers.items():
                if status.startswith("2"):
                    yield resolved(document, answer).get("content", {}).get("application/json", {})


def resolved(document: Schema, answer: Schema) -> Schema:
    for step in answer.get("$ref", "").split("/")[1:]:
        document = document[step]
    return document if "$ref" in answer else answer


def references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in cast("Schema", schema).items():
            if key == "$ref" and isinstance(value, str):
                yield value.rsplit("/", 1)[-1]
            elif key not in {"example", "examples"}:
                yield from references(value)
    elif isinstance(schema, list):
        for one in cast("list[object]", schema):
            yield from references(one)


def is_page(schema: Schema) -> bool:
    return "data" in schema.get("properties", {}) and bool({"next_cursor", "next_after"} & set(schema["properties"]))


def loosened(schema: Schema) -> Schema:
    """The schema without its constraints. The names of properties are left alone: one of them may be called `format`."""
    kept = {key: value for key, value in schema.items() if key in KEPT_KEYS}
    for key, value in kept.items():
        if key == "properties":
            kept[key] = {name: loosened(one) for name, one in value.items()}
        elif key in {"allOf", "anyOf", "oneOf"}:
            kept[key] = [loosened(one) for one in value]
        elif isinstance(value, dict):
            kept[key] = loosened(cast("Schema", value))
    if kept.get("additionalProperties") is False:
        del kept["additionalProperties"]
    return kept


# --- the models -----------------------------------------------------------------------------------------------------


def generated(document: Schema) -> str:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "openapi.json", Path(folder) / "generated.py"
        source.write_text(json.dumps(document), encoding="utf-8")
        subprocess.run([*COMMAND, "--input", source, "--output", target], check=True)
        text = target.read_text(encoding="utf-8")
    text = re.sub(r"Literal\[[^]]*\]", lambda match: f"{match[0]} | str", text)
    text = ast.unparse(Described().visit(ast.parse(text)))
    return formatted(f'{HEADER}"""What the server answers, as frozen models."""\n\n{text}\n')


class Described(ast.NodeTransformer):
    """Descriptions stand below their fields, where editors read them, and cost nothing at run time."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.body = [line for one in node.body for line in described(one)]
        return node


def described(line: ast.stmt) -> Iterator[ast.stmt]:
    match line:
        case ast.AnnAssign(
            annotation=ast.Subscript(
                value=ast.Name("Annotated"),
                slice=ast.Tuple(
                    [kind, ast.Call(func=ast.Name("Field"), keywords=[ast.keyword("description", text), *_])]
                ),
            )
        ):
            line.annotation = kind
            yield from (line, ast.Expr(text))
        case ast.Assign(targets=[ast.Name("model_config")]):  # set once for all, in twh.model
            return
        case _:
            yield line


def formatted(text: str) -> str:
    for command in (["check", "--fix-only", "--quiet", "--select=F401,I"], ["format"]):
        ruff = [str(Path(sys.executable).parent / "ruff"), *command, "--isolated", "--line-length=120", "-"]
        text = subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout
    return text


COMMAND = [
    str(Path(sys.executable).parent / "datamodel-codegen"),
    *("--input-file-type", "openapi"),
    *("--output-model-type", "pydantic_v2.BaseModel"),
    *("--target-python-version", "3.11"),
    *("--base-class", "twh.model.Model"),
    *("--custom-file-header", "# ---"),
    *("--enum-field-as-literal", "all"),
    *("--output-datetime-class", "datetime"),
    "--no-formatters",
    "--use-schema-description",
    "--use-attribute-docstrings",
    "--use-single-line-docstring",
    "--use-annotated",
    "--collapse-root-models",
    "--disable-timestamp",
    "--use-exact-imports",
    "--strict-refs",
    "--strict-nullable",
]


def classes(source: str) -> list[str]:
    return sorted(node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef))


def exports(names: dict[str, list[str]]) -> str:
    """The package's __init__: every model under one roof, each loaded when it is first asked for."""
    pairs = [(module, name) for module in sorted(names) for name in sorted(names[module])]
    imports = "\n".join(f"    from {module} import {name} as {name}" for module, name in pairs)
    table = "\n".join(f'    "{name}": "{module}",' for module, name in pairs)
    return HEADER + EXPORTS.format(imports=imports, table=table)


EXPORTS = '''"""What the server answers: every model, loaded when it is first asked for."""

from importlib import import_module

TYPE_CHECKING = False  # typing's, without the time that it takes to import it
if TYPE_CHECKING:
{imports}

MODULES = {{
{table}
}}


def __getattr__(name: str) -> object:
    if name not in MODULES:
        raise AttributeError(f"module 'twh.models' has no attribute {{name!r}}")
    value: object = getattr(import_module(MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({{*globals(), *MODULES}})
'''

if __name__ == "__main__":
    sys.exit(main())
