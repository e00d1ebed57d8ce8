"""Failures that must not wait for somebody to look: the people named in a setting are told."""

from __future__ import annotations

from pgwarden.domain import errors
from pgwarden.domain.errors import PgwardenError

CRITICAL = (
    errors.CaptureIncomplete,
    errors.ImagesUnreachable,
    errors.OutcomeUnknown,
    errors.UndoUnproven,
)
"""Nobody knows whether a change was made, or what was to take changes back does not work."""


def is_critical(error: BaseException) -> bool:
    """Whether a failed execution is one of these, or one that nobody foresaw."""
    return isinstance(error, CRITICAL) or (isinstance(error, Exception) and not isinstance(error, PgwardenError))
