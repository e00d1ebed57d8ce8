"""Traces sent to an OpenTelemetry collector over HTTP, by a thread of their own that no request waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pgwarden import __version__
from pgwarden.domain.errors import PgwardenError, SettingsError
from pgwarden.tracing import Attribute, Span

if TYPE_CHECKING:
    from opentelemetry.trace import Span as LibrarySpan

TRACEPARENT = "traceparent"
PATH = "/v1/traces"
PATIENCE_SECONDS = 3.0
"""How long one batch is tried; so long a collector that is away can hold up the end of a command."""


class OtlpTracer:
    """``tracing.Tracer``. What cannot be sent is dropped, with a line in the log."""

    def __init__(self, url: str, *, headers: str = "", share: float = 1.0) -> None:
        """``url`` is the collector's, with or without ``/v1/traces``; ``headers`` are ``name=value, …``.

        ``share`` is how many of the traces that begin here are kept, 0 to 1. Raises SettingsError where the optional
        part is missing, or the headers are malformed.
        """
        sent = _headers(headers)
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError:
            raise SettingsError(
                "traces_url is set, but OpenTelemetry's SDK is not installed.",
                why="It is an optional part.",
                not_done="Nothing was started.",
                next_step="Install it with: pip install 'pgwarden[traces]'",
            ) from None
        resource = Resource.create({"service.name": "pgwarden", "service.version": __version__})
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(share)), resource=resource, shutdown_on_exit=False
        )
        endpoint = url.rstrip("/").removesuffix(PATH) + PATH
        exporter = OTLPSpanExporter(endpoint=endpoint, headers=sent, timeout=PATIENCE_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("pgwarden", __version__)
        self._context = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, attributes: dict[str, Attribute], *, server: bool) -> Iterator[Span]:
        from opentelemetry.trace import SpanKind

        with self._tracer.start_as_current_span(
            name,
            kind=SpanKind.SERVER if server else SpanKind.INTERNAL,
            attributes=_dotted(attributes),
            record_exception=False,  # its words may hold values
            set_status_on_exception=False,
        ) as opened:
            try:
                yield _Open(opened)
            except PgwardenError as error:
                _failed(opened, error.code)
                raise
            except BaseException as error:
                _failed(opened, type(error).__name__)
                raise

    @contextmanager
    def resumed(self, traceparent: str) -> Iterator[None]:
        from opentelemetry.context import attach, detach

        token = attach(self._context.extract({TRACEPARENT: traceparent}))
        try:
            yield
        finally:
            detach(token)

    def traceparent(self) -> str:
        carrier: dict[str, str] = {}
        self._context.inject(carrier)
        return carrier.get(TRACEPARENT, "")

    def close(self) -> None:
        """Send what is left. Blocks, for about PATIENCE_SECONDS where the collector is away."""
        self._provider.shutdown()


class _Open:
    def __init__(self, opened: LibrarySpan) -> None:
        self._opened = opened

    def note(self, **attributes: Attribute) -> None:
        self._opened.set_attributes(_dotted(attributes))


def _failed(opened: LibrarySpan, what: str) -> None:
    from opentelemetry.trace import StatusCode

    opened.set_attribute("error.type", what)
    opened.set_status(StatusCode.ERROR)


def _dotted(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    return {name.replace("__", "."): value for name, value in attributes.items()}


def _headers(text: str) -> dict[str, str]:
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, separator, value = part.partition("=")
        if not separator or not name.strip():
            raise SettingsError(
                "traces_headers is malformed.",
                why="Each header is name=value, with commas between them; a comma inside a value is %2C.",
                not_done="Nothing was started.",
            )
        found[name.strip()] = unquote(value.strip())
    return found
