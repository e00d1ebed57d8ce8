"""The catalog as read from real servers, compared with what PostgreSQL itself says of each object."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import AsyncConnection, sql
from tests.support.databases import MakeDatabase, create_database, drop_database

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader, read_catalog
from pgwarden.adapters.postgres.catalog_recheck import changed_since, touched_digest_query
from pgwarden.domain.catalog import Catalog, Name, Relation
from pgwarden.domain.catalog_json import from_json, to_json
from pgwarden.domain.schema_diff import schema_diff

SCHEMA = """
create schema app;
comment on schema app is 'the application';
create type app.mood as enum ('fine', 'bad', 'so so');
create domain app.email as text check (value like '%@%') check (length(value) < 200);
create type app.pair as (a int, b text);
create type app.span as range (subtype = int);
create table app.customer (
    id int generated always as identity primary key, email app.email not null unique, mood app.mood default 'fine',
    "Full Name" text, price numeric(10,2) check (price > 0), twice numeric generated always as (price * 2) stored,
    gone int);
alter table app.customer drop column gone;
comment on table app.customer is 'who buys';
comment on column app.customer.email is 'where to write';
create table app.orders (
    id bigserial primary key, at timestamptz, note text, x int, y int,
    customer_id int references app.customer on delete cascade on update restrict deferrable initially deferred,
    constraint no_overlap exclude using gist (int4range(x, y) with &&));
alter table app.orders add constraint late check (x > y) not valid;
create index on app.orders (lower(note));
create index on app.orders (at desc) where note is not null;
create unique index "Odd Name" on app.orders (y) include (note);
create index plain on app.orders (customer_id, at);
create index with_class on app.orders (note text_pattern_ops);
create table app.part (id int, d date, primary key (id, d)) partition by range (d);
create table app.part_1 partition of app.part for values from ('2026-01-01') to ('2026-02-01');
create table app.child () inherits (app.orders);
create view app.shown with (security_barrier) as select o.id, c.email from app.orders o
    join app.customer c on c.id = o.customer_id where exists (select from pg_authid);
create materialized view app.counted as select count(*) as n from app.orders;
create function app.standard(a int, b int default 2, out c int, out d text) language sql stable
    begin atomic select a + b, 'x'; end;
create function app.texty(variadic x int[]) returns table (q int, w text) language sql set search_path = app
    as $$ select 1, 'a' $$;
create function app.guard() returns trigger language plpgsql security definer as $$ begin return new; end $$;
create trigger watch after update on app.orders referencing old table as o
    for each statement execute function app.guard();
create rule ignore as on delete to app.part_1 do instead nothing;
alter table app.orders enable row level security, force row level security;
create policy own on app.orders as restrictive for update using (customer_id > 0) with check (customer_id > 1);
create aggregate app.total(int) (sfunc = int4pl, stype = int, initcond = '0');
create operator app.=== (leftarg = int, rightarg = int, function = int4eq);
create function app.to_int(app.mood) returns int language sql immutable return 1;
create cast (app.mood as int) with function app.to_int(app.mood) as assignment;
create publication news for table app.orders;
create foreign data wrapper nothing;
create server far foreign data wrapper nothing;
create foreign table app.distant (a int) server far;
create unlogged table app.scratch (a int);
"""

Change = tuple[str, str]


def _run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set client_min_messages = error")
        for statement in statements:
            connection.execute(sql.SQL(statement))


def _ask(url: str, query: str, *values: object) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set search_path = pg_catalog")
        row = connection.execute(sql.SQL(query), values).fetchone()
        return row and row[0]


@pytest.fixture(scope="module", params=[18, 17, 16, 15, 14])
def rich(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with one of everything, only for reading."""
    server = request.getfixturevalue(f"pg{request.param}_url")
    name = f"rich_{uuid.uuid4().hex[:12]}"
    url = create_database(server, name)
    _run(url, SCHEMA)
    yield url
    drop_database(server, name)


def _relation(catalog: Catalog, name: str, schema: str = "app") -> Relation:
    return catalog.by_name[Name(schema, name)]


