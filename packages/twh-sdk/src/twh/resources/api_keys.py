"""API keys: who may act for the tenant. A secret is told once, to whoever had the key made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.pages import Page, listing
from twh.params import AnId, named
from twh.wire import NOT_GIVEN, NotGiven, given, instant_or_none, query, segment, whole_seconds


class ApiKeys(Resource[DriverT_co]):
    """API keys, addressed by id. The asking key needs keys:read or keys:write, and gives no scope that it has not."""

    @endpoint
    def create(
        self,
        *,
        name: str,
        role: str | NotGiven = NOT_GIVEN,
        scopes: Sequence[str] | NotGiven = NOT_GIVEN,
        expires_at: datetime | str | NotGiven | None = NOT_GIVEN,
        options: Options | None = None,
    ) -> Call[models.NewApiKey]:
        """Make a key with a role ("owner", "admin", "developer", "viewer") or with scopes, one of the two.

        A role's scopes are what the role means at the time of a request. The answer has the `secret`, this once. Raises
        `ScopeMissing` for a scope that the asking key has not, and `InvalidApiKey`.
        """
        body = given(name=name, role=role, scopes=scopes, expires_at=instant_or_none(expires_at))
        return Call(method="POST", path="/v1/api-keys", returns=models.NewApiKey, body=body, options=options)

    @endpoint
    def get(self, api_key: str | AnId, *, options: Options | None = None) -> Call[models.ApiKey]:
        """One key, without its secret. Raises `ApiKeyNotFound`."""
        return Call(method="GET", path=address(api_key), returns=models.ApiKey, options=options)

    @listing
    def list(self, *, page_size: int | None = None, options: Options | None = None) -> Call[Page[models.ApiKey]]:
        """All keys, the oldest first, the ended ones too."""
        return Call(
            method="GET",
            path="/v1/api-keys",
            returns=Page[models.ApiKey],
            query=query(limit=page_size),
            options=options,
        )

    @endpoint
    def update(
        self,
        api_key: str | AnId,
        *,
        name: str | NotGiven = NOT_GIVEN,
        expires_at: datetime | str | NotGiven | None = NOT_GIVEN,
        if_match: str | None = None,
        options: Options | None = None,
    ) -> Call[models.ApiKey]:
        """Change what is given; `expires_at=None` lets it work without end. Raises `ApiKeyEnded` once it has ended.

        With `if_match=key.etag`, only if nobody else did.
        """
        return Call(
            method="PATCH",
            path=address(api_key),
            returns=models.ApiKey,
            body=given(name=name, expires_at=instant_or_none(expires_at)),
            if_match=if_match,
            options=options,
        )

    @endpoint
    def rotate(
        self,
        api_key: str | AnId,
        *,
        overlap_seconds: int | timedelta | NotGiven = NOT_GIVEN,
        options: Options | None = None,
    ) -> Call[models.NewApiKey]:
        """Put a new key in the place of this one, which goes on working for a while: an hour, or up to a week.

        The answer is the new key, with its `secret`, this once; it may do the same. The old one names its `successor`.
        Raises `ApiKeyEnded` and `ApiKeyAlreadyRotated`.
        """
        return Call(
            method="POST",
            path=f"{address(api_key)}/rotate",
            returns=models.NewApiKey,
            body=given(overlap_seconds=whole_seconds(overlap_seconds, "overlap_seconds")),
            options=options,
        )

    @endpoint
    def revoke(self, api_key: str | AnId, *, options: Options | None = None) -> Call[models.ApiKey]:
        """End a key, for good: every server stops to believe it within two seconds. Once more changes nothing."""
        return Call(method="POST", path=f"{address(api_key)}/revoke", returns=models.ApiKey, options=options)


def address(api_key: str | AnId) -> str:
    return f"/v1/api-keys/{segment(named(api_key))}"
