"""Cell `import`: from nothing to a loaded SDK and to a first result, over a Python that does nothing, beside the peers."""

from figures import Pace, Row
from installed import with_peers
from loopback import answering
from processor import NOT_COUNTED, Cost, costs, instructions

CLIENT = "from twh import Client"
IMPORTS = {
    "bare": "pass",
    "twh": "import twh",
    "Client": CLIENT,
    "openai": "import openai",
    "stripe": "import stripe",
    "anthropic": "import anthropic",
}
FIRST_RESULTS = {
    "bare": "pass",
    "twh": CLIENT + "; Client('twh_test_0123456789abcdef', base_url={url!r}).stock.get('TSHIRT-M', at='MAIN')",
    "openai": "from openai import OpenAI; OpenAI(api_key='k', base_url={url!r}).files.retrieve('file-1')",
    "stripe": "import stripe; stripe.StripeClient('sk_test_1', base_addresses={{'api': {url!r}}})"
    ".v1.customers.retrieve('cus_1')",
}


def measure(pace: Pace) -> list[Row]:
    """Processor time, instructions, and what a user waits for."""
    python = str(with_peers())
    loaded = costs({name: [python, "-c", code] for name, code in IMPORTS.items()}, pace.runs)
    with answering() as url:
        programs = {name: [python, "-c", code.format(url=url)] for name, code in FIRST_RESULTS.items()}
        first = costs(programs, pace.runs)
    return [*times(loaded), *(counts(python) if pace.counting else []), *first_results(first)]


def times(loaded: dict[str, Cost]) -> list[Row]:
    over = {name: cost.over_ms for name, cost in loaded.items()}
    peers = {name: over[name] for name in ("openai", "stripe", "anthropic")}
    bare = f"bare Python: {loaded['bare'].processor_ms:.1f} ms"
    return [
        Row(name=f"{CLIENT}, over `import openai`", unit="x", figure=over["Client"] / over["openai"], most=1),
        Row(name=f"{CLIENT}, over `import stripe`", unit="x", figure=over["Client"] / over["stripe"], most=1),
        Row(name="import twh, over bare Python", unit="ms", figure=over["twh"], most=5, beside=bare),
        Row(name=f"{CLIENT}, over bare Python", unit="ms", figure=over["Client"], most=120, peers=peers, beside=bare),
    ]


def counts(python: str) -> list[Row]:
    counted = {name: instructions([python, "-c", code]) for name, code in IMPORTS.items()}
    known = {name: count for name, count in counted.items() if count is not None}
    bare = known.get("bare")
    over = {name: count - bare for name, count in known.items()} if bare is not None else {}
    beside = NOT_COUNTED if bare is None else f"bare Python: {bare:.0f}"
    peers = {name: over[name] for name in ("openai", "stripe", "anthropic") if name in over}
    return [
        Row(name="import twh, instructions", unit="million", figure=over.get("twh"), beside=beside),
        Row(name=f"{CLIENT}, instructions", unit="million", figure=over.get("Client"), peers=peers, beside=beside),
    ]


def first_results(first: dict[str, Cost]) -> list[Row]:
    peers = ("openai", "stripe")
    return [
        Row(
            name="start to first result, processor",
            unit="ms",
            figure=first["twh"].processor_ms,
            most=250,
            peers={name: first[name].processor_ms for name in peers},
        ),
        Row(
            name="start to first result, elapsed",
            unit="ms",
            figure=first["twh"].elapsed_ms,
            most=250,
            peers={name: first[name].elapsed_ms for name in peers},
            beside="best of the run",
        ),
    ]