def test_tables_and_their_columns(rich: str) -> None:
    customer = _relation(read_catalog(rich), "customer")
    told = [(c.number, c.name, c.type_name, c.not_null, c.generated, c.identity) for c in customer.columns]
    assert told == [
        (1, "id", "integer", True, "", "a"),
        (2, "email", "app.email", True, "", ""),
        (3, "mood", "app.mood", False, "", ""),
        (4, "Full Name", "text", False, "", ""),
        (5, "price", "numeric(10,2)", False, "", ""),
        (6, "twice", "numeric", False, "s", ""),
    ]
    assert customer.comment == "who buys"
    assert customer.columns[1].comment == "where to write"
    assert customer.columns[2].default == "'fine'::app.mood"
    assert all(column.selectable for column in customer.columns)


def test_definitions_are_the_servers_own(rich: str) -> None:
    """Texts that pgwarden puts together itself are those that PostgreSQL would give."""
    catalog = read_catalog(rich)
    for relation in catalog.relations.values():
        for index in relation.indexes:
            assert index.definition == _ask(rich, "select pg_get_indexdef(%s::oid)", index.oid)
        for constraint in relation.constraints:
            if constraint.definition is not None:
                assert constraint.definition == _ask(rich, "select pg_get_constraintdef(%s::oid)", constraint.oid)


def test_constraints(rich: str) -> None:
    catalog = read_catalog(rich)
    orders, customer = _relation(catalog, "orders"), _relation(catalog, "customer")
    (key,) = orders.foreign_keys
    assert (key.foreign_oid, key.columns, key.foreign_columns) == (customer.oid, (6,), (1,))
    assert (key.on_delete, key.on_update, key.deferrable, key.deferred) == ("c", "r", True, True)
    assert catalog.referencing[customer.oid] == (key,)
    late = next(c for c in orders.constraints if c.name == "late")
    assert (late.kind, late.validated) == ("c", False)
    assert customer.primary_key is not None
    assert {"p", "u", "c"} <= {c.kind for c in customer.constraints}


def test_indexes(rich: str) -> None:
    indexes = {i.name: i for i in _relation(read_catalog(rich), "orders").indexes}
    assert indexes["orders_lower_idx"].columns == (0,)
    assert indexes["orders_at_idx"].predicate == "(note IS NOT NULL)"
    assert (indexes["Odd Name"].columns, indexes["Odd Name"].unique) == ((5,), True)
    assert indexes["plain"].columns == (6, 2)


def test_partitions_inheritance_and_foreign_tables(rich: str) -> None:
    catalog = read_catalog(rich)
    part, part_1 = _relation(catalog, "part"), _relation(catalog, "part_1")
    assert (part.kind, part.partition_key) == ("p", "RANGE (d)")
    assert (part_1.partition_of, part_1.inherits) == (part.oid, (part.oid,))
    assert part_1.partition_bound == "FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')"
    assert [r.name.name for r in catalog.partition_tree(part.oid)] == ["part", "part_1"]
    child = _relation(catalog, "child")
    assert (child.partition_of, child.inherits) == (0, (_relation(catalog, "orders").oid,))
    assert _relation(catalog, "distant").foreign_server == "far"
    assert _relation(catalog, "scratch").persistence == "u"


def test_a_view_tells_all_that_it_reads(rich: str) -> None:
    """System tables too, of which PostgreSQL records no dependency."""
    catalog = read_catalog(rich)
    reads = {str(catalog.relations[oid].name) for oid in _relation(catalog, "shown").reads}
    assert reads == {"app.orders", "app.customer", "pg_catalog.pg_authid"}
    assert "FROM (app.orders o" in (_relation(catalog, "shown").view_definition or "")
    assert _relation(catalog, "counted").view_definition
    assert _relation(catalog, "pg_stat_activity", "pg_catalog").view_definition


