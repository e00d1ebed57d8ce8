"""Business terms: metrics, predicates, plain synonyms and rules of matching."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.language.schema import LIBRARY, MEMBERS, VALUES, read, sql

from pgwarden.domain.question import Question
from pgwarden.language.engine import BuiltInEngine
from pgwarden.language.glossary import Glossary, parts_of


def test_a_metric_is_a_formula_over_measures() -> None:
    found = sql("What is the PPP for each genre?", instructions="PPP = total price / total pages")
    assert "(sum(price))::numeric / NULLIF(sum(pages), 0)" in found
    assert "GROUP BY genre" in found


def test_a_term_that_stands_for_words() -> None:
    found = sql("What is the ABP?", instructions="ABP = average book price")
    assert found == "SELECT avg(price) AS avg_price FROM books"


def test_a_predicate_narrows() -> None:
    found = sql("How many long books are there?", glossary=(("long books", "pages > 400"),))
    assert found == "SELECT count(*) AS books_count FROM books WHERE pages > 400"


def test_a_term_whose_measures_are_not_here_is_not_guessed() -> None:
    assert read("What is the CAC per genre?", instructions="CAC = marketing spend / new leads").sql is None


def test_how_text_is_matched() -> None:
    assert Glossary.of(Question("", "Always filter names using ILIKE with wildcards")).matching == "ilike"
    assert Glossary.of(Question("", "Filter names with an exact match")).matching == "exact"
    assert Glossary.of(Question("", "")).matching == "auto"
    assert "title ILIKE '%dune%'" in sql('Books titled "dune"', instructions="Match strings with ILIKE and wildcards")


def test_formulas_are_cut_at_operators() -> None:
    assert parts_of("(a b - c) / d * 100") == ["(", ("a", "b"), "-", ("c",), ")", "/", ("d",), "*", ("100",)]
    assert parts_of("count(distinct orders)") == [("number of", "distinct", "orders")]


def test_a_comment_in_the_schema_defines_terms() -> None:
    members = replace(LIBRARY.relations[MEMBERS], comment="People.\nTerm: seniors means age > 65")
    catalog = replace(LIBRARY, relations={**LIBRARY.relations, MEMBERS: members}, version="with terms")
    question = Question("How many seniors members are there?")
    reading = BuiltInEngine().read(question, catalog, VALUES)
    assert reading.sql is not None, reading.clarification
    assert "age > 65" in reading.sql
    assert BuiltInEngine().read(question, LIBRARY, VALUES).sql is None


def test_the_call_wins_over_the_glossary() -> None:
    found = sql(
        "How many long books are there?",
        glossary=(("long books", "pages > 400"),),
        instructions="long books means pages > 900",
    )
    assert "pages > 900" in found
    assert "400" not in found
