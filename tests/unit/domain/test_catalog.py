"""Names and look-ups of a catalog."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.domain.catalog import Name, quote_identifier
from pgwarden.domain.catalog_json import from_json, to_json


@pytest.mark.parametrize(
    ("name", "quoted"),
    [("orders", "orders"), ("_x9", "_x9"), ("Orders", '"Orders"'), ("order", '"order"'), ("9a", '"9a"'),
     ('a"b', '"a""b"'), ("ä", '"ä"'), ("a b", '"a b"'), ("", '""')],
)  # fmt: skip
def test_identifiers_are_quoted_where_sql_needs_it(name: str, quoted: str) -> None:
    assert quote_identifier(name) == quoted


def test_names_follow_the_search_path() -> None:
    here, there = table(1, "t", ["id integer"]), table(2, "t", ["id integer"], schema="other")
    known = replace(catalog(here, there), search_path=("pg_catalog", "other", "public"))
    assert known.resolve_relation("t") is there
    assert known.resolve_relation("t", "public") is here
    assert known.resolve_relation("missing") is None
    assert str(Name("public", "Odd")) == 'public."Odd"'


def test_json_keeps_everything_or_only_users_objects() -> None:
    tables = table(1, "t", ["id integer"]), table(2, "pg_thing", ["id integer"], schema="pg_catalog")
    known = replace(catalog(*tables), opclass_support={23: (351,)}, schema_comments={"public": "told"})
    assert from_json(to_json(known)) == known
    assert {field.name for field in fields(known)} <= json.loads(to_json(known)).keys()
    users = from_json(to_json(known, users_only=True))
    assert users is not None
    assert users.relations.keys() == {1}
    assert from_json("[]") is None
