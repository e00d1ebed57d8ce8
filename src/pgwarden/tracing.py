"""Spans of what pgwarden does, where somebody wants them: a trace goes with the work, as a task's context does.

Nothing is imported or kept until a tracer is named, so a span costs one look at a variable. Names and attributes are
words of ours, numbers and codes: never a literal of a statement, a value of a row, or a person's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Protocol

Attribute = str | int | float | bool


class Span(Protocol):
    """A span that is open."""

    def note(self, **attributes: Attribute) -> None:
        """Add what is known by now; ``a__b`` is written for the attribute ``a.b``."""
        ...


class Tracer(Protocol):
    """Makes spans and sends them away; whatever becomes of them, the work that they tell of goes on."""

    def span(self, name: str, attributes: dict[str, Attribute], *, server: bool) -> AbstractContextManager[Span]:
        """A span below the one that is open in this task, else the first of a new trace."""
        ...

    def resumed(self, traceparent: str) -> AbstractContextManager[None]:
        """Spans of the block belong to the trace of a W3C ``traceparent``; one that is malformed is passed over."""
        ...

    def traceparent(self) -> str:
        """The open span as W3C's ``traceparent``, '' where none is open."""
        ...


class _Nothing:
    def note(self, **attributes: Attribute) -> None:
        """Nobody listens."""


NOTHING = _Nothing()
_NO_SPAN: AbstractContextManager[Span] = nullcontext(NOTHING)
_tracer: ContextVar[Tracer | None] = ContextVar("pgwarden_tracer", default=None)


@contextmanager
def tracing_with(tracer: Tracer | None) -> Iterator[None]:
    """The tracer of this task, and of those that it starts, for the block."""
    before = _tracer.get()
    _tracer.set(tracer)
    try:
        yield
    finally:
        _tracer.set(before)  # no reset by token: the two ends of a fixture run in different contexts


def span(name: str, *, server: bool = False, **attributes: Attribute) -> AbstractContextManager[Span]:
    """A span for the block. What it raises is noted by its code or type, not by its words.

    ``server``: somebody's request, answered here.
    """
    tracer = _tracer.get()
    return _NO_SPAN if tracer is None else tracer.span(name, attributes, server=server)


def resumed(traceparent: str) -> AbstractContextManager[None]:
    """The block goes on with a trace that began elsewhere; '' changes nothing."""
    tracer = _tracer.get()
    return nullcontext() if tracer is None or not traceparent else tracer.resumed(traceparent)


def traceparent() -> str:
    """What to hand on, so that others go on with this trace; '' where there is none."""
    tracer = _tracer.get()
    return "" if tracer is None else tracer.traceparent()


def trace_id() -> str:
    """The trace's 32 hexadecimal digits, '' where there is none."""
    return traceparent()[3:35]
