"""The house rules that a machine can check: small files, short functions, plain names, honest imports.

What is excused is written down in tidy.toml, which may only shrink.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
GENERATED_MARK = re.compile(r"#.*\b(generated|do not edit)\b", re.IGNORECASE)
GENERATED_MARK_LINES = 5
# These words fit everything, and so say nothing. The first kind is refused as a part of a name, the second as the whole name.
EMPTY_WORDS = {"service", "manager", "repository", "helper", "helpers", "util", "utils"}
EMPTY_NAMES = {"common", "base", "data", "kit", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
EXCUSED = tomllib.loads((ROOT / "tests" / "tidy.toml").read_text())


def test_a_file_fits_in_the_head():
    measured = {path: len((ROOT / path).read_text().splitlines()) for path in written_files()}

    refuse(
        outgrown(measured, FILE_LINES_MAX, EXCUSED["file_lines"]),
        f"A file has at most {FILE_LINES_MAX} lines (aim at 80 to 200). Split it where a name appears.",
    )


def test_a_function_fits_on_the_screen():
    measured = {f"{path}::{name}": length(node) for path in written_files() for name, node in functions(path)}

    refuse(
        outgrown(measured, FUNCTION_LINES_MAX, EXCUSED["function_lines"]),
        f"A function has at most {FUNCTION_LINES_MAX} lines (aim at ten). Give its parts names.",
    )


def test_a_module_opens_with_its_idea():
    refuse(
        [path for path in written_files() if parsed(path).body and not ast.get_docstring(parsed(path))],
        "A module opens with a docstring whose first sentence gives its idea. Only an empty file needs none.",
    )


def test_a_name_says_what_the_business_says():
    names = {path: Path(path).stem for path in written_files()}
    names |= {f"{path}::{name}": name.split(".")[-1] for path in written_files() for name, _ in definitions(path)}

    refuse(
        [place for place, name in names.items() if is_empty(name) and place not in EXCUSED["names"]],
        "Service, manager, repository, helper, util, common, base and data fit everything. Look again for the noun.",
    )


def test_imports_stand_at_the_top():
    refuse(
        {
            f"{path}:{inner.lineno}"
            for path in written_files()
            if path not in EXCUSED["imports_inside_functions"] and not is_test(path)
            for _, node in functions(path)
            for inner in ast.walk(node)
            if isinstance(inner, ast.Import | ast.ImportFrom)
        },
        "Import at the top of the module. If that makes a cycle, something lives too high: move it down.",
    )


def test_nothing_is_imported_for_the_type_checker_alone():
    refuse(
        [
            f"{path}:{node.lineno}"
            for path in written_files()
            if path not in EXCUSED["type_checking"]
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.Name | ast.Attribute)
            and "TYPE_CHECKING" in (getattr(node, "id", ""), getattr(node, "attr", ""))
        ],
        "TYPE_CHECKING hides a cycle. Move what both sides need down a layer.",
    )


def test_excuses_only_shrink():
    files = {path: len((ROOT / path).read_text().splitlines()) for path in written_files()}
    lengths = {f"{path}::{name}": length(node) for path in written_files() for name, node in functions(path)}
    stale = [
        f"{place} = {excused}: it now has {measured.get(place, 0)}"
        for table, measured, most in [
            ("file_lines", files, FILE_LINES_MAX),
            ("function_lines", lengths, FUNCTION_LINES_MAX),
        ]
        for place, excused in EXCUSED[table].items()
        if measured.get(place, 0) < excused or excused <= most
    ]

    refuse(stale, "What got better stays better: lower these numbers in tests/tidy.toml, or remove the line.")


def refuse(offenders: Iterable[str], what_to_do: str) -> None:
    found = sorted(offenders)
    assert not found, "\n".join([what_to_do, *(f"  {one}" for one in found)])


def outgrown(measured: dict[str, int], most: int, excused: dict[str, int]) -> Iterator[str]:
    for place, lines in measured.items():
        if lines > excused.get(place, most):
            yield f"{place}: {lines} lines"


def is_empty(name: str) -> bool:
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)
    return name.lower().strip("_") in EMPTY_NAMES or any(word.lower() in EMPTY_WORDS for word in words)


def is_test(path: str) -> bool:
    return "tests" in Path(path).parts


@cache
def written_files() -> tuple[str, ...]:
    """Every Python file that a person wrote, by its path from the root."""
    places = [ROOT / name for name in ("packages", "tests", "examples", "quickstart", "docs", "deploy")]
    found = [ROOT / "noxfile.py", *(path for place in places for path in place.rglob("*.py"))]
    hidden = re.compile(r"(^|/)(\.[^/]+|__pycache__|build|dist)/")
    relative = [path.relative_to(ROOT).as_posix() for path in found]
    return tuple(sorted(path for path in relative if not hidden.search(path) and not is_generated(path)))


def is_generated(path: str) -> bool:
    """Generated files say so on their first lines."""
    head = (ROOT / path).read_text().splitlines()[:GENERATED_MARK_LINES]
    return any(GENERATED_MARK.match(line) for line in head)


@cache
def parsed(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), filename=path)


@cache
def definitions(path: str) -> tuple[tuple[str, Function | ast.ClassDef], ...]:
    return tuple(defined_in(parsed(path), ""))


def defined_in(scope: ast.AST, prefix: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield prefix + node.name, node
            yield from defined_in(node, f"{prefix}{node.name}.")
        else:
            yield from defined_in(node, prefix)


def functions(path: str) -> Iterator[tuple[str, Function]]:
    return ((name, node) for name, node in definitions(path) if isinstance(node, FUNCTIONS))


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
