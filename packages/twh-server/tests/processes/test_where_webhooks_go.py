"""Where webhooks may go is what the settings of a process say, of the one that takes addresses and of the one that sends."""

import httpx
import pytest

pytestmark = pytest.mark.usefixtures("database")  # migrated


@pytest.fixture
def creating(serve, shop):
    """Answers what a server with these settings says to a new endpoint: its id, or why it is refused."""

    def creating(url, **settings):
        _, server = serve(**settings)
        answer = httpx.post(f"{server}/v1/webhook-endpoints", headers=shop.headers, json={"url": url})
        return answer.json()["id"] if answer.status_code == 201 else answer.json()["errors"][0]["message"]

    return creating


def test_a_sandbox_on_a_server_stays_out_of_its_house_unless_it_is_let_in(creating, port):
    refused = creating("http://127.0.0.1:9999/")
    let_in = creating("http://127.0.0.1:9999/", TWH_WEBHOOK_PRIVATE="true", TWH_PORT=str(port()))

    assert refused == "127.0.0.1 is refused: it is this machine."
    assert let_in.startswith("whe_")


def test_networks_hosts_and_ports_are_those_of_the_settings(creating, port):
    said = {"TWH_WEBHOOK_ALLOW": "10.1.0.0/16, corp.example", "TWH_WEBHOOK_DENY": "*", "TWH_WEBHOOK_PORTS": "8443"}
    urls = (
        "https://10.1.2.3:8443/",
        "https://hooks.corp.example:8443/",
        "https://example.com:8443/",
        "https://10.1.2.3/",
    )

    inside, allowed, denied, closed = (creating(url, TWH_PORT=str(port()), **said) for url in urls)

    assert inside.startswith("whe_")
    assert allowed.startswith("whe_")
    assert denied == "example.com is denied by the operator of this server."
    assert closed == "Port 443 is not used here; use 8443."


def test_a_worker_goes_by_its_own_settings(creating, start, settings, shop, serve, port):
    endpoint = creating("http://127.0.0.1:9999/", TWH_WEBHOOK_PRIVATE="true")
    _, url = serve(TWH_PORT=str(port()))
    with httpx.Client(base_url=url, headers=shop.headers) as client:
        client.post("/v1/locations", json={"code": "MAIN", "name": "Main"})
        worker = start("work", **settings)

        def attempts():
            deliveries = client.get("/v1/deliveries", params={"endpoint": endpoint}).json()["data"]
            return [client.get(f"/v1/deliveries/{one['id']}/attempts").json()["data"] for one in deliveries][0:1]

        (made,) = worker.until(lambda: [found for found in attempts() if found], "an attempt")

    assert made[0]["error"] == "127.0.0.1 is refused: it is this machine."
