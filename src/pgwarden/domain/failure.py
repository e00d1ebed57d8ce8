"""What sort of failure an error is, and so whether trying again can help."""

from __future__ import annotations

from enum import StrEnum

from pgwarden.domain import errors
from pgwarden.domain.errors import PgwardenError


class FailureKind(StrEnum):
    """Only ``TRANSIENT`` goes away by itself; the others need a person, another input, or room."""

    TRANSIENT = "transient"
    PERMISSION = "permission"
    INPUT = "input"
    RESOURCE = "resource"
    CONFLICT = "conflict"
    INTERNAL = "internal"


KINDS: dict[FailureKind, tuple[type[PgwardenError], ...]] = {
    FailureKind.TRANSIENT: (
        errors.ControlDatabaseUnavailable,
        errors.LocksBusy,
        errors.ProviderUnavailable,
    ),
    FailureKind.PERMISSION: (
        errors.RightMissing,
        errors.NeedsApproval,
        errors.NotApproved,
        errors.StatementRefused,
        errors.LoginNeeded,
        errors.LoginFailed,
        errors.LoginLocked,
        errors.TokenInvalid,
        errors.ProofNeeded,
        errors.WritesFrozen,
        errors.WritesNotAllowed,
    ),
    FailureKind.INPUT: (
        errors.InputInvalid,
        errors.NotUnderstood,
        errors.StatementInvalid,
        errors.StatementTooLarge,
        errors.UnknownDatabase,
        errors.UnknownTable,
        errors.UnknownSession,
    ),
    FailureKind.RESOURCE: (
        errors.ConnectionFailed,
        errors.PoolExhausted,
        errors.ExecutionTimeout,
        errors.LimitReached,
        errors.BudgetSpent,
    ),
    FailureKind.CONFLICT: (
        errors.CatalogChanged,
        errors.ChangedMeanwhile,
        errors.AlreadyExists,
        errors.ImpactMismatch,
        errors.ConstraintViolated,
        errors.UndoConflict,
    ),
}
"""``ConnectionFailed`` is no transient failure: it also says that a password is wrong, and repeating that locks people
out."""


def failure_kind(error: PgwardenError) -> FailureKind:
    """The kind of this error; ``INTERNAL`` where none is named."""
    return failure_kind_of(type(error))


def failure_kind_of(error: type[PgwardenError]) -> FailureKind:
    """The kind of all errors of this type."""
    return next((kind for kind, types in KINDS.items() if issubclass(error, types)), FailureKind.INTERNAL)
