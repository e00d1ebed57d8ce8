from __future__ import annotations

import pytest

from pgwarden.domain import errors
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.failure import FailureKind, failure_kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.ControlDatabaseUnavailable("gone"), FailureKind.TRANSIENT),
        (errors.LocksBusy("busy"), FailureKind.TRANSIENT),
        (errors.ConnectionFailed("wrong password"), FailureKind.RESOURCE),
        (errors.ExecutionTimeout("too slow"), FailureKind.RESOURCE),
        (errors.RightMissing("no"), FailureKind.PERMISSION),
        (errors.InputInvalid("empty"), FailureKind.INPUT),
        (errors.CatalogChanged("changed"), FailureKind.CONFLICT),
        (PgwardenError("whatever"), FailureKind.INTERNAL),
    ],
)
def test_every_error_has_a_kind_and_an_unknown_one_is_internal(error: PgwardenError, kind: FailureKind) -> None:
    assert failure_kind(error) is kind
