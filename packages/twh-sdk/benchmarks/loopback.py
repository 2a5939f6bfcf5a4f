"""A server on this machine, in a process of its own, that answers at once: what a call costs is then the caller's.

It answers as the contract's examples do, and the peers' calls with what their servers answer. Run as a program, it prints
its port and serves until it is ended.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONTRACT = Path(__file__).parents[3] / "openapi" / "openapi.json"
PAGE_ITEMS = 100
MESSAGE: dict[str, Any] = {
    "id": "msg_8f1c2a5e7b9d4c",
    "type": "message",
    "role": "assistant",
    "model": "some-model",
    "content": [{"type": "text", "text": "twelve"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 9, "output_tokens": 1},
}
FILE = {
    "id": "file-8f1c2a5e7b9d4c3e",
    "object": "file",
    "bytes": 120_000,
    "created_at": 1_777_777_777,
    "expires_at": 1_780_000_000,
    "filename": "shelf-7.jsonl",
    "purpose": "fine-tune",
    "status": "processed",
}
COMPLETION = {
    "id": "chatcmpl-8f1c2a5e7b9d4c3e",
    "object": "chat.completion",
    "created": 1_777_777_777,
    "model": "some-model",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "twelve"}, "logprobs": None, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
}
CUSTOMER: dict[str, Any] = {
    "id": "cus_8f1c2a5e7b9d4c",
    "object": "customer",
    "balance": 0,
    "created": 1_777_777_777,
    "currency": None,
    "email": "shop@example.com",
    "livemode": False,
    "metadata": {},
    "name": "A shop",
    "phone": None,
}


def answers() -> dict[str, Any]:
    """What is answered to what is asked, by how the request begins: the first that fits."""
    level = example("/v1/stock/{item}/{location}", "get", "200")
    return {
        "GET /v1/stock?": {"data": [level] * PAGE_ITEMS, "next_cursor": None},
        "GET /v1/stock/": level,
        "POST /v1/movements ": example("/v1/movements", "post", "201"),
        "GET /files/": FILE,
        "GET /files": {"object": "list", "data": [FILE] * PAGE_ITEMS, "has_more": False},
        "POST /chat/completions": COMPLETION,
        "GET /v1/customers/": CUSTOMER,
        "GET /v1/customers": {
            "object": "list",
            "data": [CUSTOMER] * PAGE_ITEMS,
            "has_more": False,
            "url": "/v1/customers",
        },
        "POST /v1/customers": CUSTOMER,
        "POST /v1/messages": MESSAGE,
    }


def example(path: str, method: str, status: str) -> Any:
    """What the contract gives as the example of an answer."""
    content = json.loads(CONTRACT.read_text())["paths"][path][method]["responses"][status]["content"]
    told = content["application/json"]
    return told.get("example") or next(iter(told["examples"].values()))["value"]


@contextmanager
def answering() -> Generator[str]:
    """The server while it is needed; its address."""
    serving = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    try:
        assert serving.stdout is not None
        yield f"http://127.0.0.1:{int(serving.stdout.readline())}"
    finally:
        serving.terminate()
        serving.wait()


class Answering(asyncio.Protocol):
    """One connection: a request at a time, each answered with bytes that were ready before."""

    def __init__(self, ready: list[tuple[bytes, bytes]]) -> None:
        self.ready = ready
        self.came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.came += data
        head, ended, rest = self.came.partition(b"\r\n\r\n")
        told = re.search(rb"(?i)content-length: *(\d+)", head)
        length = int(told[1]) if told else 0
        if not ended or len(rest) < length:
            return
        self.came = rest[length:]
        self.transport.write(next(answer for begins, answer in self.ready if head.startswith(begins)))


def ready() -> list[tuple[bytes, bytes]]:
    """The answers as bytes."""
    return [(begins.encode(), whole(body)) for begins, body in answers().items()]


def whole(body: Any) -> bytes:
    text = json.dumps(body, separators=(",", ":")).encode()
    lines = [
        "HTTP/1.1 200 OK",
        "content-type: application/json",
        "twh-request-id: req_01kaqgn4eaf1vs8x4x4nyxbkrf",
        f"content-length: {len(text)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + text


async def serve() -> None:
    """Answer until ended."""
    listening = await asyncio.get_running_loop().create_server(lambda: Answering(ready()), "127.0.0.1", 0)
    sys.stdout.write(f"{listening.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
