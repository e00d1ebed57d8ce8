"""ImpactAssessmentAgent: what a change would do, and how risky that is. Nothing is changed to find out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from pgwarden.agents.audit_trail import UNWRITTEN, AuditTrail, asked_for
from pgwarden.agents.safe_execution import Catalogs
from pgwarden.domain.assessment import Assessment
from pgwarden.domain.backup import BackupPlan, backup_plan
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import InputInvalid, RehearsalRefused, StatementRefused
from pgwarden.domain.execution import Parameter
from pgwarden.domain.identity import DataRights, Identity
from pgwarden.domain.impact import Impact
from pgwarden.domain.policy import Policy
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.read_access import ReadAccess, Sensitivity
from pgwarden.domain.rehearsal_permit import RehearsalRules, permit_of
from pgwarden.domain.risk import LEVELS
from pgwarden.domain.sensitive import is_sensitive_in
from pgwarden.domain.statement import Decision, StatementKind, Verdict
from pgwarden.ports import DataRightsStore, ImpactAnalyst, Rehearser
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
        policies: Callable[[], Policy] = Policy,
        sensitive: Sensitivity = is_sensitive_in,
        trail: AuditTrail = UNWRITTEN,
        rehearsers: Callable[[str], Awaitable[Rehearser]] | None = None,
        rehearsals: Callable[[str, datetime], Awaitable[int]] | None = None,
        rules: RehearsalRules | None = None,
    ) -> None:
        """``analysts`` finds a target's analyst by its registered name; ``policies`` gives the policy of the moment.

        ``rehearsals``: how often somebody rehearsed since a moment. Without it and ``rehearsers`` nothing is rehearsed.
        """
        self._catalogs, self._analysts, self._rights, self._now = catalogs, analysts, rights, now
        self._policies, self._sensitive = policies, sensitive
        self._trail = trail
        self._rehearsers, self._rehearsals, self._rules = rehearsers, rehearsals, rules or RehearsalRules()

    async def assess(
        self, database: str, sql: str, parameters: Sequence[Parameter] = (), *, identity: Identity
    ) -> Assessment:
        """The impact and risk of one statement that changes rows.

        Raises StatementRefused for what is refused outright (DDL and TRUNCATE with the explanation), InputInvalid
        for a read, RightMissing when its conditions use columns that this identity may not see, ImpactUnknown,
        PolicyInvalid before anything else while the policy cannot be followed.
        """
        asked = asked_for(sql, [parameter.value for parameter in parameters])
        trail = self._trail.event("impact.assessed", identity=identity, database=database, personal=asked)
        async with trail as event:
            found = await self._assess(database, sql, parameters, identity)
            event.details |= {"risk": found.risk.level.value, "score": found.risk.score}
            return found

    async def rehearse(
        self, database: str, sql: str, parameters: Sequence[Parameter] = (), *, identity: Identity
    ) -> Assessment:
        """The same with the numbers of a real run that was rolled back, for what counting cannot tell.

        It leaves traces (row locks while it runs, dead rows, advanced sequences). Raises RehearsalRefused,
        WritesNotAllowed, NotUndoable where an effect could survive the rollback, and what the statement would raise.
        """
        asked = asked_for(sql, [parameter.value for parameter in parameters])
        trail = self._trail.event("impact.rehearsed", identity=identity, database=database, personal=asked)
        async with trail as event:
            if self._rehearsers is None or self._rehearsals is None:
                raise RehearsalRefused("Nothing is rehearsed here.", not_done="Nothing was run.")
            found = (await self._assess(database, sql, parameters, identity)).impact
            runner, at = await self._rehearsers(database), self._now()
            recent = await self._rehearsals(identity.name, at - timedelta(hours=1))
            target = await runner.identify()
            permit = permit_of(identity, target, self._rules, rows=found.rows, recent=recent, at=at)
            impact = await runner.rehearse(found, permit, now=at, parameters=parameters)
            catalog = await self._catalogs.catalog(database)
            event.details["rows"] = impact.rows
            return Assessment(impact, assess(impact, catalog, self._policies().risk, at=at))

    async def _assess(self, database: str, sql: str, parameters: Sequence[Parameter], identity: Identity) -> Assessment:
        policy = self._policies()
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
        risk = assess(impact, catalog, policy.risk, at=self._now())
        return Assessment(impact, risk, _backup(impact, catalog, policy, risk.level))


def _backup(impact: Impact, catalog: Catalog, policy: Policy, level: RiskLevel) -> BackupPlan | None:
    """What is kept before a DELETE."""
    if impact.kind is not StatementKind.DELETE:
        return None
    least = policy.copy_delete_from
    tables = ((catalog.relations[each.relation], each.deleted.rows) for each in impact.tables)
    return backup_plan(tables, copied=least is not None and LEVELS.index(level) >= LEVELS.index(least))


def _refused(verdict: Verdict) -> StatementRefused:
    return StatementRefused(
        "The statement is refused.",
        why=" ".join(f"{reason.message[:1].upper()}{reason.message[1:].rstrip('.')}." for reason in verdict.reasons),
        not_done="Nothing was analysed or run.",
        next_step=" ".join(reason.hint for reason in verdict.reasons if reason.hint),
    )
