"""Sandboxes: a tenant with believable stock, to try things on."""

from __future__ import annotations

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.wire import NOT_GIVEN, NotGiven, given


class Sandboxes(Resource[DriverT_co]):
    @endpoint
    def create(self, *, name: str | NotGiven = NOT_GIVEN, options: Options | None = None) -> Call[models.Sandbox]:
        """Make a seeded tenant and a key for it; needs the scope tenants:admin."""
        return Call(method="POST", path="/v1/sandboxes", returns=models.Sandbox, body=given(name=name), options=options)
