"""``build(settings)``: the one place that knows which part stands behind which port. It holds values, no behaviour."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pgwarden.adapters.audit.anchors import anchors_of
from pgwarden.adapters.audit.batching import BatchingAuditLog
from pgwarden.adapters.audit.keys import AuditKey
from pgwarden.adapters.audit.trust import Trust
from pgwarden.adapters.cache.memory import MemoryCache
from pgwarden.adapters.files import row_file
from pgwarden.adapters.jobs.queue import PostgresJobs
from pgwarden.adapters.login_file import LoginFile
from pgwarden.adapters.notify.channels import channels_of, mailer_of, plain
from pgwarden.adapters.passwords import ArgonPasswords
from pgwarden.adapters.policy_file import PolicyFile
from pgwarden.adapters.postgres.check import advise_roles, check_database
from pgwarden.adapters.postgres.connect import target
from pgwarden.adapters.postgres.control.audit_log import PostgresAuditLog
from pgwarden.adapters.postgres.control.data_rights import PostgresDataRightsStore
from pgwarden.adapters.postgres.control.databases import PostgresDatabaseStore
from pgwarden.adapters.postgres.control.feedback import PostgresFeedbackStore
from pgwarden.adapters.postgres.control.glossary import PostgresGlossaryStore
from pgwarden.adapters.postgres.control.logins import PostgresLoginStore
from pgwarden.adapters.postgres.control.mcp_use import PostgresUseLedger
from pgwarden.adapters.postgres.control.model_health import PostgresModelHealth
from pgwarden.adapters.postgres.control.model_use import PostgresModelLedger
from pgwarden.adapters.postgres.control.notifications import PostgresNotificationStore
from pgwarden.adapters.postgres.control.open import control_database
from pgwarden.adapters.postgres.control.people import PostgresPeopleStore
from pgwarden.adapters.postgres.control.preferences import PostgresPreferenceStore
from pgwarden.adapters.postgres.control.questions import PostgresQuestionStore
from pgwarden.adapters.postgres.control.schema_history import PostgresSchemaHistory
from pgwarden.adapters.postgres.control.sessions import PostgresSessionStore
from pgwarden.adapters.postgres.control.tickets import PostgresTicketStore
from pgwarden.adapters.postgres.control.troubles import PostgresTroubleStore
from pgwarden.adapters.postgres.control.watching import PostgresWatchStore
from pgwarden.adapters.postgres.image_files import ImageFiles
from pgwarden.adapters.postgres.pool import Pools
from pgwarden.adapters.postgres.targets import Targets
from pgwarden.adapters.redirect import Redirect, redirect_listener
from pgwarden.adapters.secret_box import SecretBox
from pgwarden.adapters.telemetry.facts import facts_text
from pgwarden.adapters.telemetry.prometheus import PrometheusMetrics
from pgwarden.agents.access_desk import AccessDesk
from pgwarden.agents.alert_watch import WATCH_PERIODS, AlertWatch
from pgwarden.agents.approval_workflow import ApprovalWorkflowAgent
from pgwarden.agents.audit_desk import AuditDesk
from pgwarden.agents.audit_jobs import PERIODS, AuditJobs
from pgwarden.agents.audit_notary import AuditNotary
from pgwarden.agents.audit_trail import AuditTrail
from pgwarden.agents.chat_decisions import ChatDecisions
from pgwarden.agents.context_memory import ContextMemoryAgent
from pgwarden.agents.conversation_undo import ConversationUndo
from pgwarden.agents.database_desk import DatabaseDesk
from pgwarden.agents.front_desk import FrontDesk
from pgwarden.agents.health_desk import HealthDesk
from pgwarden.agents.hourly_budgets import HourlyBudgets
from pgwarden.agents.impact_assessment import ImpactAssessmentAgent
from pgwarden.agents.intelligent_query import IntelligentQueryAgent
from pgwarden.agents.job_desk import JobDesk
from pgwarden.agents.ledger_copy import LedgerCopy
from pgwarden.agents.notification_desk import NotificationDesk
from pgwarden.agents.notifier import Notifier
from pgwarden.agents.orchestrator import DatabaseOrchestrator
from pgwarden.agents.personnel import Personnel
from pgwarden.agents.policy_desk import PolicyDesk
from pgwarden.agents.policy_editor import PolicyEditor
from pgwarden.agents.proposed_decisions import ProposedDecisions
from pgwarden.agents.provider_desk import ProviderDesk
from pgwarden.agents.query_advisor import QueryAdvisor
from pgwarden.agents.question_desk import QuestionDesk
from pgwarden.agents.question_runs import QuestionRuns
from pgwarden.agents.recipients import Recipients
from pgwarden.agents.report_desk import ReportDesk
from pgwarden.agents.request_desk import RequestDesk
from pgwarden.agents.retention_desk import RETENTION_PERIODS, RetentionDesk, covered_until
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.agents.schema_context import Lifetimes, SchemaContextAgent
from pgwarden.agents.schema_news import SchemaNews
from pgwarden.agents.sight import Sight
from pgwarden.agents.system_memory import SystemMemory
from pgwarden.agents.ticket_desk import TicketDesk
from pgwarden.agents.ticket_execution import TICKET_PERIODS, TicketExecution
from pgwarden.agents.ticket_history import TicketHistory
from pgwarden.agents.ticket_requests import TicketRequests
from pgwarden.agents.ticket_timers import TicketTimers
from pgwarden.agents.timed_jobs import timed_jobs
from pgwarden.domain.access_token import AccessRules
from pgwarden.domain.admission import Admission
from pgwarden.domain.approval_policy import ApprovalPolicy
from pgwarden.domain.approval_table import approval_policy
from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.backup import BackupStrategy
from pgwarden.domain.database import Database, DatabaseCheck, RoleAdvice
from pgwarden.domain.errors import ConnectionFailed, PolicyInvalid
from pgwarden.domain.facts import Facts
from pgwarden.domain.identity import Identity
from pgwarden.domain.notification import Channel, Limits
from pgwarden.domain.planner_settings import planner_settings
from pgwarden.domain.policy import Policy, policy_sensitivity
from pgwarden.domain.provider import ProviderRules
from pgwarden.domain.rehearsal_permit import RehearsalRules
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.row_file import RowForm
from pgwarden.language.engine import BuiltInEngine
from pgwarden.models import Models, engines_of, models_of
from pgwarden.ports import (
    AuditAnchor,
    AuditLog,
    Cache,
    DataRightsStore,
    FeedbackStore,
    GlossaryStore,
    JobHandler,
    Jobs,
    JobWorker,
    LoginStore,
    Metrics,
    NotificationChannel,
    NotificationStore,
    PeopleStore,
    WatchStore,
)
from pgwarden.settings import DatabaseSettings, Settings
from pgwarden.tracing import tracing_with

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.applications import Starlette

    from pgwarden.adapters.embedded.server import EmbeddedServer
    from pgwarden.adapters.notify.slack_blocks import Choice
    from pgwarden.adapters.notify.slack_interactions import SlackInteractions
    from pgwarden.adapters.postgres.control.connection import Pool
    from pgwarden.domain.audit_verification import Verification
    from pgwarden.domain.person import Person

CONTROL_DATABASE = "pgwarden"
CONTROL_ROLE = "pgwarden"
GIVEN_PASSWORD = "PGWARDEN_PASSWORD_GIVEN"  # noqa: S105 - the name of a variable, not its value
"""Where the command line puts the password of a URL that it was given."""
EMBEDDED = "main"
"""The name of the embedded server that holds the control database, and the sample shop where it is wanted."""


@dataclass(frozen=True, slots=True)
class App:
    """Everything that a door needs. Valid inside ``build``'s block."""

    settings: Settings
    identity: Identity
    session: Admission
    """How the identity is known, and what it may do here."""
    front_desk: FrontDesk
    personnel: Personnel
    people: PeopleStore
    login_file: LoginFile
    provider: ProviderDesk | None
    """None where no identity provider is set up."""
    access: AccessDesk | None
    """What admits with access tokens; None where no authorization server is set up."""
    redirect_listener: Callable[[], AbstractAsyncContextManager[Redirect]]
    targets: Targets
    database_desk: DatabaseDesk
    rights: DataRightsStore
    glossary: GlossaryStore
    feedback: FeedbackStore
    cache: Cache
    schema: SchemaContextAgent
    schema_news: SchemaNews
    query: IntelligentQueryAgent
    advisor: QueryAdvisor
    budgets: HourlyBudgets
    models: Models
    execution: SafeExecutionAgent
    memory: ContextMemoryAgent
    impact: ImpactAssessmentAgent
    policies: Callable[[], Policy]
    """The policy of the moment; raises PolicyInvalid while its file cannot be followed."""
    approvals: Callable[[], ApprovalPolicy]
    """Its part that says who must say yes; raises PolicyInvalid, too."""
    policy_desk: PolicyDesk
    policy_editor: PolicyEditor
    retention: RetentionDesk
    question_desk: QuestionDesk
    orchestrator: DatabaseOrchestrator
    approval: ApprovalWorkflowAgent
    proposals: ProposedDecisions
    request_desk: RequestDesk
    timers: TicketTimers
    metrics: Metrics
    watching: WatchStore
    report_desk: ReportDesk
    row_file: Callable[[Result, RowForm], bytes]
    """Rows as a file; InputInvalid where the optional part that writes it is not installed."""
    facts_text: Callable[[Facts], str]
    """Facts in the text format of Prometheus."""
    audit: AuditLog
    audit_key: AuditKey
    trail: AuditTrail
    notary: AuditNotary
    audit_desk: AuditDesk
    back_up: Callable[[Path], Awaitable[int]]
    """Writes the control database into a file; how many rows those were."""
    jobs: Jobs
    job_desk: JobDesk
    health_desk: HealthDesk
    notifications: NotificationStore
    channels: Mapping[Channel, NotificationChannel]
    """Those that are set up."""
    notification_desk: NotificationDesk
    slack: SlackInteractions | None
    """What answers presses in Slack, where both its token and its signing secret are set."""
    handlers: Mapping[str, JobHandler]
    """What runs each task of the queue, by its name."""
    worker: Callable[[int], JobWorker]
    """A worker that runs so many jobs at once."""
    describe_target: Callable[..., Database]
    check_target: Callable[[Database], Awaitable[DatabaseCheck]]
    advise_roles: Callable[[Database], Awaitable[tuple[RoleAdvice, ...]]]

    def limits(
        self, *, rows: int | None = None, seconds: float | None = None, planner: Sequence[str] = ()
    ) -> ReadLimits:
        """The bounds on a read: the settings', with what the caller asked for instead.

        ``planner``: ``name=value`` each. Raises InputInvalid for one that no read may choose.
        """
        usual = self.settings.read_limits
        chosen = planner_settings(planner, most_memory_kb=usual.work_mem_kb)
        return replace(usual, rows=rows or usual.rows, seconds=seconds or usual.seconds, planner=chosen)

    @asynccontextmanager
    async def target(self, name: str | None) -> AsyncIterator[str]:
        """The registered name that is meant; a postgresql:// URL is used for the length of the block."""
        if name is not None and "://" in name:
            given = GIVEN_PASSWORD if GIVEN_PASSWORD in os.environ else ""
            passing = self.describe_target("given-by-url", name, on_command_line=True, password_env=given)
            self.targets.add_for_now(passing)
            self.session.require_database(passing.name)
            try:
                yield passing.name
            except ConnectionFailed as error:
                raise ConnectionFailed(
                    "The database of the URL cannot be reached.",
                    why=error.why,
                    not_done=error.not_done,
                    next_step="Correct the URL, or register it with its password source: pgwarden db add NAME URL",
                ) from None
        else:
            chosen = await self.targets.choose(name)
            self.session.require_database(chosen)
            yield chosen


