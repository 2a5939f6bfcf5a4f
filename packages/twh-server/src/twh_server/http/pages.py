"""What is served without a key: health, the contract, and pages for people.

The contract is made when it is first asked for: a start does not wait for it.
"""

from typing import Any

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

from twh_server.database.engine import Database, Transient


def handlers(database: Database) -> list[HTTPRouteHandler]:
    """The routes that need no key."""

    @get("/health/live")
    async def live() -> dict[str, Any]:
        """The process runs."""
        return {"status": "ok"}

    @get("/health/ready")
    async def ready() -> Response[dict[str, Any]]:
        """The database answers."""
        try:
            await database.tell_time()
        except Transient:
            return Response({"status": "unavailable", "database": "does not answer"}, status_code=503)
        return Response({"status": "ok"})

    @get("/openapi.json", media_type=MediaType.JSON, sync_to_thread=False)
    def contract() -> bytes:
        """The OpenAPI document."""
        from twh_server.http import openapi

        return openapi.encoded()

    @get("/docs", media_type=MediaType.HTML, sync_to_thread=False)
    def docs() -> str:
        """The reference."""
        from twh_server.http import reference

        return reference.page()

    @get("/docs/problems", media_type=MediaType.HTML, sync_to_thread=False)
    def problem_catalogue() -> str:
        """The catalogue of problems."""
        from twh_server.http import reference

        return reference.problems_page()

    return [live, ready, contract, docs, problem_catalogue]
