"""The ports in memory, for tests: yours as well as ours.

They keep to the same contract as the real ones (tests/contract runs one suite on both), without a server.
"""

from pgwarden.testing.approval import issue_approval
from pgwarden.testing.audit_log import MemoryAuditLog
from pgwarden.testing.cache import MemoryCache
from pgwarden.testing.data_rights import MemoryDataRightsStore
from pgwarden.testing.databases import MemoryDatabaseStore
from pgwarden.testing.feedback import MemoryFeedbackStore
from pgwarden.testing.glossary import MemoryGlossaryStore
from pgwarden.testing.jobs import MemoryJobs
from pgwarden.testing.notifications import MemoryNotificationStore
from pgwarden.testing.preferences import MemoryPreferenceStore
from pgwarden.testing.questions import MemoryQuestionStore
from pgwarden.testing.schema_history import MemorySchemaHistory
from pgwarden.testing.schema_source import MemorySchemaSource
from pgwarden.testing.sessions import MemorySessionStore
from pgwarden.testing.tickets import MemoryTicketStore
from pgwarden.testing.troubles import MemoryTroubleStore
from pgwarden.testing.use_ledger import MemoryUseLedger

__all__ = [
    "MemoryAuditLog",
    "MemoryCache",
    "MemoryDataRightsStore",
    "MemoryDatabaseStore",
    "MemoryFeedbackStore",
    "MemoryGlossaryStore",
    "MemoryJobs",
    "MemoryNotificationStore",
    "MemoryPreferenceStore",
    "MemoryQuestionStore",
    "MemorySchemaHistory",
    "MemorySchemaSource",
    "MemorySessionStore",
    "MemoryTicketStore",
    "MemoryTroubleStore",
    "MemoryUseLedger",
    "issue_approval",
]