@asynccontextmanager
async def build(settings: Settings, *, door: str = "cli", admit: bool = True) -> AsyncIterator[App]:
    """The application, wired; everything that was opened is closed at the end of the block.

    ``door`` is how the audit names the way that requests come in. ``admit`` False: a guest, whatever login there is.
    """
    async with AsyncExitStack() as stack:
        await _trace(settings, stack)
        control_url = await _control_url(settings, stack)
        control = await stack.enter_async_context(control_database(control_url))
        audit = BatchingAuditLog(PostgresAuditLog(control))
        metrics = PrometheusMetrics()
        trail = AuditTrail(audit, lambda: datetime.now(UTC), door, metrics=metrics)
        audit_key = AuditKey(settings.audit_key)
        cache = _cache(settings)
        stack.push_async_callback(cache.close)
        pools = Pools(size=settings.pool_size)
        stack.push_async_callback(pools.close)
        images = ImageFiles(settings.image_directory) if settings.image_directory else None
        targets = Targets(_settled(settings), PostgresDatabaseStore(control), pools, images=images)
        rights = PostgresDataRightsStore(control)
        policies = PolicyFile(settings.policy_file)
        await _record_settings(settings, audit)
        await _record_policy(settings, policies, audit)
        sensitive = policy_sensitivity(policies)
        glossary = PostgresGlossaryStore(control)
        lifetimes = Lifetimes(
            settings.cache_schema_seconds, settings.cache_samples_seconds, settings.cache_statistics_seconds
        )
        schema = SchemaContextAgent(targets.source, cache, PostgresSchemaHistory(control), lifetimes=lifetimes)
        stack.push_async_callback(schema.close)
        desk = TicketDesk(PostgresTicketStore(control), PostgresPeopleStore(control), lambda: datetime.now(UTC))
        history = TicketHistory(desk.tickets, desk.now)
        impact = ImpactAssessmentAgent(
            schema,
            targets.analyst,
            rights,
            lambda: datetime.now(UTC),
            policies=policies,
            sensitive=sensitive,
            trail=trail,
            rehearsers=targets.changes,
            rehearsals=lambda name, since: _rehearsals(audit, name, since),
            rules=RehearsalRules(
                settings.rehearsal_rows, per_hour=settings.rehearsals_per_hour, agents=settings.rehearsal_by_agents
            ),
        )
        requests = TicketRequests(
            schema,
            impact,
            targets.changes,
            history,
            policies=policies,
            approvals=lambda: approval_policy(policies()),
            load=targets.load,
        )
        system = SystemMemory(
            PostgresTroubleStore(control),
            PostgresSchemaHistory(control),
            schema.refresh,
            lambda: datetime.now(UTC),
            slow_seconds=settings.slow_seconds,
            days=settings.system_memory_days,
        )
        execution = SafeExecutionAgent(
            schema,
            targets.runner,
            targets.records,
            rights,
            cache,
            sensitive=sensitive,
            cache_seconds=settings.cache_results_seconds,
            trail=trail,
            backups=lambda database: targets.backups(database, settings.home / "backups"),
            ticket_from=lambda: approval_policy(policies()).read_ticket_from,
            memory=system,
            asks_from=settings.read_threshold,
            changes=TicketExecution(
                desk,
                requests,
                targets.changes,
                targets.records,
                schema.reread,
                lambda database: execution.written(database),
                failed=system.failed,
                copy=lambda database, tables, identity: execution.backup(
                    database, tables, BackupStrategy.SNAPSHOT, identity=identity
                ),
                escalate=lambda ticket, error: notifier.escalate(ticket, error, settings.escalate_to),
            ),
        )
        budgets = HourlyBudgets(settings.mcp_allowance, PostgresUseLedger(control))
        stack.push_async_callback(budgets.close)
        models = models_of(settings, PostgresModelLedger(control), PostgresModelHealth(control), stack, sensitive)
        feedback = PostgresFeedbackStore(control)
        query = IntelligentQueryAgent(engines_of(settings, models, BuiltInEngine(), cache, feedback, execution))
        memory = ContextMemoryAgent(
            PostgresSessionStore(control),
            glossary,
            feedback,
            PostgresPreferenceStore(control),
            system,
            schema,
            Sight(schema, rights, sensitive),
            lambda: datetime.now(UTC),
            trail=trail,
        )
        approval = ApprovalWorkflowAgent(desk, requests, history)
        orchestrator = DatabaseOrchestrator(
            schema,
            query,
            execution,
            memory,
            impact,
            rights,
            sensitive=sensitive,
            trail=trail,
            undo=ConversationUndo(memory, execution, approval),
        )
        stack.push_async_callback(orchestrator.close)
        people = PostgresPeopleStore(control)
        questions = PostgresQuestionStore(control)
        question_desk = QuestionDesk(
            questions,
            PostgresSessionStore(control),
            people,
            execution,
            schema,
            Sight(schema, rights, sensitive),
            lambda: datetime.now(UTC),
            trail,
            mails=bool(settings.smtp_host),
        )
        question_runs = QuestionRuns(
            questions,
            people,
            execution,
            mailer_of(settings),
            row_file,
            lambda: datetime.now(UTC),
            trail,
            limits=settings.read_limits,
            public_url=settings.public_url,
        )
        notifications = PostgresNotificationStore(control)
        channels = channels_of(settings, lambda: datetime.now(UTC))
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        notifier = Notifier(
            desk.tickets,
            people,
            notifications,
            Recipients(people, notifications, rights),
            channels,
            lambda: datetime.now(UTC),
            limits=Limits(
                settings.notify_person_hourly, settings.notify_requester_hourly, settings.notify_agent_hourly
            ),
        )
        logins = PostgresLoginStore(control, SecretBox(settings.secret_key))
        await logins.seal_second_factors()
        passwords, login_file = ArgonPasswords(), LoginFile(settings.home)
        front_desk = FrontDesk(
            people, logins, passwords, lambda: datetime.now(UTC), lifetime=timedelta(hours=settings.login_hours)
        )
        session = await _admission(settings, front_desk, login_file if admit else None, door)
        timers = TicketTimers(desk)
        retention = RetentionDesk(
            lambda database: targets.retention(database, settings.home / "backups"),
            targets.names,
            lambda: datetime.now(UTC),
            trail,
            days=settings.undo_days,
            covered=partial(covered_until, desk),
        )
        notary = AuditNotary(audit, audit_key, _anchors(settings), lambda: datetime.now(UTC))
        audit_jobs = AuditJobs(
            notary,
            LedgerCopy(audit, targets.records),
            targets.names,
            entries=settings.audit_anchor_entries,
            minutes=settings.audit_anchor_minutes,
        )
        watching = PostgresWatchStore(control)
        alerts = AlertWatch(
            watching,
            targets.statistics,
            targets.names,
            lambda: datetime.now(UTC),
            settings.alert_rules,
            notifier.notify_alert,
            people=settings.alert_people,
            escalate_to=settings.escalate_to,
            audit_findings=partial(_audit_findings, audit, settings),
        )
        handlers: dict[str, JobHandler] = {
            **audit_jobs.handlers(),
            **retention.handlers(),
            **notifier.handlers(),
            **alerts.handlers(),
            **question_runs.handlers(),
            "remind_ticket": timers.remind,
            "escalate_ticket": timers.escalate,
            "expire_ticket": timers.expire,
            "execute_ticket": execution.changes.run_job,
            "settle_tickets": execution.changes.settle_job,
        }
        proposals = ProposedDecisions(desk)
        policy_desk = PolicyDesk(impact, history, desk.tickets, people, targets.load, lambda: datetime.now(UTC))
        jobs = PostgresJobs(control)
        yield App(
            settings=settings,
            identity=session.identity,
            session=session,
            front_desk=front_desk,
            personnel=Personnel(people, logins, passwords, lambda: datetime.now(UTC), door),
            people=people,
            login_file=login_file,
            provider=_provider(settings, people, logins, front_desk),
            access=_access(settings, people, logins, front_desk),
            redirect_listener=redirect_listener,
            targets=targets,
            database_desk=DatabaseDesk(targets, check_database, advise_roles, lambda: datetime.now(UTC)),
            rights=rights,
            glossary=glossary,
            feedback=feedback,
            budgets=budgets,
            models=models,
            cache=cache,
            schema=schema,
            schema_news=SchemaNews(schema, Sight(schema, rights, sensitive)),
            query=query,
            advisor=QueryAdvisor(execution),
            execution=execution,
            memory=memory,
            impact=impact,
            policies=policies,
            approvals=lambda: approval_policy(policies()),
            policy_desk=policy_desk,
            policy_editor=PolicyEditor(policies, policy_desk, trail),
            retention=retention,
            question_desk=question_desk,
            orchestrator=orchestrator,
            approval=approval,
            proposals=proposals,
            request_desk=RequestDesk(schema, query, orchestrator, execution, approval),
            timers=timers,
            audit=audit,
            audit_key=audit_key,
            trail=trail,
            metrics=metrics,
            watching=watching,
            report_desk=ReportDesk(
                audit, trail, watching, targets.statistics, targets.names, lambda: datetime.now(UTC)
            ),
            row_file=row_file,
            facts_text=facts_text,
            notary=notary,
            audit_desk=AuditDesk(audit, trail, lambda: datetime.now(UTC), source=door),
            back_up=partial(_back_up, control, trail, session),
            jobs=jobs,
            job_desk=JobDesk(jobs, lambda: datetime.now(UTC)),
            health_desk=HealthDesk(targets, check_database, jobs, audit, lambda: datetime.now(UTC)),
            notifications=notifications,
            channels=channels,
            notification_desk=NotificationDesk(notifications, notifier, channels, lambda: datetime.now(UTC)),
            slack=_slack(settings, channels, people, approval, proposals),
            handlers=handlers,
            worker=partial(_worker, control_url, timed_jobs(handlers, metrics)),
            describe_target=target,
            check_target=check_database,
            advise_roles=advise_roles,
        )