def test_triggers_rules_policies_publications(rich: str) -> None:
    catalog = read_catalog(rich)
    orders = _relation(catalog, "orders")
    (trigger,) = orders.triggers
    assert (trigger.timing, trigger.events, trigger.per_row) == ("AFTER", frozenset({"UPDATE"}), False)
    assert (trigger.old_table, trigger.new_table) == ("o", None)
    assert catalog.functions[trigger.function_oid].name == Name("app", "guard")
    (policy,) = orders.policies
    assert (policy.command, policy.permissive, policy.roles) == ("w", False, ("public",))
    assert (policy.using, policy.check) == ("(customer_id > 0)", "(customer_id > 1)")
    assert (orders.row_security, orders.force_row_security, orders.publications) == (True, True, ("news",))
    (rule,) = _relation(catalog, "part_1").rules
    assert (rule.event, rule.instead) == ("DELETE", True)


def test_types(rich: str) -> None:
    catalog = read_catalog(rich)
    mood = catalog.types_by_name[Name("app", "mood")]
    assert (mood.kind, mood.labels) == ("e", ("fine", "bad", "so so"))
    email = catalog.types_by_name[Name("app", "email")]
    assert email.base_oid == 25
    assert len(email.checks) == 2
    span = catalog.types_by_name[Name("app", "span")]
    assert (span.kind, span.range_subtype_oid) == ("r", 23)
    pair = catalog.types_by_name[Name("app", "pair")]
    assert catalog.relations[pair.relation_oid].name == Name("app", "pair")
    assert catalog.types[mood.array_oid].element_oid == mood.oid
    assert catalog.types[1007].element_oid == 23


def test_functions(rich: str) -> None:
    catalog = read_catalog(rich)
    own = {f.name.name: f for f in catalog.functions.values() if f.name.schema == "app"}
    standard = own["standard"]
    assert (standard.argument_names, standard.out_names, standard.out_oids) == (("a", "b"), ("c", "d"), (23, 25))
    assert (standard.default_count, standard.source) == (1, None)
    assert "BEGIN ATOMIC" in (standard.definition or "")
    texty = own["texty"]
    assert (texty.variadic_oid, texty.returns_set, texty.source) == (23, True, " select 1, 'a' ")
    assert texty.config == ("search_path=app",)
    assert own["guard"].security_definer
    total = own["total"]
    assert total.kind == "a"
    assert [catalog.functions[oid].name.name for oid in total.support_oids] == ["int4pl"]


def test_what_came_with_the_server_is_there(rich: str) -> None:
    catalog = read_catalog(rich)
    assert len(catalog.functions) > 3000
    assert catalog.functions_by_name["lower"][0].builtin
    assert not any(f.builtin for f in catalog.functions_by_name["_pg_expandarray"])
    assert {o.name.schema for o in catalog.operators_by_name["==="]} == {"app"}
    mood = catalog.types_by_name[Name("app", "mood")]
    assert catalog.casts_by_pair[mood.oid, 23].context == "a"
    assert catalog.casts_by_pair[23, 20].context == "i"
    count = int(str(_ask(rich, "select count(*) from pg_proc")))
    assert len(catalog.functions) == count


def test_names_are_found_along_the_search_path(rich: str) -> None:
    catalog = read_catalog(rich)
    assert catalog.search_path == ("pg_catalog", "public")
    assert catalog.resolve_relation("orders") is None
    assert catalog.resolve_relation("orders", "app") is _relation(catalog, "orders")
    assert catalog.resolve_relation("pg_class") is not None
    assert catalog.schema_comments["app"] == "the application"


def test_a_catalog_survives_its_journey_through_json(rich: str) -> None:
    catalog = read_catalog(rich)
    assert from_json(to_json(catalog)) == catalog
    assert from_json(to_json(catalog).replace('"layout":"', '"layout":"older ', 1)) is None
    assert from_json("no json") is None


