"""Endpoints are made, changed and deleted through the journal; their secret is told once and lies sealed."""

import msgspec
import pytest

from twh_server.catalogue.item_commands import CreateItem
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.database.identifiers import ITEM
from twh_server.events import feed
from twh_server.journal.commands import Answer, Submission
from twh_server.journal.versions import StaleVersion
from twh_server.webhooks import targets
from twh_server.webhooks.endpoint_commands import CreateEndpoint, DeleteEndpoint, UpdateEndpoint
from twh_server.webhooks.endpoint_values import ITEMS_MAX, LOCATIONS_MAX
from twh_server.webhooks.endpoints import ENDPOINTS_MAX, Endpoint, get_endpoint, list_endpoints
from twh_server.webhooks.refusals import EndpointNotFound, InvalidEndpoint, TooManyEndpoints

URL = "https://example.com/hook"


async def test_creating_tells_the_secret_once_and_keeps_it_sealed(webhooks, database, shop):
    created = await webhooks.create(URL, kinds=["entry.recorded"], description="Shop front")

    url, sealed = await webhooks.stored(created)
    told = (await feed.read(database, shop.tenant, after=0)).bodies
    read = (await get_endpoint(database, shop.tenant, created.id)).shown()
    assert url == URL
    assert created.secret.startswith("whsec_")
    assert len(sealed) == 1 + 4 + 12 + 32 + 16
    assert all(b"whsec" not in body and b'"secret"' not in body for body in told)
    assert msgspec.json.encode(read) == bytes(msgspec.json.decode(told[0], type=dict[str, msgspec.Raw])["data"])
    assert msgspec.to_builtins(read) == {
        name: value for name, value in msgspec.to_builtins(created).items() if name != "secret"
    }


async def test_the_replayed_answer_has_the_secret_that_lies_nowhere_in_plain_text(webhooks, database, shop):
    tenant = shop.tenant

    def submission():
        def answer(created):
            body = msgspec.json.encode(created)
            return Answer(status=201, body=body, kept=webhooks.sealer.keep(body, tenant=tenant))

        return Submission(
            tenant=tenant,
            command=CreateEndpoint(url=URL, policy=targets.SANDBOX, sealer=webhooks.sealer),
            answer=answer,
            refuse=lambda _: Answer(status=422),
            key="one",
            digest=b"same",
            reopen=lambda kept: webhooks.sealer.reopen(kept, tenant=tenant),
        )

    first = await webhooks.writer.submit(submission())
    again = await webhooks.writer.submit(submission())

    kept = await database.read(
        tenant, "select body from idempotency_keys where tenant_id = %(tenant)s", {"tenant": tenant}
    )
    assert (again.body, again.replayed) == (first.body, True)
    assert b"whsec_" in first.body
    assert "whsec_" not in kept[0][0]
    assert len(await list_endpoints(database, tenant, after=None, limit=10)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hook",
        "/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///hook",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://@example.com/",
        "https://exämple.com/",
        "https://example.com/a b",
        "https://example.com/\r\nX: y",
        "https://example.com\\@evil.com/",
        "https://example.com:99999/",
        "https://example.com:port/",
        "https://[::1",
        "https://[fe80::1%25eth0]/",
        "https://example.com/#fragment",
        "https://example.com/#",
        "https://example.com/" + "a" * 2048,
        "http://169.254.169.254/latest/meta-data",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[::ffff:169.254.169.254]/",
    ],
)
async def test_a_url_that_cannot_be_used_is_refused(webhooks, url):
    with pytest.raises(InvalidEndpoint) as refusal:
        await webhooks.create(url)

    assert [error.pointer for error in refusal.value.errors] == ["/url"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://hooks.localhost./",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[64:ff9b::7f00:1]/",
    ],
)
async def test_what_a_sandbox_may_reach_a_live_tenant_may_not(webhooks, url):
    with pytest.raises(InvalidEndpoint) as refusal:
        await webhooks.submit(CreateEndpoint(url=url, policy=targets.LIVE, sealer=webhooks.sealer))
    await webhooks.create(url)

    assert [error.code for error in refusal.value.errors] == ["target_refused"]


async def test_every_unknown_kind_is_named(webhooks):
    with pytest.raises(InvalidEndpoint) as refusal:
        await webhooks.create("nonsense", kinds=["entry.recorded", "entry.recorde", "*"])

    assert [(error.pointer, error.code) for error in refusal.value.errors] == [
        ("/url", "invalid_url"),
        ("/kinds/1", "unknown_kind"),
        ("/kinds/2", "unknown_kind"),
    ]


