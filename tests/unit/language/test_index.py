"""Names → words → meanings, and the joins that names alone give away."""

from __future__ import annotations

import pytest
from tests.support.catalogs import catalog, table
from tests.unit.language.schema import BOOKS, LIBRARY, LOANS, MEMBERS

from pgwarden.language.index import LexicalIndex
from pgwarden.language.joins import JoinGraph
from pgwarden.language.lexicon import ENGLISH
from pgwarden.language.morphology import lemma, root
from pgwarden.language.naming import name_words

INDEX = LexicalIndex.of(LIBRARY)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vin_number", ("vin", "number")),
        ("vinNumber", ("vin", "number")),
        ("authorname", ("author", "name")),
        ("CustomerIDs", ("customer", "id")),
        ("order_items", ("order", "item")),
    ],
)
def test_names_become_words(name: str, words: tuple[str, ...]) -> None:
    assert name_words(name, ENGLISH) == words


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("cities", "city"),
        ("boxes", "box"),
        ("written", "write"),
        ("stopped", "stop"),
        ("people", "person"),
        ("status", "status"),
    ],
)
def test_base_forms(word: str, base: str) -> None:
    assert lemma(word) == base


def test_words_of_one_family_share_a_root() -> None:
    assert root("director") == root("direct")


def test_a_synonym_finds_the_column_and_the_exact_name_wins() -> None:
    assert INDEX.columns(("cost",))[0].field == (BOOKS, 4)
    assert INDEX.columns(("page",))[0].score == 1.0


def test_keyless_tables_join_by_name() -> None:
    raw = catalog(
        table(11, "author", ["aid integer", "name text"], key=0),
        table(12, "writes", ["aid integer", "pid integer"], key=0),
        table(13, "paper", ["pid integer", "title text"], key=0),
    )
    index = LexicalIndex.of(raw)
    path = JoinGraph.of(index).path(11, 13, index)
    assert path is not None
    assert [edge.right.relation for edge in path] == [12, 13]
    assert [edge.to_one for edge in path] == [False, True]


def test_a_bridge_is_found_over_declared_keys() -> None:
    path = JoinGraph.of(INDEX).path(MEMBERS, BOOKS, INDEX)
    assert path is not None
    assert [edge.right.relation for edge in path] == [LOANS, BOOKS]
