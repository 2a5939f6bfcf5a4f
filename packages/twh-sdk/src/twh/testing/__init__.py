"""For tests of programs that use TWH: a real sandbox, a stand-in for a server, webhooks that you sign, time that you move.

`pip install "twh-sdk[testing]"` brings a pytest plugin, which loads nothing before a test asks for one of its fixtures:

    twh_sandbox         a real server with a database, one for the session
    twh_tenant          a fresh, empty tenant in it, one for each test (`@pytest.mark.twh_seeded`: with a shop's stock)
    twh_client          a Client of that tenant; twh_async_client the same, awaited
    twh_mock            a MockServer: answers as you lay down, loses answers, is busy, and goes on
    twh_clock           a Clock: what the SDK takes for the time, moved by pauses and by you
"""

# What type checkers see below makes cycles that never exist at run time: there, nothing is imported before it is used.
# pyright: reportImportCycles=false

from importlib import import_module

TYPE_CHECKING = False  # typing's, without the time that it takes to import it
if TYPE_CHECKING:
    from twh.testing.clock import Clock as Clock
    from twh.testing.mock import MockServer as MockServer
    from twh.testing.mock import UnexpectedCall as UnexpectedCall
    from twh.testing.route import Asked as Asked
    from twh.testing.route import Route as Route
    from twh.testing.samples import sample as sample
    from twh.testing.sandbox import Sandbox as Sandbox
    from twh.testing.sandbox import Tenant as Tenant
    from twh.testing.sandbox import running_sandbox as running_sandbox
    from twh.testing.signing import SignedWebhook as SignedWebhook
    from twh.testing.signing import sign as sign

EXPORTS = {
    "Asked": "route",
    "Clock": "clock",
    "MockServer": "mock",
    "Route": "route",
    "Sandbox": "sandbox",
    "SignedWebhook": "signing",
    "Tenant": "sandbox",
    "UnexpectedCall": "mock",
    "running_sandbox": "sandbox",
    "sample": "samples",
    "sign": "signing",
}


def __getattr__(name: str) -> object:
    if name not in EXPORTS:
        raise AttributeError(f"module 'twh.testing' has no attribute {name!r}")
    value: object = getattr(import_module(f"twh.testing.{EXPORTS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *EXPORTS})
