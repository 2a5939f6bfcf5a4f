"""The floor of HTTP: a route that does nothing, in the same framework, on the same server, with the same set-up."""

import asyncio
import socket
import sys

from litestar import Litestar, get

from twh_server.processes.listening import listen
from twh_server.processes.serving import serving, told_to_stop


@get("/")
async def nothing() -> dict[str, str]:
    """An object with one field."""
    return {"on_hand": "1"}


async def serve(listening: socket.socket) -> None:
    """Serve until told to stop."""
    stop = told_to_stop()
    async with serving(Litestar([nothing], openapi_config=None), listening, stop, drain_seconds=1):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(listen("127.0.0.1", int(sys.argv[1]))))