def test_the_rights_of_a_lesser_role(make_database: MakeDatabase) -> None:
    url = make_database()
    role = f"reader_{url.rpartition('/')[2]}"
    _run(
        url,
        f"create role {role} login password 'reader'",
        "create table open (a int); create table closed (a int); create table half (a int, b int)",
        "create schema hidden; create table hidden.t (a int)",
        "create function mine() returns int language sql return 1; revoke execute on function mine() from public",
        f"grant select, insert on open to {role}; grant select (b) on half to {role}",
        f"grant select on hidden.t to {role}",
    )
    try:
        reader = psycopg.conninfo.make_conninfo(url, user=role, password="reader")
        catalog = read_catalog(reader)
        open_, half = _relation(catalog, "open", "public"), _relation(catalog, "half", "public")
        assert (open_.selectable, open_.insertable, open_.updatable, open_.deletable) == (True, True, False, False)
        assert not _relation(catalog, "closed", "public").selectable
        assert [c.selectable for c in half.columns] == [False, True]
        assert half.selectable
        assert not _relation(catalog, "t", "hidden").selectable
        assert not catalog.functions_by_name["mine"][0].executable
        assert not catalog.functions_by_name["pg_read_file"][0].executable
        assert catalog.functions_by_name["lower"][0].executable
        assert catalog.role == role
        assert catalog.version == read_catalog(url).version
    finally:
        _run(url, f"drop owned by {role}", f"drop role {role}")


def test_the_version_is_that_of_the_structure(database: str) -> None:
    _run(
        database,
        "create table t (id int primary key, a text)",
        "insert into t select g, 'x' from generate_series(1, 9) g",
    )
    first = read_catalog(database)
    _run(database, "vacuum analyze t", "vacuum full pg_class", "grant select on t to public")
    second = read_catalog(database)
    assert (second.version, second.relations.keys()) == (first.version, first.relations.keys())
    assert _relation(second, "t", "public").estimated_rows == 9
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("create temp table passing (a numeric(7, 3) check (a > 0))")
        assert read_catalog(database).version == first.version
    _run(database, "alter table t add b int")
    assert read_catalog(database).version != first.version


TOUCHING: list[tuple[str, set[str]]] = [
    ("alter table t add b int", {"t"}),
    ("alter table t alter a set default 'x'", {"t"}),
    ("alter table t alter a set not null", {"t"}),
    ("alter table t rename a to aa", {"t"}),
    ("create index on t (a)", {"t"}),
    ("alter table t add check (id > 0)", {"t"}),
    ("alter table t drop column a", {"t"}),
    ("create trigger x before insert on t for each row execute function suppress_redundant_updates_trigger()", {"t"}),
    ("create policy p on t using (true)", {"t"}),
    ("create rule r as on insert to t do instead nothing", {"t"}),
    ("grant select (a) on t to public", {"t"}),
    ("alter table other add foreign key (id) references t", {"t", "other"}),
    ("create or replace view v as select id + 0 as id from t", {"v"}),
    ("create table q partition of p for values in (2)", {"p"}),
    ("create or replace function f() returns int language sql return 2", {"f"}),
    ("drop function f", {"f"}),
    ("drop view v", {"v"}),
    ("analyze t", set()),
    ("insert into t values (1, 'x')", set()),
]


def test_the_recheck_notices(database: str) -> None:
    _run(
        database,
        "create table t (id int primary key, a text); create table other (id int); create view v as select id from t",
        "create table p (id int) partition by list (id); create function f() returns int language sql return 1",
    )
    catalog = read_catalog(database)
    relations = [_relation(catalog, name, "public").oid for name in ("t", "other", "v", "p")]
    functions = [catalog.functions_by_name["f"][0].oid]
    query, parameters = touched_digest_query(relations, functions)
    with psycopg.connect(database, autocommit=True) as connection:
        for statement, expected in TOUCHING:
            with connection.transaction(force_rollback=True):
                before = connection.execute(query, parameters).fetchall()
                assert changed_since(catalog, before, relations, functions) == ()
                connection.execute(sql.SQL(statement))
                after = connection.execute(query, parameters).fetchall()
            changed = changed_since(catalog, after, relations, functions)
            assert {name.rpartition(".")[2] for name in changed} == expected, statement


def test_the_reader_and_the_recheck_agree_on_every_relation(rich: str) -> None:
    """The one puts digests together from many results, the other has the server do it."""
    catalog = read_catalog(rich)
    query, parameters = touched_digest_query(catalog.relations)
    with psycopg.connect(rich, autocommit=True) as connection:
        now = connection.execute(query, parameters).fetchall()
    assert changed_since(catalog, now, catalog.relations) == ()
    assert len(now) == len(catalog.relations)


