"""TWH, the inventory API whose stock is a ledger: the Python SDK.

    from decimal import Decimal
    from twh import Client

    client = Client()
    entry = client.movements.receive(item="TSHIRT-M", location="MAIN", quantity=Decimal("12"), reference="PO-77")
    print(client.stock.get("TSHIRT-M", at="MAIN").available)

Importing `twh` loads nothing: each name below is loaded when it is first used.
"""

# What type checkers see below makes cycles that never exist at run time: there, nothing is imported before it is used.
# pyright: reportImportCycles=false

from importlib import import_module

from twh.version import __version__ as __version__

TYPE_CHECKING = False  # typing's, without the time that it takes to import it
if TYPE_CHECKING:  # what type checkers and editors see; at run time __getattr__ finds the same names
    from twh import errors as errors
    from twh import hooks as hooks
    from twh import models as models
    from twh import testing as testing
    from twh import webhooks as webhooks
    from twh.call import Call as Call
    from twh.call import Raw as Raw
    from twh.client import AsyncClient as AsyncClient
    from twh.client import Client as Client
    from twh.errors import APIError as APIError
    from twh.errors import ConfigError as ConfigError
    from twh.errors import ConnectionFailed as ConnectionFailed
    from twh.errors import OutcomeUnknown as OutcomeUnknown
    from twh.errors import TimedOut as TimedOut
    from twh.errors import TwhError as TwhError
    from twh.errors import UnusableName as UnusableName
    from twh.errors import WebhookRejected as WebhookRejected
    from twh.hooks import Hooks as Hooks
    from twh.jobs import AsyncReplayJob as AsyncReplayJob
    from twh.jobs import ReplayJob as ReplayJob
    from twh.options import ClientOptions as ClientOptions
    from twh.options import Options as Options
    from twh.pages import AsyncPager as AsyncPager
    from twh.pages import Page as Page
    from twh.pages import Pager as Pager
    from twh.params import Expected as Expected
    from twh.params import Line as Line
    from twh.params import NewEntry as NewEntry
    from twh.params import ReferenceParts as ReferenceParts
    from twh.params import TransferLine as TransferLine
    from twh.streams import AsyncStream as AsyncStream
    from twh.streams import Stream as Stream
    from twh.wire import NOT_GIVEN as NOT_GIVEN
    from twh.wire import NotGiven as NotGiven
    from twh.wire import Quantity as Quantity

EXPORTS = {
    "twh.call": ("Call", "Raw"),
    "twh.client": ("AsyncClient", "Client"),
    "twh.errors": (
        "APIError",
        "ConfigError",
        "ConnectionFailed",
        "OutcomeUnknown",
        "TimedOut",
        "TwhError",
        "UnusableName",
        "WebhookRejected",
    ),
    "twh.hooks": ("Hooks",),
    "twh.jobs": ("AsyncReplayJob", "ReplayJob"),
    "twh.options": ("ClientOptions", "Options"),
    "twh.pages": ("AsyncPager", "Page", "Pager"),
    "twh.params": ("Expected", "Line", "NewEntry", "ReferenceParts", "TransferLine"),
    "twh.streams": ("AsyncStream", "Stream"),
    "twh.wire": ("NOT_GIVEN", "NotGiven", "Quantity"),
}
MODULES = ("errors", "hooks", "models", "testing", "webhooks")


def __getattr__(name: str) -> object:
    if name in MODULES:
        return import_module(f"twh.{name}")
    for module, names in EXPORTS.items():
        if name in names:
            value: object = getattr(import_module(module), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'twh' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES, *(name for names in EXPORTS.values() for name in names)})
