"""Importing items: what is refused is told by its line, the others land, and what was answered is told whatever happens."""

import json

import httpx
import pytest

BATCH = "https://inventory.example.com/v1/items/batch"
PROBLEM = {"code": "invalid_item", "detail": "No.", "errors": [{"message": "The last digit should be 1."}]}


@pytest.fixture
def items(tmp_path):
    """A file with so many items, one a line, with an empty line in front."""

    def items(count, **more):
        path = tmp_path / "items.jsonl"
        lines = [json.dumps({"sku": f"SKU-{number}", "name": "N", **more}) for number in range(count)]
        path.write_text("\n" + "\n".join(lines) + "\n")
        return str(path)

    return items


def answer(*statuses):
    rows = [{"status": one, "problem": PROBLEM if one >= 400 else None} for one in statuses]
    refused = sum(one >= 400 for one in statuses)
    body = {"results": rows, "created": len(rows) - refused, "updated": 0, "unchanged": 0, "refused": refused}
    return httpx.Response(200, json=body)


def test_what_lands_is_counted(twh, elsewhere, items):
    elsewhere.post(BATCH).mock(return_value=answer(201, 201))
    ran = twh("items", "import", items(2))

    assert (ran.exit_code, ran.out) == (0, "")
    assert "2 items: 2 created." in ran.err


def test_what_is_refused_is_told_by_its_line(twh, elsewhere, items):
    elsewhere.post(BATCH).mock(return_value=answer(201, 422, 201))
    ran = twh("items", "import", items(3))

    assert ran.exit_code == 5
    assert (ran.json["line"], ran.json["sku"], ran.json["code"]) == (3, "SKU-1", "invalid_item")
    assert ran.json["problem"] == "The last digit should be 1."
    assert "3 items: 2 created, 1 refused." in ran.err
    assert "1 of 3 items were refused." in ran.err


def test_what_has_landed_is_told_when_it_is_interrupted(twh, elsewhere, items):
    answers = [answer(*[201] * 500), KeyboardInterrupt()]

    def one_then_stop(_):
        came = answers.pop(0)
        if isinstance(came, BaseException):
            raise came
        return came

    elsewhere.post(BATCH).mock(side_effect=one_then_stop)
    path = items(600)
    ran = twh("items", "import", path)

    assert ran.exit_code == 130
    assert "Interrupted. This has landed: 500 items: 500 created." in ran.err
    assert f"twh items import {path}" in ran.err


def test_a_key_of_the_run_makes_a_key_of_each_batch(twh, elsewhere, items):
    route = elsewhere.post(BATCH).mock(side_effect=[answer(*[201] * 500), answer(201)])
    twh("items", "import", items(501), "--idempotency-key", "monday")

    assert [call.request.headers["idempotency-key"] for call in route.calls] == ["monday-1", "monday-2"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "Line 2 is not JSON"),
        ("[]", "Line 2 is not a JSON object"),
        ('{"name": "N"}', "Line 2 has no 'sku'"),
        ('{"sku": "A", "name": "N", "reorder_point": 1.5}', "Line 2: reorder_point is a float"),
        ('{"sku": "A", "name": "N", "packs": [{"quantity": 0.5}]}', "Line 2: quantity is a float"),
    ],
)
def test_nothing_is_sent_of_a_file_with_a_broken_line(twh, elsewhere, tmp_path, line, said):
    route = elsewhere.post(BATCH)
    path = tmp_path / "items.jsonl"
    path.write_text('{"sku": "B", "name": "N"}\n' + line + "\n")
    ran = twh("items", "import", str(path))

    assert (ran.exit_code, route.called) == (2, False)
    assert said in ran.err
