"""The catalogue of events: a schema that stands alone and an example for each kind."""

import jsonschema_rs
import pytest
from promised import promised

from twh_server.events.kinds import KINDS
from twh_server.http.event_types import event_type


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_is_what_the_schema_of_its_kind_says(kind):
    told = event_type(kind)

    validator = jsonschema_rs.validator_for(told.json_schema)
    validator.validate(told.example)
    promised(kind, "full", "standard").validate(told.example)
    assert not validator.is_valid({**told.example, "type": "another.kind"})
