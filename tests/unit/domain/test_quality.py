"""Odd data is told, and ordinary data is left in peace."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.catalogs import table

from pgwarden.domain.profile import TopValue
from pgwarden.domain.quality import ColumnFacts, findings, orphan_finding

THING = table(1, "products", ["id integer", "sku text", "price numeric", "made date", "due_on date", "kind text"])
SKU, PRICE, MADE, DUE, KIND = THING.columns[1:]
PLAIN = ColumnFacts(KIND, rows=1000, nulls=10, distinct=20, folded=20)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(PLAIN, nulls=0, distinct=1, folded=1), "constant-column"),
        (replace(PLAIN, nulls=1000, distinct=0), "mostly-null"),
        (replace(PLAIN, nulls=960), "mostly-null"),
        (ColumnFacts(SKU, 1000, 0, 995), "duplicates-in-key"),
        (ColumnFacts(MADE, 1000, 0, 300, future=3), "future-dates"),
        (ColumnFacts(MADE, 1000, 0, 300, ancient=3), "implausible-dates"),
        (ColumnFacts(PRICE, 1000, 0, 300, is_number=True, negative=2), "negative-values"),
        (replace(PLAIN, empty=4), "empty-texts"),
        (replace(PLAIN, padded=4), "padded-texts"),
        (replace(PLAIN, folded=17), "case-variants"),
        (replace(PLAIN, top=(TopValue("N/A", 0.1),)), "placeholders"),
        (replace(PLAIN, shapes=(("9-9-9", 700), ("9/9/9", 250))), "mixed-formats"),
    ],
)
def test_what_is_odd(facts: ColumnFacts, code: str) -> None:
    assert [finding.code for finding in findings(THING, (facts,))] == [code]


@pytest.mark.parametrize(
    "facts",
    [
        PLAIN,
        replace(PLAIN, rows=10, nulls=0, distinct=1, folded=1),
        ColumnFacts(THING.columns[0], 1000, 0, 1000),
        ColumnFacts(SKU, 1000, 0, 1000),
        ColumnFacts(DUE, 1000, 0, 300, future=30),
        replace(PLAIN, shapes=(("a", 700), ("a a", 250))),
        ColumnFacts(PRICE, 1000, 0, 300, is_number=True),
    ],
)
def test_what_is_not(facts: ColumnFacts) -> None:
    assert findings(THING, (facts,)) == ()


def test_orphans() -> None:
    finding = orphan_finding("customer_id", "public.customers", 3, 100)
    assert finding is not None
    assert (finding.code, finding.what) == ("orphans", "3 of 100 values looked at are not in public.customers")
    assert orphan_finding("customer_id", "public.customers", 0, 100) is None
