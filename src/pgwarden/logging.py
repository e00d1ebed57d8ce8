"""Log lines: to standard error, as JSON or for a terminal, and never with a secret in them.

Modules log with ``structlog.get_logger()``; a door calls ``configure`` once. Lines of libraries, which use the
standard library's loggers, take the same way out. structlog is imported when logging is configured, not before.
"""

from __future__ import annotations

import logging as standard
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Literal, TextIO, cast

from pgwarden.tracing import trace_id

if TYPE_CHECKING:
    from structlog.typing import Processor

REDACTED = "[redacted]"

_SECRET_KEY = re.compile(
    r"passw|passphrase|secret|credential|authorization|cookie|private_?key|api_?key|(^|_)(pwd|token|auth)$",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(?P<before>\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s]*@(?=[^\s@]*)", re.IGNORECASE)
_PAIR_PASSWORD = re.compile(
    r"""\b(?P<key>(?:ssl)?password)\s*=\s*(?:'(?:[^'\\]|\\.)*'|"[^"]*"|[^\s&'"]+)""", re.IGNORECASE
)
_BEARER = re.compile(r"\b(?P<scheme>bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_TOKEN = re.compile(r"\bpgwl?_[\w-]{16,}")
"""Our own tokens and logins, by how they begin."""
_DEEPEST = 6


def configure(
    level: Literal["debug", "info", "warning", "error"] = "warning",
    style: Literal["auto", "console", "json"] = "auto",
    stream: TextIO | None = None,
) -> None:
    """Set up logging for this process; ``stream`` is standard error unless given."""
    import structlog

    out = stream or cast("TextIO", _StandardError())
    threshold = standard.getLevelNamesMapping()[level.upper()]
    as_json = style == "json" or (style == "auto" and not out.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _with_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact_event,  # after the traceback became text, before anything is written
            _renderer(as_json=as_json, colors=out.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    root = standard.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _FromLibraries)]:
        root.removeHandler(handler)
    root.addHandler(_FromLibraries())
    root.setLevel(threshold)


class _StandardError:
    """Standard error as it is when something is written, not as it was when logging was set up."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()


class _FromLibraries(standard.Handler):
    """Hands a library's log record to structlog, so that it is redacted and looks like ours."""

    def emit(self, record: standard.LogRecord) -> None:
        import structlog

        structlog.get_logger().log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def _with_trace(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """structlog processor: the trace that the line belongs to, where there is one."""
    if trace := trace_id():
        event["trace"] = trace
    return event


def redact_event(_logger: object, _method: str, event: MutableMapping[str, object]) -> Mapping[str, object]:
    """structlog processor: values of secret-looking keys go, and passwords inside texts."""
    return {key: _redacted(value, key) for key, value in event.items()}


def redact(text: str) -> str:
    """The text without passwords of URLs and ``password=…`` pairs, bearer tokens and our own tokens."""
    text = _URL_PASSWORD.sub(rf"\g<before>:{REDACTED}@", text)
    text = _PAIR_PASSWORD.sub(rf"\g<key>={REDACTED}", text)
    text = _BEARER.sub(rf"\g<scheme> {REDACTED}", text)
    return _TOKEN.sub(REDACTED, text)


def _redacted(value: object, key: str, depth: int = 0) -> object:
    if _SECRET_KEY.search(key) and value not in (None, ""):
        return REDACTED
    if depth > _DEEPEST:
        return REDACTED  # nobody reads a log line this deep, and what is not looked at is not shown
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(name): _redacted(inner, str(name), depth + 1) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_redacted(inner, "", depth + 1) for inner in value]
    return redact(str(value))


def _renderer(*, as_json: bool, colors: bool) -> Processor:
    import structlog

    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
