"""Joins that no foreign key declares are suggested by names and types, cheaply, before any value is read."""

from __future__ import annotations

import time

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.inference import join_candidates, singular


def _pairs(known: Catalog) -> set[str]:
    return {
        f"{c.relation.name.name}.{c.column.name} = {c.foreign.name.name}.{c.foreign_column.name}"
        for c in join_candidates(known)
    }


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("customer_id integer", {"visits.customer_id = customers.id"}),
        ("customerid bigint", {"visits.customerid = customers.id"}),
        ("billing_customer_id integer", {"visits.billing_customer_id = customers.id"}),
        ("customer integer", {"visits.customer = customers.id"}),
        ("customer_id text", set()),
        ("customers integer", set()),
        ("status_id integer", set()),
        ("amount integer", set()),
    ],
)
def test_columns_that_are_called_like_a_table(column: str, expected: set[str]) -> None:
    known = catalog(
        table(1, "customers", ["id integer", "name text"]),
        table(2, "visits", ["id integer", column]),
        table(3, "orders", ["id integer", "total numeric"]),
    )
    assert _pairs(known) == expected


def test_keys_of_the_same_name_and_prefixed_tables() -> None:
    known = catalog(
        table(1, "tbl_account", ["account_id integer"]),
        table(2, "district", ["district_id integer", "name text"]),
        table(3, "loan", ["loan_id integer", "account_id integer", "district_id integer"]),
    )
    assert _pairs(known) == {
        "loan.account_id = tbl_account.account_id",
        "loan.district_id = district.district_id",
    }


def test_declared_keys_are_not_guessed_again() -> None:
    known = catalog(
        table(1, "customers", ["id integer"]),
        table(2, "orders", ["id integer", "customer_id integer"], references=[(2, 1)]),
    )
    assert _pairs(known) == set()


def test_values_confirm_and_refute() -> None:
    known = catalog(table(1, "customers", ["id integer"]), table(2, "orders", ["id integer", "customer_id integer"]))
    (candidate,) = join_candidates(known)
    confirmed, unknown = candidate.joined(1.0), candidate.joined(None)
    assert confirmed is not None
    assert unknown is not None
    assert confirmed.score > unknown.score
    assert "100% of the sampled values" in confirmed.evidence
    assert candidate.joined(0.2) is None


def test_a_thousand_tables_cost_little() -> None:
    tables = [
        table(n, f"thing{n:04}", ["id integer", f"thing{n // 2:04}_id integer", "name text"]) for n in range(1, 1001)
    ]
    known = catalog(*tables)
    started = time.perf_counter()
    assert len(join_candidates(known)) == 400
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("plural", "expected"),
    [("orders", "order"), ("categories", "category"), ("boxes", "box"), ("status", "status"), ("address", "address")],
)
def test_singular(plural: str, expected: str) -> None:
    assert singular(plural) == expected
