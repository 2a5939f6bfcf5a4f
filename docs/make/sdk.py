"""The reference of the SDK, from its signatures and docstrings: read as text by griffe, nothing is imported."""

import re
from typing import Any, TypeAlias

import griffe

Part: TypeAlias = Any
"""A module, class, function or attribute, as griffe has it; it may also be an alias of one."""

SCALARS = ("Client", "AsyncClient")


def pages() -> dict[str, str]:
    """A page for the clients, one for each noun, one for errors, options and webhooks."""
    twh: Part = griffe.load("twh")
    nouns = {
        noun.name: noun
        for noun in members(twh["resources.Nouns"])
        if "property" in noun.labels and not noun.name.startswith("_")
    }
    made = {"reference/sdk/client.md": clients(twh)}
    for name, noun in nouns.items():
        kind = re.sub(r"\[.*", "", str(noun.annotation))
        made[f"reference/sdk/{name}.md"] = noun_page(name, twh[f"resources.{name}.{kind}"])
    made["reference/sdk/errors.md"] = errors(twh)
    made["reference/sdk/options.md"] = options(twh)
    made["reference/sdk/webhook-signatures.md"] = functions("Webhook signatures", twh["webhooks"])
    return {**made, "reference/sdk/index.md": index(nouns)}


def index(nouns: dict[str, Part]) -> str:
    """What there is."""
    lines = [
        "# The Python SDK",
        "",
        "```python",
        "from twh import AsyncClient, Client",
        "```",
        "",
        "- [The clients](client.md)",
        *(f"- [`client.{name}`]({name}.md): {first_line(noun)}" for name, noun in nouns.items()),
        "- [Options](options.md): time, attempts, headers, keys",
        "- [Errors](errors.md): the whole tree",
        "- [Webhook signatures](webhook-signatures.md): verify, parse",
        "",
        "Every method of a noun is the same on both clients; on `AsyncClient` it is awaited.",
    ]
    return "\n".join(lines) + "\n"


def clients(twh: Part) -> str:
    """Client and AsyncClient."""
    lines = ["# The clients", ""]
    for name in SCALARS:
        kind = twh[f"client.{name}"]
        lines += [f"## {name}", "", text_of(kind), "", *signature(kind["__init__"], name), ""]
        for one in members(kind):
            if isinstance(one, griffe.Function) and not one.name.startswith("_") and one.docstring:
                lines += [f"### {name}.{one.name}", "", *signature(one), "", text_of(one), ""]
            elif isinstance(one, griffe.Attribute) and "property" in one.labels and one.docstring:
                lines += [f"### {name}.{one.name}", "", text_of(one), ""]
    return "\n".join(lines)


def noun_page(name: str, kind: Part) -> str:
    """The methods of a noun."""
    lines = [f"# client.{name}", "", text_of(kind), ""]
    for method in members(kind):
        if isinstance(method, griffe.Function) and not method.name.startswith("_"):
            lines += [f"## {method.name.rstrip('_')}", "", *signature(method), "", text_of(method), ""]
    return "\n".join(lines)


def errors(twh: Part) -> str:
    """The tree of errors, each with its sentence."""
    lines = ["# Errors", "", text_of(twh["errors.tree"]), "", "| error | is a | means |", "|---|---|---|"]
    for module in ("errors.tree", "errors.problems"):
        for kind in members(twh[module]):
            if isinstance(kind, griffe.Class):
                bases = ", ".join(f"`{base}`" for base in kind.bases)
                lines.append(f"| `{kind.name}` | {bases} | {first_line(kind)} |")
    return "\n".join(lines) + "\n"


def options(twh: Part) -> str:
    """What a caller may decide."""
    lines = ["# Options", "", text_of(twh["options"]), ""]
    for name in ("ClientOptions", "Options"):
        kind = twh[f"options.{name}"]
        lines += [f"## {name}", "", text_of(kind), "", "| option | type | meaning |", "|---|---|---|"]
        for one in members(kind):
            if isinstance(one, griffe.Attribute):
                lines.append(f"| `{one.name}` | `{str(one.annotation).replace('|', 'or')}` | {first_line(one)} |")
        lines.append("")
    return "\n".join(lines)


def functions(title: str, module: Part) -> str:
    """The public functions of a module."""
    lines = [f"# {title}", "", text_of(module), ""]
    for one in members(module):
        if isinstance(one, griffe.Function) and not one.name.startswith("_") and one.docstring:
            lines += [f"## {one.name}", "", *signature(one), "", text_of(one), ""]
    return "\n".join(lines)


def members(of: Part) -> list[Part]:
    """What a module or class defines itself, in the order of its text."""
    own = [one for one in of.members.values() if not one.is_alias]
    return sorted((one for one in own if isinstance(one, griffe.Object)), key=lambda one: one.lineno or 0)


def signature(function: Part, name: str | None = None) -> list[str]:
    """The signature as it is written, a parameter a line when it is long."""
    assert isinstance(function, griffe.Function)
    told: list[str] = []
    keyword_only = False
    parameters: list[Part] = list(function.parameters)
    for one in parameters:
        if one.name == "self":
            continue
        if one.kind is griffe.ParameterKind.keyword_only and not keyword_only:
            told.append("*")
            keyword_only = True
        star: str = {griffe.ParameterKind.var_keyword: "**", griffe.ParameterKind.var_positional: "*"}.get(one.kind, "")
        default = f" = {one.default}" if one.default is not None and not star else ""
        told.append(f"{star}{one.name}: {one.annotation}{default}")
    answers = re.sub(r"^Call\[(?:Page\[(.*)\]|(.*))\]$", pager, str(function.returns))
    inside = ", ".join(told)
    head, tail = f"{name or function.name.rstrip('_')}(", f"){'' if name else f' -> {answers}'}"
    if len(head) + len(inside) + len(tail) > 88:
        inside = "\n    " + ",\n    ".join(told) + ",\n"
    return ["```text", f"{head}{inside}{tail}", "```"]


def pager(found: re.Match[str]) -> str:
    """A list is a pager; anything else is the answer itself."""
    return f"Pager[{found[1]}]" if found[1] else found[2]


def text_of(of: Part) -> str:
    """A docstring, its indented lines as code."""
    if of.docstring is None:
        return ""
    return re.sub(r"(?m)^    (?=\S)", "    ", of.docstring.value)


def first_line(of: Part) -> str:
    """The first sentence of a docstring."""
    return (text_of(of).strip().splitlines() or [""])[0].replace("|", "\\|")
