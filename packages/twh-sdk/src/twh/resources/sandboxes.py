"""Sandboxes: a tenant with believable stock, to try things on."""

from __future__ import annotations

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.wire import NOT_GIVEN, NotGiven, given


class Sandboxes(Resource[DriverT_co]):
    @endpoint
    def create(
        self,
        *,
        name: str | NotGiven = NOT_GIVEN,
        seed: bool | NotGiven = NOT_GIVEN,
        options: Options | None = None,
    ) -> Call[models.Sandbox]:
        """Make a tenant and a key for it, with a shop's stock in it unless `seed=False`; needs the scope tenants:admin."""
        body = given(name=name, seed=seed)
        return Call(method="POST", path="/v1/sandboxes", returns=models.Sandbox, body=body, options=options)
