"""The tenant: who I am, and what my key may do."""

from __future__ import annotations

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options


class Tenant(Resource[DriverT_co]):
    @endpoint
    def get(self, *, options: Options | None = None) -> Call[models.Whose]:
        """The tenant and the key that the client speaks with."""
        return Call(method="GET", path="/v1/tenant", returns=models.Whose, options=options)