async def test_the_fingerprint_notices_and_leaves_our_own_schema_out(database: str) -> None:
    async with await AsyncConnection.connect(database, autocommit=True) as connection:
        reader = PostgresCatalogReader(connection)
        seen = {await reader.fingerprint()}
        for statement in (
            "create table t (id int primary key, a text)",
            "comment on table t is 'x'",
            "comment on column t.a is 'y'",
            "create type mood as enum ('a')",
            "alter type mood add value 'b'",
            "create schema s",
            "create function f() returns int language sql return 1",
            "alter table t alter a set default 'x'",
            "create index on t (a)",
            "drop table t",
        ):
            await connection.execute(sql.SQL(statement))
            fingerprint = await reader.fingerprint()
            assert fingerprint not in seen, statement
            seen.add(fingerprint)
        for statement in (
            "create schema pgwarden; create table pgwarden.image (id int primary key, t text)",
            "create index on pgwarden.image (t)",
            "create temp table passing (id int primary key default 1, t text)",
            "analyze",
        ):
            before = await reader.fingerprint()
            await connection.execute(sql.SQL(statement))
            if "schema pgwarden" not in statement:  # its type rows count once
                assert await reader.fingerprint() == before, statement


async def test_reading_leaves_the_connection_as_it_was(database: str) -> None:
    async with await AsyncConnection.connect(database, autocommit=True) as connection:
        await PostgresCatalogReader(connection).read()
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        cursor = await connection.execute("select current_setting('search_path'), current_setting('jit')")
        row = await cursor.fetchone()
        assert row is not None
        assert row[0] == '"$user", public'


async def test_reads_follow_another_sessions_changes(database: str) -> None:
    """Objects come and go in another session between reads on one connection; each read is of its own moment."""
    async with (
        await AsyncConnection.connect(database, autocommit=True) as connection,
        await AsyncConnection.connect(database, autocommit=True) as other,
    ):
        reader = PostgresCatalogReader(connection)
        for round_ in range(10):
            names = sql.Identifier(f"t{round_}"), sql.Identifier(f"v{round_}")
            await other.execute(sql.SQL("create table {} (id int primary key, check (id > 0))").format(names[0]))
            await other.execute(sql.SQL("create view {1} as select * from {0}").format(*names))
            catalog = await reader.read()
            assert _relation(catalog, f"v{round_}", "public").reads == (_relation(catalog, f"t{round_}", "public").oid,)
            await other.execute(sql.SQL("drop table {} cascade").format(sql.Identifier(f"t{round_}")))


CHANGES: list[Change] = [
    ("create table new (id int)", "table public.new added"),
    ("drop view v", "view public.v removed"),
    ("alter table t add b int not null default 3", "column public.t.b added: integer"),
    ("alter table t alter a type varchar(20)", "column public.t.a changed: type was text, is character varying(20)"),
    ("alter table t alter a set not null", "column public.t.a changed: not null was no, is yes"),
    ("create index by_a on t (a)", "index public.t.by_a added: CREATE INDEX by_a ON public.t USING btree (a)"),
    ("alter table t add constraint positive check (id > 0)", "constraint public.t.positive added: CHECK ((id > 0))"),
    ("comment on table t is 'told'", "table public.t changed: comment was none, is told"),
    ("alter type mood add value 'b'", "type public.mood changed: labels was a, is a, b"),
    ("create or replace function f() returns int language sql return 2", "function public.f() changed: body was"),
    ("create schema s; create table s.t (id int)", "schema s added"),
]


def test_a_diff_in_words(database: str) -> None:
    _run(
        database,
        "create table t (id int primary key, a text); create view v as select id from t",
        "create type mood as enum ('a'); create function f() returns int language sql return 1",
    )
    before = read_catalog(database)
    for statement, told in CHANGES:
        _run(database, statement)
        after = read_catalog(database)
        words = schema_diff(before, after).words
        assert any(line.startswith(told) for line in words), words
        assert not schema_diff(after, after)
        before = after
