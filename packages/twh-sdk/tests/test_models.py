"""Models are frozen, exact, and open to what a newer server says."""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from twh import models


def test_decimals_are_exact(level):
    assert models.Level(**{**level, "on_hand": "0.1"}).on_hand == Decimal("0.1")


def test_times_know_their_zone(item):
    assert models.Item(**item).created_at.tzinfo is not None


def test_unknown_fields_are_kept(item):
    assert models.Item(**item, colour="red").colour == "red"


def test_a_new_value_of_an_enum_is_taken(entry):
    assert models.Entry(**{**entry, "kind": "consignment"}).kind == "consignment"


def test_models_are_frozen(item):
    with pytest.raises(ValidationError):
        models.Item(**item).name = "other"


def test_models_print_what_they_hold(level):
    assert "on_hand=Decimal('12')" in repr(models.Level(**level))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("entry.recorded", models.EntryRecorded), ("shelf.painted", models.UnknownEvent), ("", models.UnknownEvent)],
)
def test_an_event_is_the_class_of_its_kind(event, kind, expected):
    told = models.read(models.ANY_EVENT, models.UnknownEvent(**{**event, "type": kind}).model_dump_json().encode())

    assert type(told) is expected


def test_every_model_is_exported():
    for name in models.MODULES:
        assert getattr(models, name)
    assert set(models.MODULES) <= set(dir(models))


def test_the_generated_files_say_so():
    for name in ("generated.py", "__init__.py"):
        assert "do not edit" in (Path(models.__file__).parent / name).read_text().splitlines()[0]
