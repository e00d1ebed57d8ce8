"""Every error that a user can meet, in one tree.

An error says four things: what happened, why, what was therefore not done, and what to do next. The class
docstring is the general message; the instance carries the particulars. Codes never change once released.
Texts must never hold a password, a token or a row value.
"""

from __future__ import annotations

from typing import ClassVar


class PgwardenError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "PGW000"
    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", not_done: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.not_done = not_done
        self.next_step = next_step

    def to_dict(self) -> dict[str, str]:
        """The error as every door's JSON shows it; empty parts are left out."""
        parts = {
            "code": self.code,
            "error": self.what,
            "why": self.why,
            "not_done": self.not_done,
            "next": self.next_step,
        }
        return {key: value for key, value in parts.items() if value}


class SettingsError(PgwardenError):
    """A setting is unknown, malformed or unreadable; pgwarden does not start on a guess."""

    code = "PGW001"
    exit_status = 2


class EmbeddedServerError(PgwardenError):
    """The embedded PostgreSQL could not be prepared, started or stopped."""

    code = "PGW002"


class SampleRefused(PgwardenError):
    """The sample shop is only loaded into a database that holds nothing else."""

    code = "PGW060"
    exit_status = 2


class UnknownDatabase(PgwardenError):
    """No database is registered under that name."""

    code = "PGW010"
    exit_status = 2


class ConnectionFailed(PgwardenError):
    """The target database did not answer, or refused the login."""

    code = "PGW011"


class PoolExhausted(PgwardenError):
    """Every connection to that database is busy and the wait was longer than allowed."""

    code = "PGW012"


class UnsupportedServer(PgwardenError):
    """The server is older than PostgreSQL 14, or is not PostgreSQL."""

    code = "PGW013"


class StatementRefused(PgwardenError):
    """The statement is not allowed: the verdict names each reason."""

    code = "PGW020"
    exit_status = 3


class StatementInvalid(PgwardenError):
    """PostgreSQL cannot parse or resolve the statement."""

    code = "PGW021"
    exit_status = 2


class StatementTooLarge(PgwardenError):
    """The text is longer or deeper than pgwarden is willing to judge."""

    code = "PGW022"
    exit_status = 2


class NeedsApproval(PgwardenError):
    """The statement changes data; it needs a person's approval and was not run."""

    code = "PGW023"
    exit_status = 4


class NeedsConfirmation(PgwardenError):
    """A read is expected to be larger than what runs without asking; a person says whether it runs all the same."""

    code = "PGW025"
    exit_status = 4


class ExecutionFailed(PgwardenError):
    """PostgreSQL reported an error while running the statement."""

    code = "PGW030"


class ExecutionTimeout(PgwardenError):
    """The statement reached its time limit and was cancelled on the server."""

    code = "PGW031"


class ExecutionCancelled(PgwardenError):
    """The statement was cancelled on the server."""

    code = "PGW032"
    exit_status = 130


class RightMissing(PgwardenError):
    """This identity, or its database role, lacks a right that the request needs."""

    code = "PGW040"
    exit_status = 3


class NotUnderstood(PgwardenError):
    """The question could not be turned into SQL with enough confidence."""

    code = "PGW050"
    exit_status = 5


class InputInvalid(PgwardenError):
    """An argument is malformed or out of bounds."""

    code = "PGW051"
    exit_status = 2


class CatalogChanged(PgwardenError):
    """The structure of a table in reach changed after the statement was judged; it is judged again."""

    code = "PGW024"


class UnknownSession(PgwardenError):
    """There is no such session, or it belongs to someone else."""

    code = "PGW070"
    exit_status = 2


class ControlDatabaseOutdated(PgwardenError):
    """The control database cannot be brought to the state that this version of pgwarden needs."""

    code = "PGW071"


class ControlDatabaseUnavailable(PgwardenError):
    """The control database did not answer, or refused what pgwarden needs of it."""

    code = "PGW072"


class AlreadyExists(PgwardenError):
    """Something is kept under that name or id already."""

    code = "PGW073"
    exit_status = 2


class ChangedMeanwhile(PgwardenError):
    """Someone else changed it after it was read; nothing was overwritten."""

    code = "PGW074"
    exit_status = 2


class CatalogUnreadable(PgwardenError):
    """The structure of the database could not be read as a whole."""

    code = "PGW065"


class TableUnreadable(PgwardenError):
    """The table cannot be looked into: it is a view, its rows are protected, or it took too long."""

    code = "PGW066"


class UnknownTable(PgwardenError):
    """There is no such table in that database."""

    code = "PGW067"
    exit_status = 2


