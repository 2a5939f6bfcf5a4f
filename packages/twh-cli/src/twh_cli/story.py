"""The story that the quickstart tells, as the code that a reader would write: each step is shown, and run as it is shown."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twh_cli.problems import Explained
from twh_cli.receiver import Arrived, Receiver

ARRIVES_SECONDS_MAX = 20.0
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class WebhookDidNotArrive(Explained):
    """The webhook was not sent, or it got lost."""

    code = "webhook_did_not_arrive"


@dataclass
class Names:
    """What the steps have named so far: the variables of the code that is shown."""

    receiver: Receiver
    values: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        self.values["next_webhook"] = self.next_webhook

    def next_webhook(self) -> Arrived:
        """What your web framework would hand you."""
        arrived = self.receiver.next(ARRIVES_SECONDS_MAX)
        if arrived is None:
            raise WebhookDidNotArrive(
                f"The webhook did not arrive in {ARRIVES_SECONDS_MAX:.0f} seconds.",
                hint=f"twh webhooks deliveries --endpoint {self['endpoint'].id}   (shows what was tried)",
            )
        return arrived

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass(frozen=True)
class Step:
    """A title, the code, and what came of it in a few words."""

    title: str
    code: str
    outcome: Callable[[Names], str]


@dataclass
class Story:
    """The steps that were taken, and how long each took."""

    names: Names
    done: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def run(self, step: Step) -> float:
        """Run a step's code; the answer is its seconds."""
        began = time.perf_counter()
        exec(step.code, self.names.values)  # noqa: S102 - our own constants: what is shown is what is run
        seconds = time.perf_counter() - began
        outcome = step.outcome(self.names)
        self.done.append({"title": step.title, "seconds": round(seconds, 4), "code": step.code, "outcome": outcome})
        return seconds


def steps(url: str) -> list[Step]:
    """The story with names of its own, so that it can be told again in the same sandbox."""
    ours = "".join(secrets.choice(LETTERS) for _ in range(4))
    return [
        Step(
            "The client finds the sandbox by itself",
            "from twh import Client\n\nclient = Client()",
            lambda _: "ready",
        ),
        Step(
            "An item, and a place for it",
            f'item = client.items.create(sku="TSHIRT-{ours}", name="T-shirt, medium")\n'
            f'shelf = client.locations.create(code="SHELF-{ours}", name="Shelf by the door")',
            lambda names: f"{names['item'].id}, {names['shelf'].id}",
        ),
        Step(
            "Twelve come in",
            'client.movements.receive(\n    item=item, location=shelf, quantity=12, reference="PO-77"\n)',
            lambda _: "recorded, for good: the ledger is never edited",
        ),
        Step(
            "Two go out",
            "entry = client.movements.issue(item=item, location=shelf, quantity=2)",
            lambda names: f"number {names['entry'].sequence} in the ledger, {names['entry'].id}",
        ),
        Step(
            "How many are left?",
            "level = client.stock.get(item, at=shelf)",
            lambda names: f"level.available == {names['level'].available}",
        ),
        Step(
            "Have the news sent to a web server of ours",
            f'endpoint = client.webhooks.create(\n    url="{url}", kinds=["entry.recorded"]\n)',
            lambda names: f"{names['endpoint'].id}, with a secret that only we know",
        ),
        Step(
            "One comes back: the webhook arrives, and its signature proves who sent it",
            "client.movements.return_(item=item, location=shelf, quantity=1)\n"
            "request = next_webhook()  # what your web framework would hand you\n"
            "event = client.webhooks.verify(\n    request.body, request.headers, secret=endpoint.secret\n)",
            lambda names: f"{names['event'].type}, number {names['event'].sequence}: signature verified",
        ),
        Step(
            "Tidy up",
            "client.webhooks.delete(endpoint)\nclient.close()",
            lambda _: "nobody is told any more",
        ),
    ]
