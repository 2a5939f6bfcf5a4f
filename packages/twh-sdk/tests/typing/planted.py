"""What is wrong on each line that says so, and both type checkers must report."""

# pyright: strict
# ruff: noqa: B018 - the lines are wrong on purpose

from __future__ import annotations

from twh import AsyncClient, Client, Hooks, Line, hooks


def wrong(client: Client) -> None:
    client.items.get(5)  # planted: a number is no name
    client.stock.get("A")  # planted: where is missing
    client.stock.get("A", "B")  # planted: where is a keyword
    client.items.create(sku="A")  # planted: the name is missing
    client.items.create(sku="A", name="B", colour="red")  # planted: there is no such argument
    client.movements.receive(item="A", location="B", quantity=0.5)  # planted: a float is not exact
    client.movements.receive(lines=[{"item": "A", "quantity": 1}])  # planted: a line without a location
    client.movements.adjust(item="A", location="B", quantity=1)  # planted: an adjustment without a reason
    client.movements.record(kind="count", lines=[])  # planted: a count may answer None
    client.movements.count(item="A", location="B", quantity=1).id  # planted: and here it does
    client.movements.issue(item=client.locations.get("A"), location="B", quantity=1)  # planted: a location is no item
    client.movements.batch([{"kind": "gift", "lines": []}])  # planted: there is no such kind
    client.movements.batch([{"kind": "receipt"}])  # planted: an entry without lines
    client.items.get("A", options={"dedline": 5})  # planted: a misspelt option
    client.with_options(idempotency_key="a")  # planted: a key belongs to one call
    client.items.get("A").colour  # planted: a model has its fields
    client.items.update("A", name=None)  # planted: a name cannot be removed
    client.with_raw.items.get("A").sku  # planted: the value is inside


def of_a_request(request: hooks.Request) -> None:
    del request


def also_wrong(client: Client) -> None:
    Line(item="A", location="B", quantity=0.5)  # planted: a float is not exact here either
    Line(item="A", quantity=1)  # planted: a line without a location, made by its name
    Line(item="A", location="B", quantity=1, colour="red")  # planted: a line has no such field
    Hooks(response=of_a_request)  # planted: a hook takes what it is for
    client.with_options(environment="live")  # planted: an address is settled once
    Client(environment="prod")  # planted: there are two environments


async def forgotten(client: AsyncClient) -> None:
    client.items.get("A")  # planted: a forgotten await
    client.items.get("A").sku  # planted: another
    client.movements.record_many([]).recorded  # planted: another
    client.with_raw.items.get("A").value  # planted: another
    for item in client.items.list():  # planted: a list that is read asynchronously
        del item
    await client.items.list()  # planted: a list is not awaited
    client.items.list().to_list().sort()  # planted: its whole is
