"""``build(settings)``: the one place that knows which part stands behind which port. It holds values, no behaviour."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pgwarden.adapters.cache.memory import MemoryCache
from pgwarden.adapters.postgres.check import advise_roles, check_database
from pgwarden.adapters.postgres.connect import target
from pgwarden.adapters.postgres.control.data_rights import PostgresDataRightsStore
from pgwarden.adapters.postgres.control.databases import PostgresDatabaseStore
from pgwarden.adapters.postgres.control.feedback import PostgresFeedbackStore
from pgwarden.adapters.postgres.control.glossary import PostgresGlossaryStore
from pgwarden.adapters.postgres.control.open import control_database
from pgwarden.adapters.postgres.control.schema_history import PostgresSchemaHistory
from pgwarden.adapters.postgres.control.sessions import PostgresSessionStore
from pgwarden.adapters.postgres.pool import Pools
from pgwarden.adapters.postgres.targets import Targets
from pgwarden.agents.context_memory import ContextMemoryAgent
from pgwarden.agents.impact_assessment import ImpactAssessmentAgent
from pgwarden.agents.intelligent_query import IntelligentQueryAgent
from pgwarden.agents.orchestrator import DatabaseOrchestrator
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.agents.schema_context import Lifetimes, SchemaContextAgent
from pgwarden.domain.database import Database, DatabaseCheck, RoleAdvice
from pgwarden.domain.errors import ConnectionFailed
from pgwarden.domain.identity import Identity
from pgwarden.domain.result import ReadLimits
from pgwarden.language.engine import BuiltInEngine
from pgwarden.ports import Cache, DataRightsStore, FeedbackStore, GlossaryStore
from pgwarden.settings import DatabaseSettings, Settings

if TYPE_CHECKING:
    from pgwarden.adapters.embedded.server import EmbeddedServer

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
    targets: Targets
    rights: DataRightsStore
    glossary: GlossaryStore
    feedback: FeedbackStore
    cache: Cache
    schema: SchemaContextAgent
    query: IntelligentQueryAgent
    execution: SafeExecutionAgent
    memory: ContextMemoryAgent
    impact: ImpactAssessmentAgent
    orchestrator: DatabaseOrchestrator
    describe_target: Callable[..., Database]
    check_target: Callable[[Database], Awaitable[DatabaseCheck]]
    advise_roles: Callable[[Database], Awaitable[tuple[RoleAdvice, ...]]]

    def limits(self, *, rows: int | None = None, seconds: float | None = None) -> ReadLimits:
        """The bounds on a read: the settings', with what the caller asked for instead."""
        given = {key: value for key, value in (("rows", rows), ("seconds", seconds)) if value is not None}
        return replace(self.settings.read_limits, **given)  # type: ignore[arg-type]  # names and types match above

    @asynccontextmanager
    async def target(self, name: str | None) -> AsyncIterator[str]:
        """The registered name that is meant; a postgresql:// URL is used for the length of the block."""
        if name is not None and "://" in name:
            given = GIVEN_PASSWORD if GIVEN_PASSWORD in os.environ else ""
            passing = self.describe_target("given-by-url", name, on_command_line=True, password_env=given)
            self.targets.add_for_now(passing)
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
            yield await self.targets.choose(name)


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[App]:
    """The application, wired; everything that was opened is closed at the end of the block."""
    async with AsyncExitStack() as stack:
        control = await stack.enter_async_context(control_database(await _control_url(settings, stack)))
        cache = _cache(settings)
        stack.push_async_callback(cache.close)
        pools = Pools(size=settings.pool_size)
        stack.push_async_callback(pools.close)
        targets = Targets(_settled(settings), PostgresDatabaseStore(control), pools)
        rights = PostgresDataRightsStore(control)
        glossary = PostgresGlossaryStore(control)
        lifetimes = Lifetimes(
            settings.cache_schema_seconds, settings.cache_samples_seconds, settings.cache_statistics_seconds
        )
        schema = SchemaContextAgent(targets.source, cache, PostgresSchemaHistory(control), lifetimes=lifetimes)
        stack.push_async_callback(schema.close)
        query = IntelligentQueryAgent([BuiltInEngine()])
        execution = SafeExecutionAgent(
            schema, targets.runner, targets.records, rights, cache, cache_seconds=settings.cache_results_seconds
        )
        impact = ImpactAssessmentAgent(schema, targets.analyst, rights, lambda: datetime.now(UTC))
        memory = ContextMemoryAgent(PostgresSessionStore(control), glossary, lambda: datetime.now(UTC))
        yield App(
            settings=settings,
            identity=Identity(settings.user),
            targets=targets,
            rights=rights,
            glossary=glossary,
            feedback=PostgresFeedbackStore(control),
            cache=cache,
            schema=schema,
            query=query,
            execution=execution,
            memory=memory,
            impact=impact,
            orchestrator=DatabaseOrchestrator(schema, query, execution, memory, impact, rights),
            describe_target=target,
            check_target=check_database,
            advise_roles=advise_roles,
        )


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
