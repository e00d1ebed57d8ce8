"""A small library's catalog and values, made by hand for the pure tests of the language room."""

from __future__ import annotations

from tests.support.catalogs import catalog, table

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.question import Question, Reading
from pgwarden.domain.value_index import SampledValues
from pgwarden.language.engine import BuiltInEngine

BRANCHES, MEMBERS, BOOKS, LOANS = 1, 2, 3, 4

LIBRARY: Catalog = catalog(
    table(BRANCHES, "branches", ["id integer", "name text", "city text"]),
    table(
        MEMBERS,
        "members",
        ["id integer", "name text", "age integer", "joined_on date", "is_active boolean", "branch_id integer"],
        references=[(6, BRANCHES)],
    ),
    table(BOOKS, "books", ["id integer", "title text", "genre text", "price numeric", "pages integer"]),
    table(
        LOANS,
        "loans",
        ["id integer", "member_id integer", "book_id integer", "loaned_on date", "fine numeric"],
        references=[(2, MEMBERS), (3, BOOKS)],
    ),
)
VALUES = SampledValues(
    {
        (BRANCHES, 2): ("Harbour", "Old Town"),
        (BRANCHES, 3): ("Leeds", "York"),
        (MEMBERS, 2): ("Ann Lee", "Bo Finch", "O'Neil"),
        (BOOKS, 2): ("Dune", "Emma", "Ulysses"),
        (BOOKS, 3): ("novel", "poetry", "science fiction"),
    }
)
ENGINE = BuiltInEngine()


def read(text: str, *history: Reading, instructions: str = "", glossary: tuple[tuple[str, str], ...] = ()) -> Reading:
    """The reading of a question on the library."""
    return ENGINE.read(Question(text, instructions, glossary, history), LIBRARY, VALUES)


def sql(text: str, *history: Reading, instructions: str = "", glossary: tuple[tuple[str, str], ...] = ()) -> str:
    """The SQL of an answered question on one line."""
    reading = read(text, *history, instructions=instructions, glossary=glossary)
    assert reading.sql is not None, (reading.clarification, reading.alternatives)
    return " ".join(reading.sql.split())
