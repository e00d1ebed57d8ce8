"""An OpenTelemetry collector on loopback: what it gets is decoded as the protocol says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tests.support.http_server import Answer, Got, Listener, listening


@dataclass(frozen=True, slots=True)
class Kept:
    """One span."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    failed: bool
    attributes: dict[str, object]


class Collector:
    """The traces of what a listener got."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    @property
    def url(self) -> str:
        return self._listener.url

    @property
    def requests(self) -> list[Got]:
        return self._listener.got

    def spans(self) -> list[Kept]:
        return [
            _kept(span)
            for got in self.requests
            for each in ExportTraceServiceRequest.FromString(got.body).resource_spans
            for scope in each.scope_spans
            for span in scope.spans
        ]

    def trace_of(self, name: str) -> list[Kept]:
        """The spans of the one trace that has a span of this name."""
        spans = self.spans()
        (trace,) = {span.trace for span in spans if span.name == name}
        return [span for span in spans if span.trace == trace]


def below(spans: list[Kept], name: str) -> set[str]:
    """The names of all spans under the one of this name, at any depth."""
    (top,) = [span.id for span in spans if span.name == name]
    ids, names = {top}, set()
    for _ in spans:
        found = [span for span in spans if span.parent in ids]
        ids |= {span.id for span in found}
        names |= {span.name for span in found}
    return names


@contextmanager
def collecting(status: int = 200) -> Iterator[Collector]:
    """A collector for the block, which answers with this status."""
    with listening(lambda _got: Answer(status)) as listener:
        yield Collector(listener)


def _kept(span: Span) -> Kept:
    attributes = {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    return Kept(span.name, *ids, span.kind, span.status.code == 2, attributes)
