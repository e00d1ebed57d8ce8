"""What is known about PostgreSQL's own functions and views, held against the catalogs of live servers."""

from __future__ import annotations

import psycopg
import pytest

from pgwarden.adapters.postgres.catalog import read_catalog
from pgwarden.domain.catalog import Catalog
from pgwarden.sql import effects
from pgwarden.sql.verdict import judge

VERSIONS = (18, 16)


@pytest.fixture(scope="module", params=VERSIONS)
def catalog(request: pytest.FixtureRequest) -> Catalog:
    return read_catalog(request.getfixturevalue(f"pg{request.param}_url"))


def test_every_volatile_built_in_function_was_looked_at(catalog: Catalog) -> None:
    known = effects.HARMLESS | effects.REFUSED.keys()
    forgotten = {
        f.name.name
        for f in catalog.functions.values()
        if f.builtin
        and f.volatility == "v"
        and f.name.name not in known
        and effects.refusal(f.name.name, len(f.argument_oids)) is None
    }
    assert forgotten == set()


def test_the_lists_name_functions_that_exist(pg18_url: str) -> None:
    """Other versions have a few more; nothing else may be misspelled."""
    older = {"pg_read_file_old", "pg_rotate_logfile_old", "pg_start_backup", "pg_stop_backup", "pg_is_in_backup"}
    older |= {"pg_backup_start_time"}
    known = read_catalog(pg18_url).functions_by_name.keys()
    assert effects.HARMLESS - known <= older
    assert effects.REFUSED.keys() - known <= older
    assert known >= effects.REPEATABLE


def test_refused_functions_are_refused_when_called(catalog: Catalog) -> None:
    for function in catalog.functions.values():
        name = function.name.name
        if not function.builtin or effects.refusal(name, len(function.argument_oids)) is None:
            continue
        nulls = ", ".join(f"null::{catalog.types[oid].name}" for oid in function.argument_oids)
        verdict = judge(f'select pg_catalog."{name}"({nulls})', catalog)
        assert not verdict.allowed, name


def test_system_views_are_judged_as_their_definitions_are(catalog: Catalog) -> None:
    """A view over a refused function is itself on a list: whole, or the columns that show it."""
    from pgwarden.sql.index import index_of
    from pgwarden.sql.policy import DEFAULT
    from pgwarden.sql.relations import judge_definition

    listed = {name.rpartition(".")[2] for name in effects.SECRET_RELATIONS} | effects.SECRET_COLUMNS.keys()
    listed |= {"user_mappings"}  # it shows the names of servers, not the options
    index = index_of(catalog)
    views = [r for r in catalog.relations.values() if r.kind == "v" and r.oid < 16384 and r.view_definition]
    refused = {view.name.name for view in views if judge_definition(index, view, DEFAULT).reasons}
    assert len(views) > 100
    assert refused <= listed


def test_secret_relations_and_columns_exist(pg18_url: str) -> None:
    with psycopg.connect(pg18_url) as connection:
        for name in effects.SECRET_RELATIONS:
            connection.execute(f"select from {name} limit 0")
        for name, (columns, _) in effects.SECRET_COLUMNS.items():
            connection.execute(f"select {', '.join(columns)} from pg_catalog.{name} limit 0")


def test_settings_that_only_superusers_see_are_not_shown(pg18_url: str) -> None:
    with psycopg.connect(pg18_url) as connection:
        everything = {name for (name,) in connection.execute("select name from pg_settings")}
        connection.execute("create role setting_reader")
        connection.execute("set local role setting_reader")
        plain = {name for (name,) in connection.execute("select name from pg_settings")}
        connection.rollback()
    assert everything > plain
    assert {name for name in everything - plain if effects.setting_is_harmless(name)} == set()
    assert sum(map(effects.setting_is_harmless, everything)) > 300
