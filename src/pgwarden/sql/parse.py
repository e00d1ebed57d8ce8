"""SQL text to PostgreSQL's own parse tree, without ever letting a text end the process.

The tree is libpg_query's JSON: each node is ``{"Kind": {field: value}}`` with unset fields left out. The C code
recurses as deep as the text nests, so anything but a short text is parsed on one long-lived thread whose stack
is large (reserved address space, not used memory), after its length, tokens and comment nesting were bounded.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from pgwarden.domain.errors import StatementInvalid, StatementTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
Node = dict[str, Any]

MAX_BYTES = 2_000_000
MAX_TOKENS = 450_000
MAX_COMMENTS = 5_000
MAX_COMMENT_DEPTH = 200
"""The scanner's time grows with the square of these two."""
SHORT = 2_048
"""Characters that cannot nest deep enough to harm even the small stack of a secondary thread."""
STACK_BYTES = 512 * 1024 * 1024
MAX_FRAMES = 400_000
"""Nesting of Python and JSON levels on the large stack; deeper is refused."""

_COMMENT_EDGES = re.compile(r"/\*|\*/")
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed text: its statements, and the JSON they came from (whose node count audits that a walk missed none)."""

    sql: str
    statements: tuple[Node, ...]
    """Each is a RawStmt: ``{"stmt": node, "stmt_location": bytes, "stmt_len": bytes}``."""
    json: str

    def offset(self, location: int | None) -> int | None:
        """The 0-based character offset of a node's byte location, None where it is unknown."""
        if location is None or location < 0:
            return None
        return location if self.sql.isascii() else len(self.sql.encode()[:location].decode(errors="ignore"))


def parse(sql: str) -> Tree:
    """The parse tree of a text of any number of statements.

    Raises StatementInvalid for what is not PostgreSQL's SQL, StatementTooLarge for what is longer or deeper than
    pgwarden is willing to read.
    """
    bound(sql)
    try:
        text = sql.encode()
    except UnicodeEncodeError as error:
        raise _invalid("the text holds half of a surrogate pair, which is not a character") from error
    if len(sql) > SHORT:
        return on_deep_stack(lambda: _parse(sql, text))
    try:
        return _parse(sql, text)
    except RecursionError:  # the caller was itself nested deep
        return on_deep_stack(lambda: _parse(sql, text))


def bound(sql: str) -> None:
    """Raises what ``parse`` raises for a text that is longer or nested deeper in comments than is read."""
    if "\0" in sql:
        raise _invalid("the text holds a NUL character")
    if len(sql) <= SHORT and sql.count("/*") <= MAX_COMMENT_DEPTH:
        return
    if len(sql) > MAX_BYTES:
        raise _too_large(f"the text has {len(sql):,} characters; the limit is {MAX_BYTES:,}")
    if sql.count("/*") > MAX_COMMENTS:
        raise _too_large(f"the text has more than {MAX_COMMENTS:,} comments")
    if _comment_depth(sql) > MAX_COMMENT_DEPTH:
        raise _too_large(f"comments are nested deeper than {MAX_COMMENT_DEPTH} levels")
    if len(sql) > MAX_TOKENS and sum(1 for _ in _TOKEN.finditer(sql)) > MAX_TOKENS:
        raise _too_large(f"the text has more than {MAX_TOKENS:,} words and signs")


def _comment_depth(sql: str) -> int:
    depth = deepest = 0
    for edge in _COMMENT_EDGES.finditer(sql):
        depth = depth + 1 if edge.group() == "/*" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _parse(sql: str, text: bytes) -> Tree:
    lib = _library()
    result = lib.pg_query_parse(text)
    try:
        if result.error:
            error = result.error.contents
            raise _syntax_error(error.message.decode(errors="replace"), int(error.cursorpos))
        found = result.parse_tree.decode()
    finally:
        lib.pg_query_free_parse_result(result)
    return Tree(sql, tuple(json.loads(found).get("stmts", ())), found)


@cache
def _library() -> Any:
    from postgast.native import lib  # loads a shared library: on first use, not on import

    return lib


def on_deep_stack(work: Callable[[], T]) -> T:
    """Run ``work`` on the thread with the large stack and hand back its result or its error.

    Raises StatementTooLarge when even that stack would not do.
    """
    thread = _deep_thread()
    if threading.current_thread() is thread.thread:
        return work()
    answers: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            answers.put((_with_room(work), None))
        except BaseException as error:  # noqa: BLE001 - handed over to the waiting thread, which raises it
            answers.put((None, error))

    thread.jobs.put(run)
    value, error = answers.get()
    if error is not None:
        raise error
    return value  # type: ignore[return-value]  # None only where T allows it


def _with_room(work: Callable[[], T]) -> T:
    try:
        return work()
    except RecursionError:
        pass
    try:
        with _more_frames():
            return work()
    except RecursionError:
        raise _too_large(f"the statement is nested deeper than pgwarden follows ({MAX_FRAMES:,} levels)") from None


@contextmanager
def _more_frames() -> Iterator[None]:
    """The limit counts for the whole interpreter, so it is raised only while a deep text is at work."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, MAX_FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


class _DeepThread:
    """One daemon thread that runs jobs in turn."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.thread = threading.Thread(target=self._work, name="pgwarden-parse", daemon=True)
        before = threading.stack_size(STACK_BYTES)
        try:
            self.thread.start()
        finally:
            threading.stack_size(before)

    def _work(self) -> None:
        while True:
            self.jobs.get()()


_starting = threading.Lock()
_threads: dict[int, _DeepThread] = {}


def _deep_thread() -> _DeepThread:
    """The thread of this process (a fork leaves its parent's threads behind)."""
    from os import getpid

    with _starting:
        if (found := _threads.get(getpid())) is None:
            found = _threads[getpid()] = _DeepThread()
        return found


def _invalid(why: str) -> StatementInvalid:
    return StatementInvalid("The statement is not valid SQL.", why=why, not_done="Nothing was sent to the database.")


def _syntax_error(message: str, position: int) -> StatementInvalid:
    where = f" (character {position})" if position > 0 else ""
    return _invalid(message + where)


def _too_large(why: str) -> StatementTooLarge:
    return StatementTooLarge(
        "The statement is too large to judge.",
        why=why,
        not_done="Nothing was sent to the database.",
        next_step="Split it, or load long lists of values into a table and join with it.",
    )
