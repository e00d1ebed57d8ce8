"""Errors as HTTP tells them: ``application/problem+json`` (RFC 9457), from the one tree of errors."""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from pgwarden.domain import errors
from pgwarden.domain.errors import PgwardenError

MEDIA_TYPE = "application/problem+json"
_STATUS: dict[int, tuple[type[PgwardenError], ...]] = {
    401: (errors.LoginNeeded, errors.LoginFailed, errors.TokenInvalid, errors.ProviderRefused),
    403: (
        errors.RightMissing,
        errors.StatementRefused,
        errors.DecisionRefused,
        errors.ProofNeeded,
        errors.RequestRefused,
        errors.WritesNotAllowed,
        errors.RehearsalRefused,
        errors.InteractionRefused,
    ),
    404: (
        errors.UnknownDatabase,
        errors.UnknownSession,
        errors.UnknownTable,
        errors.UnknownTicket,
        errors.UnknownEntry,
        errors.UnknownPerson,
        errors.UnknownNotification,
        errors.UnknownPage,
        errors.UnknownQuestion,
    ),
    413: (errors.StatementTooLarge,),
    422: (
        errors.InputInvalid,
        errors.StatementInvalid,
        errors.NotUnderstood,
        errors.PasswordUnfit,
        errors.PolicyInvalid,
        errors.ExportInvalid,
        errors.ApprovalInvalid,
    ),
    429: (errors.LoginLocked, errors.TooManyAttempts, errors.BudgetSpent, errors.TooManyTickets, errors.LimitReached),
    499: (errors.ExecutionCancelled,),
    503: (
        errors.ControlDatabaseUnavailable,
        errors.ConnectionFailed,
        errors.PoolExhausted,
        errors.StoreUnavailable,
        errors.ProviderUnavailable,
    ),
    504: (errors.ExecutionTimeout,),
    500: (errors.SettingsError, errors.EmbeddedServerError, errors.ControlDatabaseOutdated, errors.AuditKeyInvalid),
}
_BY_TYPE = {kind: status for status, kinds in _STATUS.items() for kind in kinds}
CONFLICT = 409
"""Everything else: the request was fine, and what it met was not as it has to be."""


class Problem(BaseModel):
    """What went wrong: what happened, why, what was therefore not done, and what to do next."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="A URN with the code, e.g. `urn:pgwarden:error:PGW040`.")
    title: str = Field(description="The kind of error, in a sentence.")
    status: int
    detail: str = Field(description="What happened.")
    code: str = Field(description="Never changes once released; docs/errors.md lists them.")
    what: str
    why: str = ""
    not_done: str = ""
    next_step: str = ""


def status_of(error: PgwardenError) -> int:
    """The HTTP status of an error: its own, or that of the kind it belongs to."""
    return next((_BY_TYPE[kind] for kind in type(error).__mro__ if kind in _BY_TYPE), CONFLICT)


def problem(error: PgwardenError, *, status: int | None = None) -> Problem:
    """The one translation of an error; ``status`` instead of the one that its kind has."""
    return Problem(
        type=f"urn:pgwarden:error:{error.code}",
        title=inspect.cleandoc(type(error).__doc__ or "Something went wrong.").splitlines()[0],
        status=status or status_of(error),
        detail=error.what,
        code=error.code,
        what=error.what,
        why=error.why,
        not_done=error.not_done,
        next_step=error.next_step,
    )


def problem_response(error: PgwardenError, *, status: int | None = None) -> JSONResponse:
    """An error as the answer to a request of the API."""
    told = problem(error, status=status)
    headers = {"WWW-Authenticate": "Bearer"} if told.status == 401 else {}
    if isinstance(error, errors.TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after)
    return JSONResponse(told.model_dump(), told.status, headers, MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a router or a path says of its errors in the OpenAPI description."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    every = {400, 401, 403, 404, 405, 409, 413, 422, 429, 499, 500, 503, 504, *statuses}
    return {status: {"description": "A problem", "model": Problem, "content": content} for status in sorted(every)}
