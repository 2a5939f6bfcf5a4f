"""The generator alone, with a clock that the test moves: what is sent when, with which key, and how it ends."""

import json
from dataclasses import dataclass, field

import pytest

from twh import errors, models
from twh.call import Call
from twh.exchange import Exchange, Pause, Send
from twh.options import BACKOFF_FIRST_SECONDS, BACKOFF_MOST_SECONDS, Policy
from twh.profiles import Connection
from twh.verdict import Answer, Lost

HERE = Connection(base_url="http://127.0.0.1:1", api_key="twh_test_1")
JSON = {"content-type": "application/json", "twh-request-id": "req_1"}
REFUSED = Lost(OSError("connection refused"), sent=False)
NOBODY_THERE = Lost(OSError("connection refused"), sent=False, nobody_there=True)
LOST = Lost(OSError("connection reset"), sent=True)
TIMED_OUT = Lost(TimeoutError("read"), sent=True, timed_out=True)
HTML = Answer(200, {"content-type": "text/html"}, b"<html>log in</html>")


def ok(body: object, status: int = 200) -> Answer:
    return Answer(status, JSON, json.dumps(body).encode())


def problem(status: int, code: str, **headers: str) -> Answer:
    body = {"status": status, "code": code, "title": code, "detail": f"it is {code}"}
    return Answer(status, {"content-type": "application/problem+json", **headers}, json.dumps(body).encode())


def proxy(status: int) -> Answer:
    return Answer(status, {"content-type": "text/html"}, b"<html>bad gateway</html>")


@dataclass
class Story:
    """Plays an exchange against outcomes; the last outcome stays."""

    outcomes: list[Answer | Lost]
    seconds_each: float = 0.0
    now: float = 1000.0
    sent: list[Send] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def play(self, call, to=HERE, **options):
        policy = Policy(clock=lambda: self.now, dice=lambda: 0.0).with_options(options)
        flow = Exchange(call, to, policy, "items.create").run()
        step = next(flow)
        try:
            while True:
                if isinstance(step, Pause):
                    self.pauses.append(step.seconds)
                    self.now += step.seconds
                    step = flow.send(None)
                else:
                    self.sent.append(step)
                    self.now += self.seconds_each
                    step = flow.send(self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0])
        except StopIteration as answered:
            return answered.value

    @property
    def keys(self):
        return {one.headers.get("Idempotency-Key") for one in self.sent}


def read(**more):
    return Call(method="GET", path="/v1/x", returns=dict, **more)


def change(**more):
    return Call(method="POST", path="/v1/x", returns=dict, body={"a": "1"}, **more)


def play(*outcomes, call=None, seconds_each=0.0, **options):
    story = Story(list(outcomes), seconds_each)
    return story, story.play(call or change(), **options)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_with_the_same_key_and_the_same_bytes(status):
    story, raw = play(problem(status, "later"), ok({"id": 1}, 201))

    assert raw.value == {"id": 1}
    assert raw.attempts == 2
    assert len(story.keys) == 1
    assert raw.idempotency_key in story.keys
    assert story.sent[0].body == story.sent[1].body


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422, 428])
def test_a_refusal_is_never_tried_again(status):
    story = Story([problem(status, "no")])

    with pytest.raises(errors.APIError) as refusal:
        story.play(change())

    assert len(story.sent) == 1
    assert refusal.value.status == status
    assert refusal.value.attempts == 1
    assert refusal.value.idempotency_key in story.keys


@pytest.mark.parametrize("outcome", [REFUSED, LOST, TIMED_OUT])
def test_a_connection_that_failed_is_tried_again_with_the_same_key(outcome):
    story, raw = play(outcome, outcome, ok({}))

    assert raw.attempts == 3
    assert len(story.keys) == 1


def test_the_callers_key_is_the_key():
    story, _ = play(LOST, ok({}), call=change(options={"idempotency_key": "po-77-1"}))

    assert story.keys == {"po-77-1"}


def test_what_only_reads_carries_no_key():
    story, _ = play(LOST, ok({}), call=read())

    assert story.keys == {None}


def test_each_call_gets_a_key_of_its_own():
    one, _ = play(ok({}))
    other, _ = play(ok({}))

    assert one.keys != other.keys


def test_pauses_double_to_eight_seconds():
    story = Story([problem(503, "overloaded")])

    with pytest.raises(errors.Overloaded):
        story.play(change(), deadline=100)

    first, most = BACKOFF_FIRST_SECONDS, BACKOFF_MOST_SECONDS
    assert story.pauses[:6] == [first, first * 2, first * 4, first * 8, min(first * 16, most), most]


