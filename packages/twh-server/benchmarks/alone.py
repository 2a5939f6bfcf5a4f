"""The cells that are measured by themselves: they take long, or measure something else than how often."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import deliveries
import long_poll
import memory
import overload
from cells import Target
from ground import Ground
from kept import Found
from processes import HERE
from shops import open_shop

CATALOGUE_ITEMS = 100_000
CATALOGUE_LOOKUPS = 2_000
OF_THE_SDK = ("import", "client", "cli", "wheel", "retries")
SDK_BENCHMARK = HERE.parent.parent / "twh-sdk" / "benchmarks"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alone:
    """What is measured; `measure` is given the ground, and answers figures for one or several cells by their names."""

    what: str
    measure: Callable[[Ground], Found]
    targets: Mapping[str, Target] = field(default_factory=dict[str, Target])


def _catalogue(ground: Ground) -> Found:
    """A large shop, filled and looked up over HTTP, from a process of its own."""
    shop = open_shop(ground.address)
    words = [str(ground.server().port), shop.secret, str(CATALOGUE_ITEMS), str(CATALOGUE_LOOKUPS)]
    command = [sys.executable, str(HERE / "catalogue.py"), *words]
    found: Found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return found


def _of_the_sdk(cell: str, _: Ground) -> Found:
    """A cell of the SDK's own benchmark, whose rows have their own targets."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [sys.executable, str(SDK_BENCHMARK), cell, "--json", file.name]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        found: Found = json.loads(Path(file.name).read_text())["cells"]
        return found


ALONE: dict[str, Alone] = {
    "long_poll": Alone(
        what="from a commit to a reader who waits for it",
        measure=lambda ground: {"long_poll": long_poll.measure(ground)},
    ),
    "fairness": Alone(
        what=f"a small tenant beside another's flood of {overload.FLOOD_CONNECTIONS} clients",
        measure=lambda ground: {"fairness": overload.fairness(ground)},
        targets={"ratio_to_quiet": Target(most=3)},
    ),
    "overload": Alone(
        what=f"{overload.SIEGE_SECONDS:.0f} s of {overload.SIEGE_CONNECTIONS:,} clients, and afterwards",
        measure=lambda ground: {"overload": overload.overload(ground)},
        targets={"seconds_to_normal": Target(most=10)},
    ),
    "deliver_latency": Alone(
        what=f"from a commit to an endpoint that takes it, {deliveries.EVENTS_PER_SECOND} events a second",
        measure=lambda ground: {"deliver_latency": deliveries.latency(ground)},
        targets={"p50_ms": Target(most=50), "p99_ms": Target(most=250)},
    ),
    "deliver_rate": Alone(
        what="deliveries that are due, by one process to endpoints that take them at once",
        measure=lambda ground: {"deliver_rate": deliveries.rate(ground)},
        targets={"per_second": Target(least=1_500)},
    ),
    "deliver_million": Alone(
        what="the same, a million due",
        measure=lambda ground: {"deliver_million": deliveries.million(ground)},
        targets={"ratio_to_few": Target(least=0.9)},
    ),
    "deliver_isolation": Alone(
        what=f"an endpoint beside {deliveries.DEAD_TENANTS * deliveries.DEAD_ENDPOINTS:,} that hang",
        measure=lambda ground: {"deliver_isolation": deliveries.isolation(ground)},
        targets={"ratio_to_alone": Target(most=2)},
    ),
    "deliver_writers": Alone(
        what="writers beside deliveries at full rate",
        measure=lambda ground: {"deliver_writers": deliveries.writers(ground)},
        targets={"ratio_to_quiet": Target(least=0.85)},
    ),
    "catalogue": Alone(what=f"{CATALOGUE_ITEMS:,} items: created, looked up, changed", measure=_catalogue),
    **{
        cell: Alone(what=f"what the SDK and the command cost: {cell}", measure=partial(_of_the_sdk, cell))
        for cell in OF_THE_SDK
    },
    "memory": Alone(
        what=f"the server's memory over {memory.MINUTES} minutes of load",
        measure=lambda ground: {"memory": memory.measure(ground)},
        targets={"ratio_to_second_minute": Target(most=1.05)},
    ),
}
"""Every cell that is measured by itself, by its name, in the order in which they are."""