async def _trace(settings: Settings, stack: AsyncExitStack) -> None:
    """Let this task, and all that it starts, make traces, where a collector is set. What is left is sent at the end."""
    if not settings.traces_url:
        return
    from pgwarden.adapters.telemetry.otlp import OtlpTracer

    tracer = OtlpTracer(settings.traces_url, headers=plain(settings.traces_headers), share=settings.traces_share)
    stack.push_async_callback(asyncio.to_thread, tracer.close)
    stack.enter_context(tracing_with(tracer))


def read_policy_file(path: Path) -> tuple[Policy, ApprovalPolicy]:
    """A policy file, whether or not it is the one in force. Raises PolicyInvalid."""
    policy = PolicyFile(path)()
    return policy, approval_policy(policy)


async def _record_settings(settings: Settings, audit: AuditLog) -> None:
    """Settings that are others than this user's last ones go into the audit; secrets are not shown, only that they are.

    Only what is not the default is told.
    """
    told = settings.model_dump(mode="json", exclude_defaults=True)
    last = await audit.find(AuditFilter(action="settings.changed", actor=settings.user), limit=1)
    if not last or last[0].entry.details != {"settings": told}:
        entry = AuditEntry("settings.changed", settings.user, datetime.now(UTC), details={"settings": told})
        await audit.append(entry)


