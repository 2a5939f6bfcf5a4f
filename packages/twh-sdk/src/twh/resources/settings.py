"""Settings: what a tenant has chosen for itself."""

from __future__ import annotations

from collections.abc import Sequence

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.wire import NOT_GIVEN, NotGiven, given


class Settings(Resource[DriverT_co]):
    @endpoint
    def get(self, *, options: Options | None = None) -> Call[models.Settings]:
        """The tenant's settings: its own choices, and the defaults for the rest."""
        return Call(method="GET", path="/v1/settings", returns=models.Settings, options=options)

    @endpoint
    def update(
        self,
        *,
        occurred_at_back_days: int | NotGiven | None = NOT_GIVEN,
        occurred_at_ahead_minutes: int | NotGiven | None = NOT_GIVEN,
        oversell: bool | NotGiven | None = NOT_GIVEN,
        adjustment_reasons: Sequence[str] | NotGiven | None = NOT_GIVEN,
        reason_required: Sequence[str] | NotGiven | None = NOT_GIVEN,
        idempotency_key_days: int | NotGiven | None = NOT_GIVEN,
        event_days: int | NotGiven | None = NOT_GIVEN,
        if_match: str | None = None,
        options: Options | None = None,
    ) -> Call[models.Settings]:
        """Change what is given; None restores a default.

        For `occurred_at_back_days`, None is a choice of its own: any past time. With `if_match=settings.etag`, only if
        nobody else changed them.
        """
        body = given(
            occurred_at_back_days=occurred_at_back_days,
            occurred_at_ahead_minutes=occurred_at_ahead_minutes,
            oversell=oversell,
            adjustment_reasons=adjustment_reasons,
            reason_required=reason_required,
            idempotency_key_days=idempotency_key_days,
            event_days=event_days,
        )
        return Call(
            method="PATCH", path="/v1/settings", returns=models.Settings, body=body, if_match=if_match, options=options
        )