async def test_at_most_a_hundred_kinds_are_named(webhooks):
    await webhooks.create(URL, kinds=["entry.recorded"] * 100)

    with pytest.raises(InvalidEndpoint):
        await webhooks.create(URL, kinds=["entry.recorded"] * 101)


async def test_a_change_gives_a_new_version_and_no_change_none(webhooks, database, shop):
    created = await webhooks.create(URL)

    same = await webhooks.update(created, url=URL, kinds=[])
    changed = await webhooks.update(created, enabled=False, kinds=["item.created", "item.created"])

    assert (same.version, changed.version, changed.kinds, changed.enabled) == (1, 2, ["item.created"], False)
    assert await get_endpoint(database, shop.tenant, created.id) == changed
    told = (await feed.read(database, shop.tenant, after=0, kinds=["endpoint.updated"])).bodies
    assert len(told) == 1


async def test_a_change_meant_for_an_older_version_is_refused(webhooks):
    created = await webhooks.create(URL)
    await webhooks.update(created, description="new")

    for command in (
        UpdateEndpoint(endpoint=created.id, changes={}, policy=targets.SANDBOX, if_match=[created.etag]),
        DeleteEndpoint(endpoint=created.id, if_match=[created.etag]),
    ):
        with pytest.raises(StaleVersion) as refusal:
            await webhooks.submit(command)
        assert refusal.value.facts == {"version": 2, "etag": '"wh2"'}


async def test_a_deleted_endpoint_is_gone(webhooks, database, shop):
    created = await webhooks.create(URL)

    await webhooks.delete(created)

    with pytest.raises(EndpointNotFound):
        await get_endpoint(database, shop.tenant, created.id)
    with pytest.raises(EndpointNotFound):
        await webhooks.delete(created)
    with pytest.raises(EndpointNotFound):
        await webhooks.update(created, enabled=True)
    assert await list_endpoints(database, shop.tenant, after=None, limit=10) == []
    (told,) = (await feed.read(database, shop.tenant, after=0, kinds=["endpoint.deleted"])).bodies
    assert msgspec.json.decode(told)["data"]["id"] == created.id


async def test_another_tenants_endpoint_is_not_found(webhooks, database, writer, other_shop):
    created = await webhooks.create(URL)
    stranger = type(webhooks)(database, writer, other_shop)

    with pytest.raises(EndpointNotFound):
        await get_endpoint(database, other_shop.tenant, created.id)
    with pytest.raises(EndpointNotFound):
        await stranger.update(created, enabled=False)
    with pytest.raises(EndpointNotFound):
        await stranger.delete(created)


@pytest.mark.parametrize("text", ["", "whe_", "loc_01kaqgn4e3f0dvm63vkxhkqk8d", "x" * 300])
async def test_what_is_no_endpoints_id_is_not_found(webhooks, database, shop, text):
    with pytest.raises(EndpointNotFound):
        await get_endpoint(database, shop.tenant, text)
    with pytest.raises(EndpointNotFound):
        await webhooks.submit(DeleteEndpoint(endpoint=text))


async def test_a_tenant_has_at_most_so_many_endpoints(webhooks, database, shop):
    first, *_ = [await webhooks.create(URL) for _ in range(ENDPOINTS_MAX)]

    with pytest.raises(TooManyEndpoints):
        await webhooks.create(URL)
    await webhooks.delete(first)
    await webhooks.create(URL)

    assert len(await list_endpoints(database, shop.tenant, after=None, limit=200)) == ENDPOINTS_MAX


async def test_endpoints_are_listed_page_by_page(webhooks, database, shop):
    created = [await webhooks.create(f"{URL}/{number}") for number in range(3)]
    await webhooks.submit(CreateLocation(code="A", name="A"))

    first = await list_endpoints(database, shop.tenant, after=None, limit=2)
    second = await list_endpoints(database, shop.tenant, after=first[-1].id, limit=2)

    assert [endpoint.shown().id for endpoint in [*first, *second]] == [endpoint.id for endpoint in created]


@pytest.fixture
async def stocked(webhooks):
    await webhooks.submit(CreateItem(sku="tea", name="Tea"))
    await webhooks.happen("MAIN")
    return webhooks