async def _record_policy(settings: Settings, policies: PolicyFile, audit: AuditLog) -> None:
    """A policy file that is another one than before goes into the audit, once for each state of the file."""
    if settings.policy_file is None:
        return
    try:
        changed, policy = settings.policy_file.stat().st_mtime_ns, policies()
    except (PolicyInvalid, OSError):  # whatever depends on it refuses, and tells
        return
    entry = AuditEntry(
        "policy.changed",
        "system",
        datetime.now(UTC),
        details={"sha256": policy.sha256, "rules": len(approval_policy(policy).rules)},
    )
    await audit.append_once({f"policy {policy.sha256} {changed}": entry})


async def _admission(settings: Settings, desk: FrontDesk, file: LoginFile | None, door: str) -> Admission:
    """Who this process acts for: a token, else a login, else a guest. One that is not valid stops it."""
    if file is not None and settings.token is not None:
        return await desk.admit_token(settings.token.get_secret_value(), door)
    if file is not None and (secret := file.read()):
        return await desk.admit_login(secret, door)
    return await desk.guest(settings.user)


def _provider(
    settings: Settings, people: PeopleStore, logins: LoginStore, front_desk: FrontDesk
) -> ProviderDesk | None:
    if not settings.oidc_issuer:
        return None
    from pgwarden.adapters.oidc import OidcProvider

    def now() -> datetime:
        return datetime.now(UTC)

    provider = OidcProvider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        now,
        client_secret=plain(settings.oidc_client_secret),
        groups_claim=settings.oidc_groups_claim,
    )
    rules = ProviderRules.of(settings.oidc_roles, create_accounts=settings.oidc_create_accounts)
    return ProviderDesk(provider, rules, people, logins, front_desk, now)


