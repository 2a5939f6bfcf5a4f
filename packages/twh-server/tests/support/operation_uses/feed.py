"""The feed and the checkpoints of its consumers, used."""

from operation_uses import Desk, uses


@uses("events.list")
async def read_feed(desk: Desk):
    entry = await desk.shelf()

    found = await desk.client.events.list(types=["entry.recorded"]).to_list()

    assert [(event.type, event.data.id) for event in found] == [("entry.recorded", entry.id)]


@uses("events.get")
async def get_event(desk: Desk):
    await desk.shelf()
    newest = (await desk.client.events.list().to_list())[-1]

    assert await desk.client.events.get(newest.id) == newest


@uses("checkpoints.set")
async def set_checkpoint(desk: Desk):
    await desk.shelf()

    place = await desk.client.checkpoints.set("shipping", sequence=2)

    assert (place.sequence, place.lag) == (2, place.head - 2)


@uses("checkpoints.get")
async def get_checkpoint(desk: Desk):
    await desk.shelf()
    place = await desk.client.checkpoints.set("shipping", sequence=2)

    assert await desk.client.checkpoints.get("shipping") == place


@uses("checkpoints.list")
async def list_checkpoints(desk: Desk):
    for name in ("shipping", "billing"):
        await desk.client.checkpoints.set(name, sequence=0)

    assert [one.name for one in await desk.client.checkpoints.list(page_size=1).to_list()] == ["billing", "shipping"]


@uses("checkpoints.delete")
async def delete_checkpoint(desk: Desk):
    await desk.client.checkpoints.set("shipping", sequence=0)

    await desk.client.checkpoints.delete("shipping")

    assert await desk.client.checkpoints.list().to_list() == []


@uses("event_types.list")
async def list_event_types(desk: Desk):
    found = await desk.client.event_types.list(page_size=10).to_list()

    assert {"entry.recorded", "stock.low"} < {one.type for one in found}


@uses("event_types.get")
async def get_event_type(desk: Desk):
    found = await desk.client.event_types.get("stock.low")

    assert found.example["type"] == "stock.low"
    assert found.json_schema["properties"]["type"] == {"const": "stock.low"}
