"""What indexes and exclusion constraints compare."""

from __future__ import annotations

from pgwarden.sql.index_keys import IndexKeys, exclusion_keys, index_keys


def test_columns_expressions_and_the_condition() -> None:
    definition = (
        'CREATE UNIQUE INDEX i ON public.t USING btree (lower(a), "B x" DESC NULLS LAST) INCLUDE (c) WHERE (d IS NULL)'
    )
    assert index_keys(definition) == IndexKeys(("(lower(a))", '"B x"'), "d IS NULL")


def test_operators_of_an_exclusion_constraint() -> None:
    definition = 'EXCLUDE USING gist (room WITH =, tstzrange(a, b) WITH OPERATOR("My".&&)) WHERE ((NOT x))'
    found = exclusion_keys(definition)
    assert found == IndexKeys(("room", "(tstzrange(a, b))"), "NOT x", ("operator(=)", 'operator("My".&&)'))


def test_what_cannot_be_read_is_not_guessed() -> None:
    assert index_keys("CREATE INDEX ON") is None
    assert index_keys("select 1") is None
    assert exclusion_keys("CHECK (true") is None