def _access(settings: Settings, people: PeopleStore, logins: LoginStore, front_desk: FrontDesk) -> AccessDesk | None:
    if not settings.oauth_issuer:
        return None
    from pgwarden.adapters.issuer import Issuer

    def now() -> datetime:
        return datetime.now(UTC)

    rules = AccessRules.of(
        settings.oauth_issuer, settings.oauth_scopes, settings.oauth_databases, settings.oauth_databases_claim
    )
    return AccessDesk(Issuer(settings.oauth_issuer, now), rules, people, logins, front_desk, now)


async def _control_url(settings: Settings, stack: AsyncExitStack) -> str:
    """Where the control database is: as the settings say, else on the embedded server, started when it is not up."""
    if settings.control_url is not None:
        return settings.control_url.get_secret_value()
    server = embedded_server(settings)
    await stack.enter_async_context(server)
    server.create_role(CONTROL_ROLE)
    server.create_database(CONTROL_DATABASE, owner=CONTROL_ROLE)
    return server.conninfo(CONTROL_DATABASE, role=CONTROL_ROLE)


def embedded_server(settings: Settings) -> EmbeddedServer:
    """The embedded PostgreSQL of these settings; nothing is started here."""
    from pgwarden.adapters.embedded.places import data_root
    from pgwarden.adapters.embedded.server import EmbeddedServer

    return EmbeddedServer(data_root(settings.home, EMBEDDED))


