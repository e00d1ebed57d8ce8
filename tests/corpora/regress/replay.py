"""Plays regression files and holds the verdict on each candidate read against what running it showed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from tests.corpora.regress import archive
from tests.corpora.regress.ordered import ordered
from tests.corpora.regress.psql import Judge, Place, Session
from tests.corpora.regress.script import Command
from tests.corpora.regress.truth import CRASHES, Finding, Truth, find, is_candidate

from pgwarden.adapters.embedded.server import ServerOptions
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.statement import Verdict

Verdicts = Callable[[str, Catalog], Verdict]

SERVER = ServerOptions(
    durable=False,
    settings={"max_connections": "60", "autovacuum": "off", "max_prepared_transactions": "10"},
)
"""How to start the server that files are played on."""

SETUP_DATABASE = "regression_setup"
BASE_DATABASE = "regression_base"

_QUIET = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*"
    r"(?:insert|update|delete|merge|vacuum|fetch|move|close|declare|notify|listen|unlisten|checkpoint|lock"
    r"|savepoint|release|start|execute|show)\b",
    re.IGNORECASE,
)
"""Statements that leave definitions and settings as they are; what their triggers do is found by `_Look` later."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One candidate: where it stands, what running it showed, and what the verdict said."""

    file: str
    line: int
    sql: str
    finding: Finding
    verdict: Verdict | None
    """None when nothing could be judged: the session had failed, or the catalog could not be read."""
    ordered: str = ""
    """Why this refusal of a true read is meant, or ''."""

    @property
    def is_read(self) -> bool:
        return self.finding.truth is Truth.READ and self.verdict is not None

    @property
    def refused(self) -> bool:
        return self.verdict is not None and not self.verdict.allowed

    @property
    def wrongly_refused(self) -> bool:
        return self.is_read and self.refused and not self.ordered

    @property
    def wrongly_allowed(self) -> bool:
        """Allowed although running it had an effect."""
        return self.finding.truth is Truth.EFFECT and self.verdict is not None and self.verdict.allowed

    @property
    def reason(self) -> str:
        """Codes of the refusal, for grouping."""
        reasons = self.verdict.reasons if self.verdict else ()
        return ", ".join(sorted({reason.code for reason in reasons})) or "no reason given"


