"""An approval for tests and the tour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pgwarden.domain.approval import Approved, DatabaseIdentity, Expectation, Tolerance, seal_of
from pgwarden.domain.execution import Isolation, Parameter


def issue_approval(
    *,
    execution_id: str,
    sql: str,
    database: DatabaseIdentity,
    role: str,
    reach: Iterable[int],
    definitions: str,
    expectations: Iterable[Expectation],
    until: datetime,
    parameters: Iterable[Parameter] = (),
    search_path: str = '"$user", public',
    requested_by: str = "requester",
    approved_by: str = "approver",
    tolerance: Tolerance | None = None,
    isolation: Isolation = Isolation.READ_COMMITTED,
) -> Approved:
    """A sealed approval without a ticket: for tests and the tour alone; no door may import this module."""
    draft = Approved(
        execution_id=execution_id,
        sql=sql,
        parameters=tuple(parameters),
        database=database,
        role=role,
        search_path=search_path,
        reach=tuple(sorted(reach)),
        definitions=definitions,
        expectations=tuple(expectations),
        requested_by=requested_by,
        approved_by=approved_by,
        until=until,
        seal="",
        tolerance=tolerance or Tolerance(),
        isolation=isolation,
    )
    return replace(draft, seal=seal_of(draft))