async def _rehearsals(audit: AuditLog, name: str, since: datetime) -> int:
    """How often somebody rehearsed since then, as the audit has it: refused ones do not count."""
    wanted = AuditFilter(action="impact.rehearsed", actor=name, since=since)
    return sum(record.entry.outcome is not Outcome.REFUSED for record in await audit.find(wanted, limit=1000))


async def _audit_findings(audit: AuditLog, settings: Settings) -> int:
    """How much is wrong with the whole audit, by the checkpoints that the keys beside the audit's own signed."""
    kept = [each.checkpoint for each in await audit.checkpoints()]
    return (await audit.verify(trust(settings, ()).among(kept))).count


def _anchors(settings: Settings) -> tuple[AuditAnchor, ...]:
    secret = settings.audit_s3_secret.get_secret_value() if settings.audit_s3_secret else ""
    return anchors_of(settings.audit_anchors, s3_key_id=settings.audit_s3_key_id, s3_secret=secret)


async def _back_up(control: Pool, trail: AuditTrail, session: Admission, file: Path) -> int:
    """The entry stands in the backup already. An administrator's, once anybody has logged in to this installation."""
    from pgwarden.adapters.postgres.control.backup import back_up

    async with trail.event("control.backed_up", identity=session.identity):
        session.require_arranging()
    return (await back_up(control, file, datetime.now(UTC))).rows


