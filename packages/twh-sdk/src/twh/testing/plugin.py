"""The pytest plugin: its fixtures. It is loaded in every test run, so it loads nothing itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import twh
from twh import testing

SEEDED = "twh_seeded: the test's tenant has a shop's items, locations and history, instead of nothing"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", SEEDED)


@pytest.fixture(scope="session")
def twh_sandbox() -> Iterator[testing.Sandbox]:
    """A real server with its own database, for the whole session; `.tenant()` makes fresh tenants in it."""
    with testing.running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def twh_tenant(
    twh_sandbox: testing.Sandbox, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> testing.Tenant:
    """A fresh, empty tenant, which `Client()` finds for the time of the test. With the mark twh_seeded it has a shop's stock."""
    node: pytest.Item = request.node
    tenant = twh_sandbox.tenant(seed=node.get_closest_marker("twh_seeded") is not None)
    found_by_clients(monkeypatch, tenant.api_key, tenant.base_url)
    return tenant


@pytest.fixture
def twh_client(twh_tenant: testing.Tenant) -> Iterator[twh.Client]:
    """A client of the test's tenant."""
    with twh_tenant.client() as client:
        yield client


@pytest.fixture
def twh_async_client(twh_tenant: testing.Tenant) -> twh.AsyncClient:
    """A client of the test's tenant, awaited. Nothing has to be closed."""
    return twh_tenant.async_client()


@pytest.fixture
def twh_clock() -> Iterator[testing.Clock]:
    """What the SDK takes for the time: it stands still, pauses move it, and so does the test."""
    with testing.Clock().installed() as clock:
        yield clock


@pytest.fixture
def twh_mock(twh_clock: testing.Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[testing.MockServer]:
    """A stand-in for the server, which `Client()` finds. A call that nothing was laid down for fails the test."""
    server = testing.MockServer(twh_clock)
    found_by_clients(monkeypatch, server.api_key, server.base_url)
    with server.installed():
        yield server
    if server.unexpected:
        pytest.fail(str(server.unexpected[0]), pytrace=False)


def found_by_clients(monkeypatch: pytest.MonkeyPatch, api_key: str, base_url: str) -> None:
    """Whatever was configured on this machine: a test never asks anybody else."""
    monkeypatch.setenv("TWH_API_KEY", api_key)
    monkeypatch.setenv("TWH_BASE_URL", base_url)
    monkeypatch.delenv("TWH_ENVIRONMENT", raising=False)