class ApprovalInvalid(PgwardenError):
    """The approval does not cover this statement, database, role or moment; nothing was run."""

    code = "PGW100"
    exit_status = 4


class DefinitionsChanged(PgwardenError):
    """A table in reach was altered after the approval; what was approved may no longer be what would happen."""

    code = "PGW101"
    exit_status = 4


class ImpactMismatch(PgwardenError):
    """The statement did something else than was approved; it was rolled back."""

    code = "PGW102"
    exit_status = 4


class CaptureIncomplete(PgwardenError):
    """Not every changed row has a before-image, so the change could not be taken back; it was rolled back."""

    code = "PGW103"


class NotUndoable(PgwardenError):
    """The statement has effects that cannot be captured; it was rolled back."""

    code = "PGW104"
    exit_status = 3


class AlreadyExecuted(PgwardenError):
    """The ledger in the database says that this execution has run; it never runs twice."""

    code = "PGW105"


class LocksBusy(PgwardenError):
    """Others hold locks on the tables in reach for longer than allowed."""

    code = "PGW106"


class LimitReached(PgwardenError):
    """The change is larger or slower than its limits; it was rolled back."""

    code = "PGW107"


class ConstraintViolated(PgwardenError):
    """A constraint refused the change; it was rolled back."""

    code = "PGW108"


class UndoConflict(PgwardenError):
    """Rows were changed by others since the execution; nothing was overwritten."""

    code = "PGW109"
    exit_status = 4


class UndoImpossible(PgwardenError):
    """The execution cannot be taken back as it stands."""

    code = "PGW110"


class UndoUnproven(PgwardenError):
    """The undo did not turn out as the exact mirror of the execution; it was rolled back."""

    code = "PGW111"


class OutcomeUnknown(PgwardenError):
    """The connection was lost while committing and the database does not answer; the ledger will tell."""

    code = "PGW112"


class StoreUnavailable(PgwardenError):
    """Before-images cannot be kept in this database."""

    code = "PGW113"


class ImpactUnknown(PgwardenError):
    """What the statement would do cannot be foreseen well enough."""

    code = "PGW114"
    exit_status = 3


class PolicyInvalid(PgwardenError):
    """The policy file cannot be read, or says something that pgwarden cannot follow."""

    code = "PGW140"
    exit_status = 2


class BudgetSpent(PgwardenError):
    """A caller has used up what it may use in an hour: calls, rows, bytes or seconds on the server."""

    code = "PGW220"
    exit_status = 3


class UnknownTicket(PgwardenError):
    """There is no such ticket."""

    code = "PGW150"
    exit_status = 2


class TicketDecided(PgwardenError):
    """The ticket's state does not allow this any more, or not yet."""

    code = "PGW151"
    exit_status = 2


class DecisionRefused(PgwardenError):
    """This person may not decide on this ticket."""

    code = "PGW152"
    exit_status = 3


class NotApproved(PgwardenError):
    """The ticket has no approval that covers running it now."""

    code = "PGW153"
    exit_status = 4


class WritesFrozen(PgwardenError):
    """All writes are frozen; nothing is changed on any database until somebody lifts that."""

    code = "PGW154"
    exit_status = 3


class WritesNotAllowed(PgwardenError):
    """The database is registered for reading only."""

    code = "PGW155"
    exit_status = 3


class TooManyTickets(PgwardenError):
    """The requester has more open tickets than one may have; approvers are not to be flooded."""

    code = "PGW156"
    exit_status = 3


class TicketUnreadable(PgwardenError):
    """The ticket holds an event that this version of pgwarden does not understand; nothing is run on a guess."""

    code = "PGW157"


class NotRunning(PgwardenError):
    """The ticket's execution is not running, so there is nothing to cancel."""

    code = "PGW158"


class AuditBroken(PgwardenError):
    """The audit is not what was written: it was changed, or what guards it was taken away."""

    code = "PGW190"


class CheckpointInvalid(PgwardenError):
    """The checkpoint is malformed, or its signature does not hold under a key that is trusted."""

    code = "PGW191"


class AuditKeyInvalid(PgwardenError):
    """The key that signs the audit's checkpoints is missing, unreadable or open to others."""

    code = "PGW192"


class SecretKeyInvalid(PgwardenError):
    """The key that seals second factors is missing, unreadable, open to others or another one."""

    code = "PGW198"


class AnchorFailed(PgwardenError):
    """A checkpoint could not be taken to one of the places that keep them."""

    code = "PGW193"


class ExportInvalid(PgwardenError):
    """The file is no export of the audit."""

    code = "PGW194"
    exit_status = 2


