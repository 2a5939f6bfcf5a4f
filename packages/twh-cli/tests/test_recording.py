"""Recording a file: each line has a key that follows from what it says, and what was answered is told whatever happens."""

import json

import httpx
import pytest

BATCH = "https://inventory.example.com/v1/movements/batch"
PROBLEM = {"code": "insufficient_stock", "detail": "Only 1 is available.", "status": 409}


def entry(number, **more):
    line = {"item": "A", "location": "B", "quantity": str(number)}
    return {"kind": "receipt", "lines": [line], **more}


@pytest.fixture
def file(tmp_path):
    """A file of entries, with an empty line in front."""

    def file(*entries, name="day.jsonl"):
        path = tmp_path / name
        path.write_text("\n" + "".join(json.dumps(one) + "\n" for one in entries))
        return str(path)

    return file


class Ledger:
    """Answers each row with the next status, the last one again and again; a known key with what it was answered."""

    def __init__(self, routes):
        self.statuses = [201]
        self.known = {}
        self.route = routes.post(BATCH).mock(side_effect=self.answer)

    def will(self, *statuses):
        self.statuses = list(statuses)
        return self

    @property
    def keys(self):
        return [
            row["idempotency_key"] for call in self.route.calls for row in json.loads(call.request.content)["entries"]
        ]

    def answer(self, request):
        rows = [self.row(row["idempotency_key"]) for row in json.loads(request.content)["entries"]]
        counts = {"recorded": 0, "unchanged": 0, "refused": 0, "failed": 0, "replayed": 0}
        return httpx.Response(200, json={"results": rows, **counts})

    def row(self, key):
        replayed = key in self.known
        status = self.known.get(key) or (self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])
        if isinstance(status, BaseException):
            raise status
        self.known[key] = status
        told = {"problem": {**PROBLEM, "status": status}} if status >= 400 else {}
        return {"status": status, "idempotency_key": key, "replayed": replayed, **told}


@pytest.fixture
def ledger(elsewhere):
    return Ledger(elsewhere)


def outcomes(ran):
    return [(one["line"], one["outcome"]) for one in map(json.loads, ran.out.splitlines())]


def test_what_became_of_each_line_is_told(twh, ledger, file):
    ledger.will(204, 409, 500)
    ran = twh("movements", "record", file(entry(1), entry(2), entry(3)))

    assert outcomes(ran) == [(2, "unchanged"), (3, "refused"), (4, "failed")]
    assert json.loads(ran.out.splitlines()[1])["problem"] == "Only 1 is available."
    assert "3 entries: 1 unchanged, 1 refused, 1 failed." in ran.err
    assert (ran.exit_code, "The server failed at 1 of 3" in ran.err) == (9, True)


def test_refusals_have_their_exit_code(twh, ledger, file):
    ledger.will(204, 409)
    ran = twh("movements", "record", file(entry(1), entry(2)))

    assert (ran.exit_code, "1 of 2 entries were refused." in ran.err) == (5, True)


def test_the_same_file_again_has_the_same_keys(twh, ledger, file):
    path = file(entry(1), entry(1), entry(2, idempotency_key="mine"))
    twh("movements", "record", path)
    twh("movements", "record", path)
    first, second = ledger.keys[:3], ledger.keys[3:]

    assert first == second
    assert len(set(first)) == 3
    assert first[2] == "mine"


def test_keys_follow_what_is_said_and_not_where_it_stands(twh, ledger, file):
    twh("movements", "record", file(entry(1), entry(2), entry(3)))
    reordered = {**entry(1)}
    reordered["lines"] = [dict(reversed(reordered["lines"][0].items()))]
    twh("movements", "record", file(entry(4), entry(3), reordered))
    one, two, three, *again = ledger.keys

    assert again[1:] == [three, one]
    assert again[0] not in {one, two, three}


def test_another_file_and_another_run_have_other_keys(twh, ledger, file):
    path = file(entry(1))
    twh("movements", "record", path)
    twh("movements", "record", file(entry(1), name="next-day.jsonl"))
    twh("movements", "record", path, "--idempotency-key", "once-more")

    assert len(set(ledger.keys)) == 3


def test_stdin_has_no_name_and_every_run_of_it_is_another(twh, ledger, monkeypatch):
    import io
    import sys

    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(entry(1)) + "\n"))
        twh("movements", "record", "-")

    assert len(set(ledger.keys)) == 2


def test_a_run_that_was_interrupted_says_how_to_go_on(twh, ledger, file):
    ledger.will(*[204] * 500, KeyboardInterrupt())
    path = file(*(entry(number) for number in range(1, 601)))
    ran = twh("movements", "record", path)

    assert ran.exit_code == 130
    assert "Interrupted. This is recorded: 500 entries: 500 unchanged." in ran.err
    assert f"To go on: twh movements record {path}   (nothing is recorded twice)" in ran.err
    again = ledger.will(204) and twh("movements", "record", path)
    assert (again.exit_code, len(set(ledger.keys))) == (0, 600)


def test_what_is_refused_is_put_aside(twh, ledger, file, tmp_path):
    ledger.will(204, 409)
    aside = tmp_path / "aside.jsonl"
    ran = twh("movements", "record", file(entry(1), entry(2, idempotency_key="mine")), "--refused", str(aside))

    assert ran.exit_code == 5
    assert [json.loads(line) for line in aside.read_text().splitlines()] == [entry(2)]
    assert f"They are in {aside}." in ran.err


def test_what_was_put_aside_is_not_written_over(twh, ledger, file, tmp_path):
    aside = tmp_path / "aside.jsonl"
    aside.write_text("kept")
    ran = twh("movements", "record", file(entry(1)), "--refused", str(aside))

    assert (ran.exit_code, ledger.route.called, aside.read_text()) == (2, False, "kept")


def test_on_a_terminal_only_what_is_not_recorded_is_shown(twh, ledger, file):
    ledger.will(204, 409)
    ran = twh("movements", "record", file(entry(1), entry(2)), "--output", "table")

    assert [line.split()[:2] for line in ran.out.splitlines()] == [["3", "refused"]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "Line 2 is not JSON"),
        ("[]", "Line 2 is not a JSON object"),
        ('{"kind": "receipt"}', "Line 2 has no 'lines'"),
        ('{"kind": "receipt", "lines": [], "colour": "red"}', "Line 2 has an unknown field 'colour'"),
        ('{"kind": "receipt", "lines": [{"item": "A"}]}', "Line 2 has a line without 'quantity'"),
        ('{"kind": "receipt", "lines": {}}', "Line 2 is no entry: lines takes a list"),
        ('{"kind": "receipt", "lines": [{"quantity": true}]}', "Line 2 is no entry: lines[0].quantity"),
    ],
)
def test_nothing_is_sent_of_a_file_with_a_broken_line(twh, ledger, tmp_path, line, said):
    path = tmp_path / "day.jsonl"
    path.write_text(json.dumps(entry(1)) + "\n" + line + "\n")
    ran = twh("movements", "record", str(path))

    assert (ran.exit_code, ledger.route.called) == (2, False)
    assert said in ran.err
