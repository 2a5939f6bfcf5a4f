"""Stock moves, and a signed webhook proves it: the quickstart as a program of your own.

twh sandbox up
python quickstart/quickstart.py
"""

import queue
import secrets
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from twh import Client

arrived: queue.Queue[tuple[bytes, Mapping[str, str]]] = queue.Queue()


class Webhooks(BaseHTTPRequestHandler):
    """Stands for your web framework: it hands over the body and the headers, byte for byte."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        arrived.put((body, dict(self.headers)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Say nothing."""


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Webhooks)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ours = secrets.token_hex(2).upper()  # a SKU is taken for ever once it is used
    sku, shelf = f"TSHIRT-{ours}", f"SHELF-{ours}"

    with Client() as client:  # finds the sandbox's address and key
        client.items.create(sku=sku, name="T-shirt, medium")
        client.locations.create(code=shelf, name="The shelf by the door")
        print("created an item and a location")

        client.movements.receive(item=sku, location=shelf, quantity=12, reference="PO-77")
        client.movements.issue(item=sku, location=shelf, quantity=2, reference="ORDER-1001")
        print("on the shelf:", client.stock.get(sku, at=shelf).available)

        endpoint = client.webhooks.create(
            url=f"http://127.0.0.1:{server.server_port}/webhooks", kinds=["entry.recorded"]
        )
        client.movements.return_(item=sku, location=shelf, quantity=1, reference="ORDER-1001")
        body, headers = arrived.get(timeout=20)
        event = client.webhooks.verify(body, headers, secret=endpoint.secret)
        print("a webhook arrived and its signature is right:", event.type)

        client.webhooks.delete(endpoint)
        print("on the shelf:", client.stock.get(sku, at=shelf).available)
    server.shutdown()


if __name__ == "__main__":
    main()
