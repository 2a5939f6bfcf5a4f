"""The page on receiving webhooks: each of its programs takes what is signed, once, and refuses what is not."""

import importlib
import logging
import re
import sqlite3
import sys
from pathlib import Path

import httpx
import pytest
from aiohttp.test_utils import TestClient, TestServer

from twh import models
from twh.testing import sample, sign

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "webhooks.md"
FILES = dict(re.findall(r'^```python title="([\w.]+)"\n(.*?)^```$', PAGE.read_text(), re.MULTILINE | re.DOTALL))
OLD, NEW = (f"whsec_{letter * 32}" for letter in "ab")
APPS = sorted(Path(name).stem for name in FILES if name.endswith("_app.py"))


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """The files of the page in a folder of their own, as programs that know two secrets."""
    for name, code in FILES.items():
        (tmp_path / name).write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("SHOP_WEBHOOK_SECRET", f"{NEW} {OLD}")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level  # a framework sets them for the whole process
    yield tmp_path
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in FILES:
        sys.modules.pop(Path(name).stem, None)


def event():
    moved = sample(models.Movement, item=sample(models.ItemRef, sku="TSHIRT-M"), quantity="-2")
    return sample(models.EntryRecorded, data=sample(models.Entry, movements=[moved]))


async def posted(name, *requests):
    """The statuses that an application of the page answers."""
    app = importlib.import_module(name).app
    if name == "aiohttp_app":
        async with TestClient(TestServer(app)) as client:
            return [(await client.post("/webhooks", data=body, headers=headers)).status for body, headers in requests]
    if name in {"flask_app", "django_app"}:
        with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://shop.test") as client:
            return [client.post("/webhooks", content=body, headers=headers).status_code for body, headers in requests]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as client:
        return [
            (await client.post("/webhooks", content=body, headers=headers)).status_code for body, headers in requests
        ]


def test_there_are_five_of_them():
    assert APPS == ["aiohttp_app", "django_app", "fastapi_app", "flask_app", "litestar_app"]


@pytest.mark.parametrize("name", APPS)
async def test_what_is_signed_is_done_once_and_what_is_not_is_refused(shop, name):
    told = event()
    first, again, other = sign(told, OLD), sign(told, NEW), sign(told, f"whsec_{'c' * 32}")
    json = {"Content-Type": "application/json"}

    statuses = await posted(
        name,
        (first.body, first.headers | json),
        (again.body, again.headers | json),
        (other.body, other.headers | json),
        (first.body + b" ", first.headers | json),
        (first.body, json),
    )

    assert statuses == [204, 204, 400, 400, 400]
    with sqlite3.connect(shop / "shop.db") as books:
        assert books.execute("select * from moved").fetchall() == [("TSHIRT-M", "-2")]