async def restore_control(settings: Settings, file: Path) -> tuple[int, Verification]:
    """Bring a backup into an empty control database: how many rows, and what walking its audit came to.

    Raises BackupInvalid, RestoreRefused, ControlDatabaseUnavailable.
    """
    from pgwarden.adapters.postgres.control.connection import control_pool
    from pgwarden.adapters.postgres.control.restore import restore

    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(control_pool(await _control_url(settings, stack)))
        manifest = await restore(pool, file)
        log = PostgresAuditLog(pool)
        found = await log.verify()
        details = {"rows": manifest.rows, "made_at": manifest.made_at, "whole": found.intact}
        at = datetime.now(UTC)
        await log.append(AuditEntry("control.restored", settings.user, at, source="cli", details=details))
        box = SecretBox(settings.secret_key)
        await PostgresLoginStore(pool, box).drop_unreadable_second_factors(at, "restore")
        return manifest.rows, found


def trust(settings: Settings, keys: Sequence[Path]) -> Trust:
    """What checkpoints are checked with: these public keys, or those beside the audit's key. Opens no database."""
    return Trust.of(settings.audit_key, keys)


def set_up_logging(settings: Settings) -> None:
    """Log lines of this process as the settings say; for doors that run for long."""
    from pgwarden.logging import configure

    configure(settings.log_level, settings.log_format)