class Replay:
    """The regression files on one server that is used for nothing else: they make roles and tablespaces."""

    def __init__(self, server: str, directory: Path, verdicts: Verdicts) -> None:
        """``server``: a superuser's URL; ``directory``: where `archive.unpack` put the files."""
        self._server = server
        self._directory = directory
        self._verdicts = verdicts

    def prepare(self) -> None:
        """Make the two databases that files start from."""
        self._copy("template0", SETUP_DATABASE)
        self._play_quietly(SETUP_DATABASE, archive.SETUP)
        self._copy(SETUP_DATABASE, BASE_DATABASE)
        self._play_quietly(BASE_DATABASE, archive.BASE)

    def play(self, names: Iterable[str]) -> Iterator[Judgement]:
        """Each file on its own copy of what it needs; files do not see each other's leftovers."""
        for name in names:
            yield from self.play_one(name)

    def play_one(self, name: str) -> list[Judgement]:
        """Every candidate of one file, in order."""
        early = name in archive.BASE + archive.SETUP
        self._copy("template0" if name in archive.SETUP else SETUP_DATABASE if early else BASE_DATABASE, "regression")
        self._play_quietly("regression", archive.needed_first(name))
        look = _Look(name, self._verdicts)
        self._play("regression", name, look.judge)
        return look.judgements

    def _play_quietly(self, database: str, names: Iterable[str]) -> None:
        for name in names:
            self._play(database, name, lambda _session, _command: False)

    def _play(self, database: str, name: str, judge: Judge) -> None:
        with Session(Place(self._server, database, self._directory)) as session:
            session.play(archive.read(self._directory, name), judge)

    def _copy(self, template: str, database: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            self._forget_prepared(connection, database)
            connection.execute(f"drop database if exists {database} with (force)")
            self._drop_roles(connection)
            connection.execute(f"create database {database} template {template}")

    def _forget_prepared(self, connection: psycopg.Connection[tuple[object, ...]], database: str) -> None:
        """Prepared transactions outlive their session and keep the database from being dropped."""
        left = connection.execute("select gid from pg_prepared_xacts where database = %s", (database,)).fetchall()
        if not left:
            return
        with psycopg.connect(Place(self._server, database, self._directory).url(), autocommit=True) as there:
            for (gid,) in left:
                there.execute(psycopg.sql.SQL("rollback prepared {}").format(psycopg.sql.Literal(gid)))

    def _drop_roles(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        """Roles outlive the databases that a file made them for."""
        names = connection.execute("select rolname from pg_roles where rolname like 'regress%'").fetchall()
        for (name,) in names:
            with suppress(psycopg.errors.DependentObjectsStillExist):  # it owns something in the base
                connection.execute(psycopg.sql.SQL("drop role {}").format(psycopg.sql.Identifier(str(name))))


class _Look:
    """Judges the candidates of one file; keeps the catalog until a statement may have changed it."""

    def __init__(self, file: str, verdicts: Verdicts) -> None:
        self._file = file
        self._verdicts = verdicts
        self._catalog: Catalog | None = None
        self._fresh = False
        self.judgements: list[Judgement] = []

    def judge(self, session: Session, command: Command) -> bool:
        """Judge a candidate; True when it was a read, which needs not be run again."""
        if not is_candidate(command.sql):
            self._fresh = self._fresh and _QUIET.match(command.sql) is not None
            return False
        finding = find(session, command.sql)
        found = Judgement(self._file, command.line, command.sql, finding, None)
        if finding.truth is not Truth.FAILED:
            found = self._with_verdict(session, found)
        self.judgements.append(found)
        self._fresh = self._fresh and finding.truth is not Truth.EFFECT and "read-only" not in finding.why
        return finding.truth is Truth.READ or finding.why == CRASHES

    def _with_verdict(self, session: Session, found: Judgement) -> Judgement:
        """Judged by the kept catalog if that agrees with the truth, by a fresh one otherwise."""
        if self._catalog is not None:
            judged = self._judged(found, self._catalog)
            if self._fresh or not (judged.wrongly_refused or judged.wrongly_allowed):
                return judged
        try:
            self._catalog = session.catalog()
        except psycopg.errors.InsufficientPrivilege:
            return found
        self._fresh = True
        return self._judged(found, self._catalog)

    def _judged(self, found: Judgement, catalog: Catalog) -> Judgement:
        judged = replace(found, verdict=self._verdicts(found.sql, catalog))
        return replace(judged, ordered=ordered(found.sql, catalog)) if judged.wrongly_refused else judged


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over judgements."""

    reads: int
    """Statements that running showed to be reads."""
    ordered: int
    """Reads that were refused and are meant to be."""
    refused: int
    """Reads that were refused and are not meant to be."""
    allowed_effects: int
    """Statements that were allowed and, when run, left something."""

    @property
    def refused_share(self) -> float:
        """Refusals that are not meant, over all reads but those refused on purpose."""
        return self.refused / max(1, self.reads - self.ordered)


def summarise(judgements: Iterable[Judgement]) -> Summary:
    found = list(judgements)
    return Summary(
        reads=sum(j.is_read for j in found),
        ordered=sum(bool(j.ordered) for j in found),
        refused=sum(j.wrongly_refused for j in found),
        allowed_effects=sum(j.wrongly_allowed for j in found),
    )


def by_reason(judgements: Iterable[Judgement]) -> Counter[str]:
    """How many true reads each combination of reason codes refused."""
    return Counter(j.reason for j in judgements if j.wrongly_refused)
