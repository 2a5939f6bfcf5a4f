"""Items and locations, used."""

from operation_uses import Desk, uses


@uses("items.create")
async def create_item(desk: Desk):
    item = await desk.client.items.create(sku="APPLES", name="Apples", barcodes=["4006381333931"], reorder_point=3)

    assert (item.sku, item.version, str(item.reorder_point)) == ("APPLES", 1, "3")
    assert (await desk.client.items.get("APPLES")).id == item.id


@uses("items.list")
async def list_items(desk: Desk):
    for sku in ("APPLES", "APRICOTS", "PEARS"):
        await desk.client.items.create(sku=sku, name=sku)

    found = await desk.client.items.list(sku_prefix="AP", page_size=1).to_list()

    assert [item.sku for item in found] == ["APPLES", "APRICOTS"]


@uses("items.get")
async def get_item(desk: Desk):
    made = await desk.client.items.create(sku="a/b 100%", name="Odd")

    assert await desk.client.items.get("a/b 100%") == await desk.client.items.get(made.id) == made


@uses("items.update")
async def update_item(desk: Desk):
    made = await desk.client.items.create(sku="APPLES", name="Apples")

    changed = await desk.client.items.update(
        "APPLES", name="Red apples", barcodes=["4006381333931"], if_match=made.etag
    )

    assert (changed.name, changed.barcodes, changed.version) == ("Red apples", ["4006381333931"], 2)
    assert await desk.client.items.get("APPLES") == changed


@uses("items.archive")
async def archive_item(desk: Desk):
    await desk.client.items.create(sku="APPLES", name="Apples")

    assert (await desk.client.items.archive("APPLES")).archived_at is not None
    assert await desk.client.items.list().to_list() == []


@uses("items.put")
async def put_item(desk: Desk):
    made = await desk.client.items.put("APPLES", name="Apples", tags=["fruit"], create_only=True)
    same = await desk.client.items.put("APPLES", name="Apples", tags=["fruit"])
    bare = await desk.client.items.put("APPLES", name="Apples", if_match=made.etag)

    assert (same, made.version, bare.version, bare.tags) == (made, 1, 2, [])


@uses("items.batch")
async def put_many_items(desk: Desk):
    answer = await desk.client.items.batch([{"sku": "APPLES", "name": "Apples"}, {"sku": " ", "name": "Nothing"}])

    assert [row.status for row in answer.results] == [201, 422]
    assert (await desk.client.items.get("APPLES")) == answer.results[0].item


@uses("items.restore")
async def restore_item(desk: Desk):
    await desk.client.items.create(sku="APPLES", name="Apples")
    await desk.client.items.archive("APPLES")

    assert (await desk.client.items.restore("APPLES")).archived_at is None
    assert [item.sku for item in await desk.client.items.list().to_list()] == ["APPLES"]


@uses("locations.create")
async def create_location(desk: Desk):
    location = await desk.client.locations.create(code="BIN", name="Bin", kind="bin")

    assert (location.code, location.kind, location.version) == ("BIN", "bin", 1)


@uses("locations.list")
async def list_locations(desk: Desk):
    await desk.client.locations.create(code="MAIN", name="Main")
    await desk.client.locations.create(code="SHOP", name="Shop", kind="store")

    assert [one.code for one in await desk.client.locations.list(kind="store").to_list()] == ["SHOP"]


@uses("locations.get")
async def get_location(desk: Desk):
    made = await desk.client.locations.create(code="MAIN", name="Main")

    assert await desk.client.locations.get("MAIN") == await desk.client.locations.get(made.id) == made


@uses("locations.update")
async def update_location(desk: Desk):
    made = await desk.client.locations.create(code="MAIN", name="Main")

    changed = await desk.client.locations.update("MAIN", name="Hall 2", if_match=made.etag)

    assert (changed.name, changed.version) == ("Hall 2", 2)


@uses("locations.archive")
async def archive_location(desk: Desk):
    await desk.client.locations.create(code="MAIN", name="Main")

    assert (await desk.client.locations.archive("MAIN")).archived_at is not None
    assert await desk.client.locations.list().to_list() == []


@uses("locations.put")
async def put_location(desk: Desk):
    await desk.client.locations.put("MAIN", name="Main", create_only=True)
    shelf = await desk.client.locations.put("SHELF", name="Shelf", kind="bin", parent="MAIN")

    assert shelf.parent is not None
    assert [one.code for one in await desk.client.locations.list(within="MAIN").to_list()] == ["SHELF"]


@uses("locations.restore")
async def restore_location(desk: Desk):
    await desk.client.locations.create(code="MAIN", name="Main")
    await desk.client.locations.archive("MAIN")

    assert (await desk.client.locations.restore("MAIN")).archived_at is None