def _worker(control_url: str, handlers: Mapping[str, JobHandler], concurrency: int) -> JobWorker:
    from pgwarden.adapters.jobs.worker import Worker

    return Worker(
        control_url, handlers, concurrency, periodic={**PERIODS, **RETENTION_PERIODS, **TICKET_PERIODS, **WATCH_PERIODS}
    )


def _slack(
    settings: Settings,
    channels: Mapping[Channel, NotificationChannel],
    people: PeopleStore,
    approval: ApprovalWorkflowAgent,
    proposals: ProposedDecisions,
) -> SlackInteractions | None:
    """Decisions from Slack: the member that Slack vouches for decides as their account, like at any other door."""
    from pgwarden.adapters.notify.slack import SlackChannel
    from pgwarden.adapters.notify.slack_interactions import SlackInteractions

    dialogs = channels.get(Channel.SLACK)
    if settings.slack_signing_secret is None or not isinstance(dialogs, SlackChannel):
        return None

    async def person_of(member: str) -> Person | None:
        return await people.find(slack=member)

    decisions = ChatDecisions(approval, proposals, settings.slack_approves, via="slack")

    async def decide(person: Person, choice: Choice, reason: str) -> None:
        await decisions.decide(
            person,
            choice.ticket,
            choice.decision,
            seal=choice.seal,
            reason=reason,
            proposal=choice.proposal,
            discard=choice.discard,
        )

    return SlackInteractions(plain(settings.slack_signing_secret), dialogs, person_of, decide)


def _cache(settings: Settings) -> Cache:
    if settings.redis_url is None:
        return MemoryCache()
    from pgwarden.adapters.cache.redis import RedisCache

    return RedisCache(settings.redis_url.get_secret_value())


def _settled(settings: Settings) -> dict[str, Database]:
    return {name: _database(name, given) for name, given in settings.targets.items()}


def _database(name: str, given: DatabaseSettings) -> Database:
    return target(
        name,
        given.url.get_secret_value(),
        password_env=given.password_env,
        passfile=given.passfile,
        password_command=given.password_command,
        sslmode=given.sslmode,
        sslrootcert=given.sslrootcert,
        sslcert=given.sslcert,
        sslkey=given.sslkey,
        allow_writes=given.allow_writes,
        owner=given.owner,
        notes=given.notes,
    )


def slack_app(app: App) -> Starlette | None:
    """What takes Slack's buttons over HTTP, to be mounted at ``/slack``; None where Slack is not set up."""
    if app.slack is None:
        return None
    from pgwarden.adapters.notify.slack_app import slack_app as interactions_app

    return interactions_app(app.slack, lambda: datetime.now(UTC))
