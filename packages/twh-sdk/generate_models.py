"""Write the SDK's models and errors from openapi/openapi.json, or with --check say whether they are what it says.

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
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

HERE = Path(__file__).parent
OPENAPI = HERE.parent.parent / "openapi" / "openapi.json"
MODELS = HERE / "src" / "twh" / "models"
ERRORS = HERE / "src" / "twh" / "errors"
HEADER = "# Generated from openapi/openapi.json by generate_models.py: do not edit.\n"
KEPT_KEYS = {
    "$ref", "additionalProperties", "allOf", "anyOf", "const", "default", "description", "enum", "format", "items", "oneOf",
    "properties", "required", "title", "type",
}  # fmt: skip
NOT_MODELS = {"Event"}  # written by hand in twh/events.py, one class a kind
COMPLETED = "entry_results"  # the module of those models that can do more than what is generated

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
    completed = classes((HERE / "src" / "twh" / f"{COMPLETED}.py").read_text(encoding="utf-8"))
    names = {
        "twh.model": ["Model", "read"],
        "twh.models.generated": [name for name in classes(models) if name not in completed],
        f"twh.{COMPLETED}": completed,
        "twh.events": [
            *classes((HERE / "src" / "twh" / "events.py").read_text(encoding="utf-8")),
            "ANY_EVENT",
            "Event",
        ],
    }
    return {
        MODELS / "generated.py": models,
        MODELS / "__init__.py": exports(names),
        ERRORS / "problems.py": formatted(errors(document)),
    }


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


# --- the errors -----------------------------------------------------------------------------------------------------

# What every problem tells, and what an error has anyway.
NO_FACTS = {"type", "title", "status", "detail", "code", "request_id", "errors", "retry_after_seconds"}
DOCSTRING_COLUMNS = 110
QUANTITIES = {"available", "requested", "on_hand"}
DIGITS_BUT_NO_QUANTITIES = {"barcode"}
READINGS = {"bool": "flag", "int": "whole", "Decimal": "decimal", "datetime": "moment", "str": "text"}


def errors(document: Schema) -> str:
    """errors/problems.py: one class a code, but for those that are all that their status can mean."""
    by_status = dict(re.findall(r"^    (\d+): (\w+),$", (ERRORS / "tree.py").read_text(encoding="utf-8"), re.MULTILINE))
    sorts = sorts_of_an_invalid_entry(document)
    coded = [one for one in document["x-problems"] if class_of(one["code"]) not in by_status.values()]
    coded.sort(key=lambda one: (one["statuses"][0], one["code"] in sorts, one["code"]))
    parents = {
        one["code"]: "InvalidEntry" if one["code"] in sorts else parent_of(one["statuses"][0], by_status)
        for one in coded
    }
    imported = ", ".join(sorted({"APIError", *parents.values()} - {"InvalidEntry"}))
    names = "".join(f'    "{name}",\n' for name in sorted(class_of(code) for code in parents))
    table = "".join(f'    "{code}": {class_of(code)},\n' for code in sorted(parents))
    written = "".join(error_class(one, parents[one["code"]], facts_of(document, one["code"])) for one in coded)
    return f'''{HEADER}"""One class a problem code, below the class of its status."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from twh.errors.tree import {imported}

__all__ = [
{names}]

{written}

BY_CODE: dict[str, type[APIError]] = {{
{table}}}
'''


def parent_of(status: int, by_status: dict[str, str]) -> str:
    """The class of a status; few statuses are too rare to have one."""
    return by_status.get(str(status), "ServerError" if status >= 500 else "APIError")


def error_class(problem: Schema, parent: str, facts: dict[str, str]) -> str:
    """A class whose docstring says what happened and what to do, with a property for each fact."""
    words = f"{problem['title']}.\n\n{textwrap.fill(problem['what_to_do'], DOCSTRING_COLUMNS)}".replace('"', "'")
    lines = [f"class {class_of(problem['code'])}({parent}):", *textwrap.indent(f'"""{words}\n"""', "    ").split("\n")]
    for name, kind in facts.items():
        lines += ["", "    @property", f"    def {name}(self) -> {kind} | None:"]
        lines += [f'        return self.{READINGS[kind]}("{name}")']
    return "\n\n" + "\n".join(lines) + "\n"


def facts_of(document: Schema, code: str) -> dict[str, str]:
    """What the catalogue's example of a problem tells beside its text, and of what kind it is."""
    examples: Iterator[Schema] = (one["value"] for one in document["components"]["examples"].values())
    example: Schema = next((one for one in examples if one.get("code") == code), dict[str, Any]())
    return {name: kind_of_fact(name, value) for name, value in example.items() if name not in NO_FACTS}


def kind_of_fact(name: str, value: object) -> str:
    if isinstance(value, (bool, int)):
        return type(value).__name__
    if name.endswith("_at"):
        return "datetime"
    if name in QUANTITIES:
        return "Decimal"
    if re.fullmatch(r"-?\d+(\.\d+)?", str(value)) and name not in DIGITS_BUT_NO_QUANTITIES:
        sys.exit(f"Is the fact {name!r} ({value!r}) a quantity? Say so in {Path(__file__).name}.")
    return "str"


def sorts_of_an_invalid_entry(document: Schema) -> set[str]:
    """The codes that mean one sort of `invalid_entry`: 422, and only where that is answered too."""
    refused = [
        set(answer.get("content", {}).get("application/problem+json", {}).get("examples", {}))
        for path in document["paths"].values()
        for operation in path.values()
        for status, answer in operation["responses"].items()
        if status == "422"
    ]
    elsewhere = {code for codes in refused if "invalid_entry" not in codes for code in codes}
    there = {code for codes in refused if "invalid_entry" in codes for code in codes} - elsewhere
    only_422 = {one["code"] for one in document["x-problems"] if one["statuses"] == [422]}
    return (there & only_422) - {"invalid_entry", "idempotency_key_reused"}


def class_of(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("_"))


# --- what they have in common ---------------------------------------------------------------------------------------


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