def test_pauses_are_shortened_by_chance_by_up_to_a_half():
    assert Policy(dice=lambda: 1.0).backoff(1) == Policy(dice=lambda: 0.0).backoff(1) / 2


def test_retry_after_is_obeyed():
    story, _ = play(problem(429, "too_many_requests", **{"retry-after": "7"}), ok({}))

    assert story.pauses == [7.0]


def test_retry_after_may_be_a_date():
    headers = {"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}
    story = Story([problem(429, "too_many_requests", **headers)])

    with pytest.raises(errors.TooManyRequests) as refusal:
        story.play(change())

    assert refusal.value.retry_after > 3600


def test_a_pause_that_outlasts_the_deadline_is_not_begun():
    story = Story([problem(429, "too_many_requests", **{"retry-after": "300"})])

    with pytest.raises(errors.TooManyRequests) as refusal:
        story.play(change())

    assert story.pauses == []
    assert refusal.value.retry_after == 300


def test_the_deadline_ends_the_attempts():
    story = Story([problem(503, "overloaded")], seconds_each=1.0)

    with pytest.raises(errors.Overloaded):
        story.play(change(), deadline=5)

    assert story.now <= 1005


def test_an_attempt_gets_no_more_time_than_the_deadline_leaves():
    story = Story([TIMED_OUT], seconds_each=4.0)

    with pytest.raises(errors.OutcomeUnknown):
        story.play(change(), timeout=4, deadline=6)

    assert story.sent[0].timeout == 4
    assert story.sent[1].timeout < 2


def test_no_attempt_is_made_that_has_no_time_for_an_answer():
    story = Story([problem(503, "overloaded")], seconds_each=0.3)

    with pytest.raises(errors.Overloaded):
        story.play(change(), deadline=60)

    assert all(one.timeout >= 0.5 for one in story.sent)


def test_attempts_max_ends_the_attempts():
    story = Story([problem(503, "overloaded")])

    with pytest.raises(errors.Overloaded) as refusal:
        story.play(change(), attempts_max=2)

    assert refusal.value.attempts == len(story.sent) == 2


@pytest.mark.parametrize("outcome", [LOST, TIMED_OUT, proxy(502), proxy(504), problem(503, "unavailable"), HTML])
def test_a_change_whose_answer_is_lost_for_good_has_an_unknown_outcome(outcome):
    story = Story([outcome], seconds_each=1.0)

    with pytest.raises(errors.OutcomeUnknown) as unknown:
        story.play(change(), deadline=10)

    assert {unknown.value.idempotency_key} == story.keys
    assert unknown.value.idempotency_key in unknown.value.hint
    assert unknown.value.attempts == len(story.sent)
    assert unknown.value.__cause__ is not None


@pytest.mark.parametrize(
    ("outcome", "error"),
    [(LOST, errors.ConnectionFailed), (TIMED_OUT, errors.TimedOut), (proxy(502), errors.ServerError)],
)
def test_a_read_whose_answer_is_lost_has_changed_nothing(outcome, error):
    with pytest.raises(error):
        Story([outcome], seconds_each=1.0).play(read(), deadline=10)


def test_a_change_that_was_never_sent_is_known_not_to_have_happened():
    with pytest.raises(errors.ConnectionFailed):
        Story([REFUSED], seconds_each=1.0).play(change(), deadline=10)


@pytest.mark.parametrize(
    "last", [problem(401, "unauthenticated"), problem(429, "too_many_requests"), REFUSED, proxy(404)]
)
def test_an_answer_given_before_the_key_is_looked_up_does_not_settle_a_lost_one(last):
    with pytest.raises(errors.OutcomeUnknown):
        Story([LOST, last], seconds_each=1.0).play(change(), deadline=10)


@pytest.mark.parametrize("last", [problem(409, "insufficient_stock"), problem(422, "invalid_entry")])
def test_a_refusal_after_a_lost_answer_is_the_outcome(last):
    with pytest.raises(errors.APIError) as refusal:
        Story([LOST, last]).play(change())

    assert refusal.value.attempts == 2


@pytest.mark.parametrize("code", ["overloaded", "internal"])
def test_a_server_that_says_it_recorded_nothing_is_believed(code):
    with pytest.raises(errors.ServerError):
        Story([problem(503, code)], seconds_each=1.0).play(change(), deadline=3)


def test_json_that_breaks_off_is_tried_again():
    _, raw = play(Answer(201, JSON, b'{"id": "it'), ok({"id": "itm_1"}, 201))

    assert raw.value == {"id": "itm_1"}


def test_html_instead_of_json_is_not_tried_again():
    story = Story([HTML])

    with pytest.raises(errors.UnreadableAnswer) as unreadable:
        story.play(read())

    assert len(story.sent) == 1
    assert "TWH_BASE_URL" in unreadable.value.hint


def test_an_answer_that_does_not_fit_is_told_from_a_lost_one():
    call = Call(method="POST", path="/v1/items", returns=models.Item, body={})

    with pytest.raises(errors.UnreadableAnswer):
        Story([ok({"id": 5}, 201)]).play(call)


def test_a_redirect_is_not_followed_and_says_where_to():
    story = Story([Answer(308, {"location": "https://elsewhere/v1/x"}, b"")])

    with pytest.raises(errors.Redirected, match="https://elsewhere/v1/x"):
        story.play(change())

    assert len(story.sent) == 1


def test_no_content_is_none():
    assert play(Answer(204, {}, b""))[1].value is None


def test_a_problem_may_stand_for_none():
    assert play(problem(404, "key_not_found"), call=read(none_on="key_not_found"))[1].value is None


def test_another_not_found_does_not():
    with pytest.raises(errors.NotFound):
        play(problem(404, "not_found"), call=read(none_on="key_not_found"))


def test_waiting_by_agreement_is_not_lateness():
    story, _ = play(ok({}), call=read(wait=25), timeout=5, deadline=10)

    assert story.sent[0].timeout == 30


def test_a_call_may_be_without_a_deadline():
    story, raw = play(*[LOST] * 50, ok({}), call=read(deadline=float("inf")), seconds_each=20.0)

    assert raw.attempts == 51
    assert story.now > 1000 + 60 * 10


def test_an_options_deadline_wins_over_the_calls():
    with pytest.raises(errors.ConnectionFailed):
        play(LOST, call=read(deadline=float("inf"), options={"deadline": 3.0}), seconds_each=1.0)


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="tiemout"):
        play(ok({}), call=read(options={"tiemout": 1}))


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256, "a\nb"])
def test_a_key_that_no_server_takes_is_refused(key):
    with pytest.raises(ValueError, match="visible ASCII"):
        play(ok({}), call=change(options={"idempotency_key": key}))


