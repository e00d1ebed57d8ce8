"""One test for each construct that the engine reads, named after it; more on periods, tokens and joins beside it."""

from __future__ import annotations

import pytest
from tests.unit.language.schema import read, sql

MONTH = "date_trunc('month', loaned_on)"
CASES = {
    "units": ("Books with a price of 12.50 dollars", "WHERE price = 12.50"),
    "money": ("Loans with a fine over $20", "WHERE fine > 20"),
    "numbers with separators": ("Books with at least 1,200 pages", "WHERE pages >= 1200"),
    "quoted values": ('Which books have "Dune" in the title?', "WHERE title ILIKE '%Dune%'"),
    "named values": ("Members of the branch named Harbour", "WHERE b.name = 'Harbour'"),
    "periods: last": ("Loans in the last week", ">= date_trunc('week', current_date) - interval '1 week'"),
    "periods: ago": ("Loans from 6 months ago", "< date_trunc('month', current_date) - interval '5 months'"),
    "periods: quarter": ("Members who joined in Q1 2023", "joined_on < DATE '2023-04-01'"),
    "periods: since": ("Loans since 2022", "WHERE loaned_on >= DATE '2022-01-01'"),
    "periods: between": ("Loans between March 2023 and May 2023", "loaned_on < DATE '2023-06-01'"),
    "periods: either": ("members that joined last month or this month", " OR joined_on >= "),
    "truncation": ("Loans per quarter", "GROUP BY date_trunc('quarter', loaned_on)"),
    "filters: and, or": (
        "Books that are novel or poetry and cost less than 10",
        "WHERE genre IN ('novel', 'poetry') AND price < 10",
    ),
    "filters: not": ("Members who are not from Leeds", "WHERE b.city <> 'Leeds'"),
    "comparison: range": ("Members whose age is between 20 and 30", "(age >= 20 AND age <= 30)"),
    "superlatives": ("Who is the oldest member?", "ORDER BY age DESC NULLS LAST LIMIT 1"),
    "aggregates": (
        "What is the maximum, minimum and average fine of loans?",
        "SELECT max(fine) AS max_fine, min(fine) AS min_fine, avg(fine) AS avg_fine",
    ),
    "medians": ("What is the median price of books?", "percentile_cont(0.5) WITHIN GROUP (ORDER BY price)"),
    "per, each, by": ("Number of members by branch", "GROUP BY b.name, b.id"),
    "having": ("Genres with more than 3 books", "GROUP BY genre HAVING count(*) > 3"),
    "top n": ("top 3 books by price", "ORDER BY price DESC NULLS LAST LIMIT 3"),
    "ratios": ("What is the ratio of novel to poetry books?", "NULLIF(count(*) FILTER (WHERE genre = 'poetry'), 0)"),
    "differences": (
        "What is the difference between the highest and lowest price of books?",
        "SELECT (max(price) - min(price)) AS difference FROM books",
    ),
    "differences of a table's column": (
        "difference between the maximum and minimum loan fine",
        "SELECT (max(fine) - min(fine)) AS difference FROM loans",
    ),
    "anti-joins": ("Which members have no loans?", "NOT EXISTS (SELECT 1 FROM loans l WHERE l.member_id = m.id)"),
    "existence": ("Members with loans", "EXISTS (SELECT 1 FROM loans l WHERE l.member_id = m.id)"),
    "sets": (
        "Which cities have both members named Ann Lee and members named Bo Finch?",
        "WHERE m.name = 'Ann Lee' INTERSECT SELECT b2.city",
    ),
    "nesting": (
        "Which books have a price above the average price?",
        "price > (SELECT avg(b.price) AS avg_price FROM books b)",
    ),
    "the most X with its Y": (
        "Which branch has the most members, and how many?",
        "SELECT b.name, count(*) AS members_count",
    ),
    "distinct counts": ("How many different genres are there?", "SELECT count(DISTINCT genre)"),
    "distinct counts over a join": (
        "How many different books has each member borrowed?",
        "count(DISTINCT b.id) AS books_count",
    ),
    "running totals": ("running total of fines by month", f"sum(sum(fine)) OVER (ORDER BY {MONTH})"),
    "the latest of each": ("latest loan of each member", "SELECT DISTINCT ON (m.id)"),
    "joins over a bridge": (
        "Which books have been borrowed by members of the Leeds branch?",
        "FROM loans l JOIN members m ON m.id = l.member_id JOIN branches b2 ON b2.id = m.branch_id",
    ),
}


@pytest.mark.parametrize("construct", CASES)
def test_construct(construct: str) -> None:
    question, expected = CASES[construct]
    assert expected in sql(question)


@pytest.mark.parametrize(
    "question",
    [
        "Members with more loans than Ann Lee",
        "Which genres have books over 300 pages but no books under 100 pages?",
        "Books in the genre poetri",
    ],
)
def test_what_is_not_read_is_asked_back_and_not_guessed(question: str) -> None:
    assert read(question).sql is None