class BackupInvalid(PgwardenError):
    """The file is no whole backup of a control database."""

    code = "PGW195"


class RestoreRefused(PgwardenError):
    """A backup is only restored into a database where pgwarden keeps nothing yet, by a version that knows it."""

    code = "PGW196"
    exit_status = 2


class UnknownEntry(PgwardenError):
    """The audit has no entry of that number."""

    code = "PGW197"
    exit_status = 2


class LoginNeeded(PgwardenError):
    """Whoever asks for this must have proved who they are, and did not."""

    code = "PGW170"
    exit_status = 3


class LoginFailed(PgwardenError):
    """The name, the password or the code is wrong; which one is not told."""

    code = "PGW171"
    exit_status = 3


class LoginLocked(PgwardenError):
    """Too many wrong attempts in a row: the name is locked for a while."""

    code = "PGW172"
    exit_status = 3


class UnknownPerson(PgwardenError):
    """There is no account of that name."""

    code = "PGW173"
    exit_status = 2


class TokenInvalid(PgwardenError):
    """The token or the login is unknown, expired, ended or revoked, or its account is not active."""

    code = "PGW174"
    exit_status = 3


class PasswordUnfit(PgwardenError):
    """The new password is too short, too long, too common, or the old one."""

    code = "PGW175"
    exit_status = 2


class ProviderRefused(PgwardenError):
    """The login at the identity provider does not prove who somebody is, or that one may not come in."""

    code = "PGW176"
    exit_status = 3


class ProviderUnavailable(PgwardenError):
    """The identity provider does not answer, or not as OpenID Connect says."""

    code = "PGW177"


class ProofNeeded(PgwardenError):
    """This decision needs a fresh proof of who decides: the password, or a code of the second factor."""

    code = "PGW178"
    exit_status = 3


class LastAdministrator(PgwardenError):
    """Nobody would be left who could administer the people."""

    code = "PGW179"
    exit_status = 3


class ImagesUnreachable(PgwardenError):
    """The before-images outside of the database cannot be written or read, or are damaged."""

    code = "PGW130"


class DeliveryFailed(PgwardenError):
    """The message could not be delivered now; it is tried again."""

    code = "PGW205"


class DeliveryRefused(PgwardenError):
    """The message cannot be delivered as it is: the address, the rights or the settings of the channel are wrong."""

    code = "PGW206"


class ChannelMissing(PgwardenError):
    """That channel is not set up."""

    code = "PGW207"
    exit_status = 2


class InteractionRefused(PgwardenError):
    """What came in from Slack is not proven to come from there, or its sender may not decide."""

    code = "PGW208"
    exit_status = 3


class UnknownNotification(PgwardenError):
    """There is no such notification, delivery or job."""

    code = "PGW209"


class OverwriteRefused(PgwardenError):
    """Overwriting what others changed since would destroy rows that came later, or cannot be done at all."""

    code = "PGW230"
    exit_status = 4


class ImagesGone(UndoImpossible):
    """The before-images were dropped or blanked, so the execution cannot be taken back any more."""

    code = "PGW231"


class UninstallUnconfirmed(PgwardenError):
    """Taking pgwarden out of a database would lose undos, and nobody has confirmed that."""

    code = "PGW232"
    exit_status = 4


class RehearsalRefused(PgwardenError):
    """A rehearsal is a write that leaves traces; this one is not allowed."""

    code = "PGW221"
    exit_status = 3


class RequestRefused(PgwardenError):
    """The request does not come from pgwarden's own page, is for another host, or is too large."""

    code = "PGW240"
    exit_status = 3


class TooManyAttempts(PgwardenError):
    """Too many attempts or requests came from one address or account in a short time."""

    code = "PGW241"
    exit_status = 3
    retry_after: int = 60
    """Seconds after which it may be tried again."""


class UnknownPage(PgwardenError):
    """There is nothing at that address."""

    code = "PGW242"


class UnknownQuestion(PgwardenError):
    """There is no such saved question, or it is not shared with whoever asks for it."""

    code = "PGW280"
    exit_status = 2


class ModelFailed(PgwardenError):
    """A language model gave no usable answer."""

    code = "PGW270"
    retry_after: float | None = None
    """Seconds that the provider asked to wait."""
    transient: bool = True
    """Whether the same call may succeed a moment later."""
    called: bool = True
    """Whether anything was sent, which a provider may bill."""


class ModelBudgetSpent(PgwardenError):
    """Today's budget for language models is used up."""

    code = "PGW271"
    exit_status = 3
