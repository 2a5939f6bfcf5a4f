"""Places are shared by who has least: tenants first, then a tenant's endpoints; and what hangs moves out of the way."""

from collections import Counter
from datetime import UTC, datetime
from uuid import uuid4

from twh_server.webhooks.places import PATIENT_REST_SECONDS, TURN_PLACES, Place, Places, Pool
from twh_server.webhooks.queues import Queue

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def queue(tenant, *, prompt=True, proven=True, under_way=0, **values):
    return Queue(
        tenant=tenant,
        endpoint=uuid4(),
        prompt=prompt,
        proven=proven,
        held_until=None,
        tokens=0.0,
        filled_at=None,
        tenant_kind="live",
        enabled=True,
        url="https://example.com/",
        sealed_secrets=[],
        payload="full",
        form="standard",
        ordering="none",
        rate_per_second=None,
        concurrency=32,
        under_way=under_way,
        leased_until=None,
        **values,
    )


def test_a_tenant_with_a_hundred_endpoints_has_no_more_than_a_tenant_with_one():
    large, small = uuid4(), uuid4()
    wanting = [(queue(large), 32) for _ in range(100)] + [(one := queue(small), 32)]

    shares = Pool(64).share(wanting)

    assert sum(shares.values()) == 64
    assert shares[one.endpoint] == 32


def test_what_nobody_else_wants_is_left_to_who_does():
    large, small = uuid4(), uuid4()
    wanting = [(queue(large), 32) for _ in range(100)] + [(one := queue(small), 3)]

    shares = Pool(100).share(wanting)

    assert shares[one.endpoint] == 3
    assert sum(shares.values()) == 3 + 50  # a tenant has half of a pool at most


def test_a_tenants_endpoints_share_evenly_what_it_gets():
    tenant = uuid4()
    wanting = [(queue(tenant), 32) for _ in range(4)]

    shares = Pool(80).share(wanting).values()

    assert sum(shares) == 40
    assert max(shares) - min(shares) <= TURN_PLACES


def test_places_that_are_taken_count():
    busy, idle = queue(uuid4()), queue(uuid4())
    pool = Pool(20)
    for _ in range(8):
        Place(pool, busy.tenant, busy.endpoint)

    shares = pool.share([(busy, 32), (idle, 32)])

    assert shares == Counter({idle.endpoint: 10, busy.endpoint: 2})


def test_who_was_never_tried_or_fails_is_sent_one_at_a_time():
    fresh, failing = queue(uuid4(), prompt=False, proven=False), queue(uuid4(), prompt=False, proven=False, under_way=1)

    shares = Places().share([fresh, failing], now=NOW)

    assert shares[fresh.endpoint] == 1
    assert failing.endpoint not in shares


def test_an_attempt_that_hangs_frees_its_place_and_its_endpoint_takes_no_other_there():
    places = Places(prompt=2, patient=10)
    hanging, good = queue(uuid4()), queue(uuid4())
    place = Place(places.prompt, hanging.tenant, hanging.endpoint)

    place.go_to(places.patient)

    assert places.prompt.room == 2
    assert places.pool_of(hanging) is places.patient
    assert places.pool_of(good) is places.prompt
    place.leave()
    assert places.taken == 0
    assert places.pool_of(hanging) is places.prompt


def test_where_there_is_no_room_it_stays_where_it_is():
    places = Places(prompt=2, patient=1)
    hanging = [Place(places.prompt, uuid4(), uuid4()) for _ in range(2)]

    for place in hanging:
        place.go_to(places.patient)

    assert (places.prompt.taken, places.patient.taken) == (1, 1)


def test_of_the_patient_some_are_begun_at_once_and_the_rest_after_a_moment():
    now = 0.0
    pool = Pool(100, at_once=8, clock=lambda: now)
    unproven = [(queue(uuid4()), 1) for _ in range(20)]

    begun = [sum(pool.share(unproven).values()) for _ in range(2)]
    rests = pool.rests
    now += rests
    begun += [sum(pool.share(unproven[:3]).values()) for _ in range(2)]

    assert begun == [8, 0, 3, 3]  # who wants less than there is together keeps nobody waiting
    assert rests == PATIENT_REST_SECONDS


def test_what_moves_out_of_the_way_waits_for_no_turn():
    places = Places(prompt=2, patient=10, at_once=1)
    hanging = [Place(places.prompt, uuid4(), uuid4()) for _ in range(2)]
    places.patient.share([(queue(uuid4()), 1)])

    for place in hanging:
        place.go_to(places.patient)

    assert (places.patient.room, places.patient.taken) == (0, 2)
