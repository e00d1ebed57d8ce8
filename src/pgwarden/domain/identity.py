"""Who asks, and what data that person, group or token may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache


class IdentityKind(StrEnum):
    """A person can come to approve; a service account, an agent and a token of theirs never can."""

    PERSON = "person"
    SERVICE = "service"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who stands behind a request. It is set by the door (a login, a token), never by an argument."""

    name: str
    kind: IdentityKind = IdentityKind.PERSON
    groups: frozenset[str] = frozenset()
    token: str = ""
    """Id (not the secret) of the token used, or ''."""
    claims: str = ""
    """The account whose name was claimed and not proved. Nothing is granted for it; what it is denied stays denied, and
    it never decides on what is asked so."""


class Access(StrEnum):
    """What a data right gives on the columns it covers, weakest first."""

    DENY = "deny"
    MASKED = "masked"
    READ = "read"


@dataclass(frozen=True, slots=True)
class DataRight:
    """One line of the data rights: these subjects have this access to what the patterns cover.

    Patterns use shell wildcards and match case-sensitively. ``column='*'`` speaks of whole tables.
    ``sensitive_only`` restricts the line to columns that are known or suspected to hold personal or secret data.
    """

    subject: str
    """``person:NAME``, ``group:NAME``, ``token:ID`` or ``*``."""
    access: Access
    database: str = "*"
    schema: str = "*"
    table: str = "*"
    column: str = "*"
    sensitive_only: bool = False

    def covers(self, database: str, schema: str, table: str, column: str, sensitive: bool) -> bool:
        pairs = ((database, self.database), (schema, self.schema), (table, self.table), (column, self.column))
        return (sensitive or not self.sensitive_only) and all(p == "*" or fnmatchcase(v, p) for v, p in pairs)


@dataclass(frozen=True, slots=True)
class DataRights:
    """All lines that apply to one identity. The most specific line wins; between equals the weaker access wins; a
    denial of a table, schema or database also holds against a line that speaks of sensitive columns more widely.

    Without any line that covers a column the answer is DENY: a missing right is never a guess.
    """

    lines: tuple[DataRight, ...]

    @classmethod
    def of(cls, identity: Identity, lines: Iterable[DataRight]) -> DataRights:
        subjects = {"*", f"person:{identity.name}", *(f"group:{group}" for group in identity.groups)}
        if identity.token:
            subjects.add(f"token:{identity.token}")
        denied = f"person:{identity.claims}" if identity.claims else ""
        return cls(
            tuple(
                line
                for line in lines
                if line.subject in subjects or (line.subject == denied and line.access is Access.DENY)
            )
        )

    def on(self, database: str, schema: str, table: str, column: str, *, sensitive: bool) -> Access:
        """The access to one column."""
        covering = [line for line in self.lines if line.covers(database, schema, table, column, sensitive)]
        if not covering:
            return Access.DENY
        best = max(covering, key=_rank)
        plain = [line for line in covering if not line.sensitive_only]
        if best.sensitive_only and plain:
            # "Sensitive columns come masked" says nothing for who is denied the very table.
            other = max(plain, key=_rank)
            if other.access is Access.DENY and _place(other) > _place(best):
                return Access.DENY
        return best.access


_STRENGTH = {access: position for position, access in enumerate(Access)}


@lru_cache(4096)  # asked for every column of a catalog
def _rank(line: DataRight) -> tuple[tuple[int, ...], int]:
    return _specificity(line), -_STRENGTH[line.access]


def _place(line: DataRight) -> tuple[int, ...]:
    return tuple(0 if pattern == "*" else 1 for pattern in (line.column, line.table, line.schema, line.database))


def _specificity(line: DataRight) -> tuple[int, ...]:
    """Longer patterns on narrower things first: column, sensitive, table, schema, database, then the subject."""
    subject = 0 if line.subject == "*" else 1 if line.subject.startswith("group:") else 2
    exact = _place(line)
    return (exact[0], int(line.sensitive_only), *exact[1:], subject)


DEFAULT_RIGHTS = (
    DataRight("*", Access.READ),
    DataRight("*", Access.MASKED, sensitive_only=True),
)
"""Out of the box everyone reads what the database role may read, with sensitive columns masked."""