async def test_items_and_locations_are_named_as_people_do_and_kept_by_their_ids(stocked, database, shop):
    created = await stocked.create(URL, items=["tea", "tea"], locations=["MAIN"], attributes={"vegan": True})

    again = await stocked.create(URL, items=created.items, locations=created.locations)
    told = msgspec.json.decode((await feed.read(database, shop.tenant, after=2)).bodies[0])["data"]
    assert [text[:4] for text in (*created.items, *created.locations)] == ["itm_", "loc_"]
    assert (again.items, again.locations) == (created.items, created.locations)
    assert (told["items"], told["locations"], told["attributes"]) == (created.items, created.locations, {"vegan": True})


async def test_everything_that_is_wrong_is_named_at_once(stocked):
    with pytest.raises(InvalidEndpoint) as refusal:
        await stocked.create(
            "nonsense",
            kinds=["entry.*", "entries.*"],
            items=["tea", "coffee"],
            locations=["loc_01kaqgn4e3f0dvm63vkxhkqk8d", "MAIN"],
            attributes={f"a{number}": "x" * 300 for number in range(21)},
        )

    assert [(error.pointer, error.code) for error in refusal.value.errors] == [
        ("/url", "invalid_url"),
        ("/kinds/1", "unknown_kind"),
        ("/items/1", "item_not_found"),
        ("/locations/0", "location_not_found"),
        ("/attributes", "too_many_attributes"),
        ("/attributes", "too_large"),
    ]


@pytest.mark.parametrize(("name", "most", "one"), [("items", ITEMS_MAX, "tea"), ("locations", LOCATIONS_MAX, "MAIN")])
async def test_no_more_are_named_than_can_be(stocked, name, most, one):
    await stocked.create(URL, **{name: [one] * most})

    with pytest.raises(InvalidEndpoint) as refusal:
        await stocked.create(URL, **{name: [one] * (most + 1)})

    assert [error.code for error in refusal.value.errors] == [f"too_many_{name}"]


async def test_another_tenants_item_is_unknown(stocked, database, writer, other_shop):
    theirs = await type(stocked)(database, writer, other_shop).submit(CreateItem(sku="jam", name="Jam"))

    with pytest.raises(InvalidEndpoint) as refusal:
        await stocked.create(URL, items=[ITEM.text(theirs.id)])

    assert [error.code for error in refusal.value.errors] == ["item_not_found"]


async def test_each_value_can_be_changed_and_what_was_before_is_told(stocked, database, shop):
    changes = {
        "items": ["tea"],
        "locations": ["MAIN"],
        "attributes": {"vegan": True},
        "payload": "thin",
        "form": "cloudevents",
        "ordering": "item",
        "rate_per_second": 5,
        "concurrency": 2,
    }
    created = await stocked.create(URL)

    for name, value in changes.items():
        await stocked.update(created, **{name: value})

    changed = (await get_endpoint(database, shop.tenant, created.id)).shown()
    told = [msgspec.json.decode(body) for body in (await feed.read(database, shop.tenant, after=3)).bodies]
    assert [list(event["previous"]) for event in told] == [[name] for name in changes]
    assert {name: getattr(changed, name) for name in changes if name not in ("items", "locations")} == {
        name: value for name, value in changes.items() if name not in ("items", "locations")
    }
    assert msgspec.json.decode(msgspec.json.encode(changed)) == told[-1]["data"]
    back = await stocked.update(created, rate_per_second=None, concurrency=None, items=[])
    assert (back.rate_per_second, back.concurrency, back.items) == (None, None, [])


async def test_true_is_not_one(stocked):
    created = await stocked.create(URL, attributes={"vegan": True})

    assert (await stocked.update(created, attributes={"vegan": True})).version == 1
    assert (await stocked.update(created, attributes={"vegan": 1})).version == 2


def test_an_event_of_before_is_read_with_what_endpoints_were_then():
    told = {
        "id": "whe_01kaqgn4e3f0dvm63vkxhkqk8d",
        "url": URL,
        "kinds": [],
        "description": "",
        "enabled": True,
        "version": 1,
        "etag": '"wh1"',
        "created_at": "2026-05-02T08:00:00Z",
        "updated_at": "2026-05-02T08:00:00Z",
    }

    endpoint = msgspec.convert(told, Endpoint)

    assert (endpoint.items, endpoint.attributes, endpoint.payload, endpoint.form, endpoint.ordering) == (
        [],
        {},
        "full",
        "standard",
        "none",
    )
