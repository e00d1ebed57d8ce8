"""What the agents need from the world, as protocols. Adapters implement them; tests/contract runs one suite on each."""

from __future__ import annotations

from pgwarden.ports.audit import AuditAnchor, AuditLog, CheckpointSigner
from pgwarden.ports.budgets import UseLedger
from pgwarden.ports.changes import (
    BackupMaker,
    ChangeRunner,
    ExecutionRecords,
    ImageStore,
    ImpactAnalyst,
    Rehearser,
    Retention,
)
from pgwarden.ports.jobs import JobHandler, Jobs, JobWorker
from pgwarden.ports.language import (
    CachedValueIndex,
    Heard,
    LanguageEngine,
    ModelClient,
    ModelHealth,
    ModelLedger,
    ValueHit,
    ValueIndex,
)
from pgwarden.ports.memory import FeedbackStore, GlossaryStore, PreferenceStore, SessionStore, TroubleStore
from pgwarden.ports.metrics import Metrics
from pgwarden.ports.notifications import NotificationChannel, NotificationStore
from pgwarden.ports.people import IdentityProvider, LoginStore, Passwords, PeopleStore, TokenIssuer
from pgwarden.ports.policies import PolicyStore
from pgwarden.ports.questions import Mailer, QuestionStore
from pgwarden.ports.reads import Cache, ReadRunner
from pgwarden.ports.registry import DatabaseStore, DataRightsStore, TargetRegistry
from pgwarden.ports.schema import CatalogReader, SchemaEvents, SchemaHistory, SchemaSource, TableReader
from pgwarden.ports.tickets import TicketStore
from pgwarden.ports.watching import StatementStatistics, WatchStore

__all__ = [
    "AuditAnchor",
    "AuditLog",
    "BackupMaker",
    "Cache",
    "CachedValueIndex",
    "CatalogReader",
    "ChangeRunner",
    "CheckpointSigner",
    "DataRightsStore",
    "DatabaseStore",
    "ExecutionRecords",
    "FeedbackStore",
    "GlossaryStore",
    "Heard",
    "IdentityProvider",
    "ImageStore",
    "ImpactAnalyst",
    "JobHandler",
    "JobWorker",
    "Jobs",
    "LanguageEngine",
    "LoginStore",
    "Mailer",
    "Metrics",
    "ModelClient",
    "ModelHealth",
    "ModelLedger",
    "NotificationChannel",
    "NotificationStore",
    "Passwords",
    "PeopleStore",
    "PolicyStore",
    "PreferenceStore",
    "QuestionStore",
    "ReadRunner",
    "Rehearser",
    "Retention",
    "SchemaEvents",
    "SchemaHistory",
    "SchemaSource",
    "SessionStore",
    "StatementStatistics",
    "TableReader",
    "TargetRegistry",
    "TicketStore",
    "TokenIssuer",
    "TroubleStore",
    "UseLedger",
    "ValueHit",
    "ValueIndex",
    "WatchStore",
]
