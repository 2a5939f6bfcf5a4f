"""A replay is held as a job: waited for politely, watched, ended; on both kinds of client alike."""

import pytest

from twh import errors, jobs, models
from twh.testing import sample


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(jobs, "POLL_SECONDS", (0.001, 0.002))


def replay(state="running", **values):
    return sample(models.Replay, id="job_1", state=state, **values).model_dump(mode="json")


def test_a_job_is_waited_for_and_tells_how_far_it_is(server):
    server.will(
        server.answer(201, replay()),
        server.answer(200, replay(delivered=3)),
        server.answer(200, replay("finished", delivered=5)),
    )
    seen = []

    job = server.client().webhooks.replay(which="failed", endpoint="whe_1", since="2026-05-10T12:00:00Z")
    ended = job.wait(timeout=10, each=lambda one: seen.append(one.delivered))

    assert (ended.state, ended, job.state) == ("finished", job.replay, "finished")
    assert seen[1:] == [3, 5]
    assert [(one.method, one.path) for one in server.asked] == [
        ("POST", "/v1/replays"),
        ("GET", "/v1/replays/job_1"),
        ("GET", "/v1/replays/job_1"),
    ]
    assert server.asked[0].json == {"which": "failed", "endpoint": "whe_1", "since": "2026-05-10T12:00:00Z"}
    assert server.asked[0].key


async def test_a_job_of_an_async_client_is_awaited(server):
    server.will(server.answer(201, replay()), server.answer(200, replay("cancelled")))

    async with server.async_client() as client:
        job = await client.webhooks.retry("dlv_1")
        ended = await job.wait(timeout=10)

    assert ended.state == "cancelled"
    assert server.asked[0].path == "/v1/deliveries/dlv_1/retry"


def test_a_job_that_takes_longer_goes_on(server):
    server.will(server.answer(200, replay()))

    job = server.client().replays.job("job_1")
    with pytest.raises(errors.TimedOut) as late:
        job.wait(timeout=0.01)

    assert "client.replays.job('job_1')" in late.value.hint


def test_a_job_is_cancelled_and_resumed(server):
    server.will(*(server.answer(200, replay(state)) for state in ("running", "cancelled", "running")))

    job = server.client().replays.job("job_1")
    states = [job.cancel().state, job.resume().state]

    assert states == ["cancelled", "running"]
    assert [one.path for one in server.asked[1:]] == ["/v1/replays/job_1/cancel", "/v1/replays/job_1/resume"]


def test_a_dry_run_tells_the_number_and_needs_no_key(server):
    server.will(server.answer(200, {"total": 7, "first_sequence": 1, "last_sequence": 9}))

    plan = server.client().webhooks.replay(deliveries=[sample(models.Delivery, id="dlv_1"), "dlv_2"], dry_run=True)

    assert (plan.total, plan.started) == (7, False)
    with pytest.raises(ValueError, match="dry run"):
        plan.wait()
    assert server.asked[0].json == {"deliveries": ["dlv_1", "dlv_2"], "dry_run": True}
    assert server.asked[0].key is None
