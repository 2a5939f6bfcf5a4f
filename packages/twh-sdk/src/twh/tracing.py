"""Calls as OpenTelemetry spans. This module needs opentelemetry-api, and is loaded only by `tracing=True`."""

from __future__ import annotations

from urllib.parse import urlsplit

from opentelemetry.propagate import inject
from opentelemetry.trace import SpanKind, StatusCode, get_tracer, set_span_in_context

from twh.version import __version__


class CallSpan:
    """A call as one span: its attempts and pauses are events, and the server hangs its own spans below it."""

    def __init__(self, call: str, method: str, base_url: str) -> None:
        address = urlsplit(base_url)
        attributes: dict[str, str | int] = {
            "twh.call": call,
            "http.request.method": method,
            "server.address": address.hostname or "",
        }
        if address.port:
            attributes["server.port"] = address.port
        tracer = get_tracer("twh", __version__)
        self._span = tracer.start_span(f"twh {call}", kind=SpanKind.CLIENT, attributes=attributes)

    @property
    def headers(self) -> dict[str, str]:
        """`traceparent`, and what else the program's propagators send."""
        carrier: dict[str, str] = {}
        inject(carrier, context=set_span_in_context(self._span))
        return carrier

    def happened(self, name: str, **attributes: str | float) -> None:
        self._span.add_event(name, attributes)

    def end(self, error: BaseException | None, **attributes: str | float) -> None:
        """The class of an error is told and its words are not: they may hold names."""
        self._span.set_attributes(attributes)
        if error is not None:
            self._span.set_attribute("error.type", type(error).__name__)
            self._span.set_status(StatusCode.ERROR)
        self._span.end()
