"""ImpactAssessmentAgent: what a change would do, and how risky that is. Nothing is changed to find out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from pgwarden.agents.safe_execution import Catalogs
from pgwarden.domain.assessment import Assessment
from pgwarden.domain.errors import InputInvalid, StatementRefused
from pgwarden.domain.execution import Parameter
from pgwarden.domain.identity import DataRights, Identity
from pgwarden.domain.read_access import ReadAccess, Sensitivity
from pgwarden.domain.risk import RiskPolicy
from pgwarden.domain.sensitive import is_sensitive_in
from pgwarden.domain.statement import Decision, Verdict
from pgwarden.ports import DataRightsStore, ImpactAnalyst
from pgwarden.rules.assessment import assess
from pgwarden.sql.verdict import judge


class ImpactAssessmentAgent:
    """Judges the statement first, then has it analysed on the target, then scores the risk."""

    def __init__(
        self,
        catalogs: Catalogs,
        analysts: Callable[[str], Awaitable[ImpactAnalyst]],
        rights: DataRightsStore,
        now: Callable[[], datetime],
        *,
        policy: RiskPolicy | None = None,
        sensitive: Sensitivity = is_sensitive_in,
    ) -> None:
        """``analysts`` finds a target's analyst by its registered name."""
        self._catalogs, self._analysts, self._rights, self._now = catalogs, analysts, rights, now
        self._policy, self._sensitive = policy or RiskPolicy(), sensitive

    async def assess(
        self, database: str, sql: str, parameters: Sequence[Parameter] = (), *, identity: Identity
    ) -> Assessment:
        """The impact and risk of one statement that changes rows.

        Raises StatementRefused for what is refused outright (DDL and TRUNCATE with the explanation), InputInvalid
        for a read, RightMissing when its conditions use columns that this identity may not see, ImpactUnknown.
        """
        catalog = await self._catalogs.catalog(database)
        verdict = judge(sql, catalog)
        if verdict.decision is Decision.REFUSE:
            raise _refused(verdict)
        if verdict.decision is Decision.ALLOW:
            raise InputInvalid("The statement reads and changes nothing.", next_step="Run it: pgwarden query")
        rights = DataRights.of(identity, (await self._rights.current()).lines)
        ReadAccess(database, verdict, catalog, rights, self._sensitive).masked()
        analyst = await self._analysts(database)
        impact = await analyst.analyse(sql, catalog, parameters=parameters)
        return Assessment(impact, assess(impact, catalog, self._policy, at=self._now()))


def _refused(verdict: Verdict) -> StatementRefused:
    return StatementRefused(
        "The statement is refused.",
        why=" ".join(f"{reason.message[:1].upper()}{reason.message[1:].rstrip('.')}." for reason in verdict.reasons),
        not_done="Nothing was analysed or run.",
        next_step=" ".join(reason.hint for reason in verdict.reasons if reason.hint),
    )