def test_a_sandbox_that_is_down_is_given_up_in_three_seconds_with_the_hint():
    story = Story([NOBODY_THERE])

    with pytest.raises(errors.ConnectionFailed) as failure:
        story.play(change())

    assert story.now <= 1003
    assert failure.value.attempts == len(story.sent) == 3
    assert "twh sandbox up" in failure.value.hint


def test_a_sandbox_that_goes_down_under_a_change_leaves_its_outcome_unknown_in_three_seconds():
    story = Story([LOST, NOBODY_THERE])

    with pytest.raises(errors.OutcomeUnknown):
        story.play(change())

    assert story.now <= 1004


def test_the_three_seconds_begin_anew_when_somebody_was_there():
    story, _ = play(NOBODY_THERE, problem(503, "overloaded", **{"retry-after": "4"}), NOBODY_THERE, ok({}))

    assert len(story.sent) == 4


@pytest.mark.parametrize(
    "to",
    [
        Connection(base_url="http://127.0.0.1:1", api_key="twh_live_1"),
        Connection(base_url="http://twh:8750", api_key="twh_test_1"),
    ],
)
def test_any_other_server_that_is_down_is_tried_until_the_deadline(to):
    story = Story([NOBODY_THERE])

    with pytest.raises(errors.ConnectionFailed):
        story.play(change(), to=to)

    assert story.now > 1050


def test_a_stream_waits_for_a_sandbox_that_starts_again():
    story, raw = play(*[NOBODY_THERE] * 20, ok({}), call=read(deadline=float("inf")))

    assert raw.attempts == 21
    assert story.now > 1060


@pytest.mark.parametrize(("header", "replayed"), [({"idempotent-replayed": "true"}, True), ({}, False)])
def test_an_answer_says_whether_it_was_given_before(header, replayed):
    _, raw = play(Answer(201, {**JSON, **header}, b"{}"))

    assert raw.replayed is replayed
