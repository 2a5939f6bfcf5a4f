"""The quickstart with asyncio: the same methods, awaited.

twh sandbox up
python quickstart/quickstart_async.py
"""

import asyncio
import secrets

from twh import AsyncClient

Webhook = tuple[bytes, dict[str, str]]


async def main() -> None:
    arrived: asyncio.Queue[Webhook] = asyncio.Queue()
    server, port = await listen(arrived)
    ours = secrets.token_hex(2).upper()  # a SKU is taken for ever once it is used
    sku, shelf = f"TSHIRT-{ours}", f"SHELF-{ours}"

    async with server, AsyncClient() as client:  # finds the sandbox's address and key
        await asyncio.gather(
            client.items.create(sku=sku, name="T-shirt, medium"),
            client.locations.create(code=shelf, name="The shelf by the door"),
        )
        print("created an item and a location")

        await client.movements.receive(item=sku, location=shelf, quantity=12, reference="PO-77")
        await client.movements.issue(item=sku, location=shelf, quantity=2, reference="ORDER-1001")
        print("on the shelf:", (await client.stock.get(sku, at=shelf)).available)

        endpoint = await client.webhooks.create(url=f"http://127.0.0.1:{port}/webhooks", kinds=["entry.recorded"])
        await client.movements.return_(item=sku, location=shelf, quantity=1, reference="ORDER-1001")
        body, headers = await asyncio.wait_for(arrived.get(), timeout=20)
        event = client.webhooks.verify(body, headers, secret=endpoint.secret)
        print("a webhook arrived and its signature is right:", event.type)

        await client.webhooks.delete(endpoint)
        async for movement in client.movements.list(item=sku, order="asc"):
            print(f"{movement.kind:8}{movement.quantity:>4}, then {movement.on_hand_after} on the shelf")


async def listen(arrived: asyncio.Queue[Webhook]) -> tuple[asyncio.Server, int]:
    """Stands for your web framework: just enough HTTP to take one webhook after another."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        length = next(int(value) for name, value in headers.items() if name.lower() == "content-length")
        await arrived.put((await reader.readexactly(length), headers))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


if __name__ == "__main__":
    asyncio.run(main())
