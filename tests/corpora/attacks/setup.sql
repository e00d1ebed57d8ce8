-- A database full of traps. Every function that does harm leaves a trace that the harness can find.

create schema trap;
create table trap.ledger (at timestamptz default clock_timestamp(), what text);
create sequence trap.counter;
create table trap.accounts (id int primary key, owner text, balance numeric, note varchar(40), tags text[], data jsonb);
insert into trap.accounts
select n, 'owner ' || n, 100 * n, 'note', array['a', 'b'], jsonb_build_object('n', n) from generate_series(1, 5) n;
create table trap.secrets (id int, word text);
insert into trap.secrets values (1, 'TOP-SECRET-ROW');
create table public.items (id int primary key, name text, price numeric, kind text, parent int references public.items);
insert into public.items select n, 'item ' || n, n, 'k' || n % 2, nullif(n / 2, 0) from generate_series(1, 6) n;
create table public.parts (m int not null, v int) partition by range (m);
create table public.parts_1 partition of public.parts for values from (0) to (10);
insert into public.parts values (1, 1), (2, 2);

-- Functions that write, in every language and under every claim.
create function trap.writes(n int) returns int language plpgsql volatile
as $$ begin insert into trap.ledger (what) values ('writes'); return n; end $$;
create function trap.writes_sql(n int) returns int language sql volatile
as $$ insert into trap.ledger (what) values ('writes_sql'); select n $$;
create function trap.writes_atomic(n int) returns int language sql volatile
begin atomic insert into trap.ledger (what) values ('writes_atomic'); select n; end;
create function trap.updates(n int) returns int language sql
as $$ update trap.accounts set balance = 0 where id = n returning id $$;
create function trap.deletes(n int) returns int language sql
as $$ with gone as (delete from trap.accounts where id = n returning id) select id from gone $$;
create function trap.truncates(n int) returns int language plpgsql as $$ begin truncate trap.accounts; return n; end $$;
create function trap.creates(n int) returns int language plpgsql as $$ begin create table trap.made (x int); return n; end $$;
create function trap.grants(n int) returns int language plpgsql
as $$ begin grant all on trap.secrets to public; return n; end $$;
create function trap.locks_rows(n int) returns int language sql
as $$ select id from trap.accounts where id = n for update $$;
create function trap.locks_table(n int) returns int language plpgsql
as $$ begin lock table trap.accounts in access exclusive mode; return n; end $$;
create function trap.claims_stable(n int) returns int language plpgsql stable
as $$ begin perform trap.writes(n); return n; end $$;
create function trap.claims_immutable(n int) returns int language plpgsql immutable
as $$ begin perform trap.writes(n); return n; end $$;
create function trap.claims_immutable_sql(n int) returns int language sql immutable as $$ select trap.claims_immutable(n) $$;
create function trap.claims_text(t text) returns text language plpgsql immutable
as $$ begin perform trap.writes(1); return t; end $$;
create function trap.level_3(n int) returns int language sql stable as $$ select max(trap.writes(v)) from (values (n)) x (v) $$;
create function trap.level_2(n int) returns int language plpgsql stable as $$ begin return trap.level_3(n); end $$;
create function trap.deep(n int) returns int language sql stable as $$ select trap.level_2(n) $$;
create function trap.notifies(n int) returns int language sql stable as $$ select n from (select pg_notify('trap', 'sprung')) x $$;
create function trap.locks(n int) returns int language plpgsql stable
as $$ begin perform pg_advisory_lock(4242); return n; end $$;
create function trap.numbers(n int) returns bigint language sql as $$ select nextval('trap.counter') $$;
create function trap.sets(n int) returns int language plpgsql stable
as $$ begin perform set_config('trap.poison', 'yes', false); return n; end $$;
create function trap.sets_plainly(n int) returns int language plpgsql
as $$ begin set trap.poison = 'yes'; return n; end $$;
create function trap.sleeps(n int) returns int language plpgsql stable as $$ begin perform pg_sleep(5); return n; end $$;
create function trap.spins(n int) returns int language plpgsql immutable
as $$ begin loop n := n + 1; n := n - 1; end loop; return n; end $$;
create function trap.temporary(n int) returns int language plpgsql
as $$ begin create temp table if not exists trap_temporary (x int); return n; end $$;
create function trap.listens(n int) returns int language plpgsql as $$ begin listen trap; return n; end $$;
create function trap.dynamic(t text) returns int language plpgsql stable
as $$ declare n int; begin execute t into n; return n; end $$;
create function trap.dynamic_rows(t text) returns setof int language plpgsql
as $$ begin return query execute t; end $$;
create function trap.formatted(n int) returns int language plpgsql
as $$ begin execute format('insert into %I.%I (what) values (%L)', 'trap', 'ledger', n); return n; end $$;
create function trap.concatenated(n int) returns int language plpgsql
as $$ begin execute 'inse' || 'rt into trap.led' || 'ger (what) values (1)'; return n; end $$;
create function trap.in_default(n int default trap.writes(1)) returns int language sql stable as $$ select n $$;
create function trap.in_declare(n int) returns int language plpgsql
as $$ declare m int := trap.writes(n); begin return m; end $$;
create function trap.in_condition(n int) returns int language plpgsql
as $$ begin if trap.writes(n) > 0 then return n; end if; return 0; end $$;
create function trap.in_loop(n int) returns int language plpgsql
as $$ declare r record; begin for r in select trap.writes(1) as x loop n := r.x; end loop; return n; end $$;
create function trap.in_handler(n int) returns int language plpgsql
as $$ begin perform 1 / 0; return n; exception when division_by_zero then perform trap.writes(1); return n; end $$;
create function trap.in_cursor(n int) returns int language plpgsql
as $$ declare c cursor for select trap.writes(1); begin open c; fetch c into n; close c; return n; end $$;
create function trap.in_case(n int) returns int language plpgsql
as $$ begin case n when trap.writes(n) then return n; else return 0; end case; end $$;
create function trap.in_raise(n int) returns int language plpgsql
as $$ begin raise debug 'n %', trap.writes(n); return n; end $$;
create function trap.in_assert(n int) returns int language plpgsql
as $$ begin assert trap.writes(n) > 0; return n; end $$;
create function trap.in_slice(n int) returns int language plpgsql
as $$ declare a int[] := array[1, 2]; x int; begin foreach x in array array[trap.writes(1)] loop n := x; end loop; return n; end $$;
create function trap.in_return_query(n int) returns setof int language plpgsql
as $$ begin return query select trap.writes(n); end $$;
create function trap.in_assignment(n int) returns int language plpgsql
as $$ declare a int[] := array[1]; begin a[trap.writes(1)] := 2; return n; end $$;
create procedure trap.wreck(n int) language plpgsql as $$ begin insert into trap.ledger (what) values ('wreck'); end $$;
create function trap.calls(n int) returns int language plpgsql as $$ begin call trap.wreck(n); return n; end $$;
create procedure trap.commits() language plpgsql
as $$ begin insert into trap.ledger (what) values ('commits'); commit; end $$;
create function trap.helper(n int) returns int language sql as $$ insert into trap.ledger (what) values ('helper') returning n $$;
create function trap.by_path(n int) returns int language plpgsql set search_path = trap as $$ begin return helper(n); end $$;
create function trap.definer() returns text language sql stable security definer as $$ select word from trap.secrets $$;
create function trap.rows(n int) returns setof trap.accounts language sql
as $$ update trap.accounts set note = 'x' where id = n returning * $$;
create function trap.many(variadic n int[]) returns int language sql as $$ select trap.writes(n[1]) $$;
create function trap.any(x anyelement) returns anyelement language plpgsql
as $$ begin perform trap.writes(1); return x; end $$;
create function trap.out_only(out a int, out b int) language plpgsql as $$ begin a := trap.writes(1); b := 2; end $$;
create function trap.overloaded(n int) returns int language sql immutable as $$ select n $$;
create function trap.overloaded(t text) returns int language sql as $$ select trap.writes(1) $$;
create function trap.again(n int) returns int language plpgsql
as $$ begin if n > 0 then return trap.again(n - 1); end if; return trap.writes(n); end $$;

-- Built-in functions under other names, and a language that looks foreign.
create function trap.innocent_number(regclass) returns bigint language internal strict as 'nextval_oid';
create function trap.innocent_pause(float8) returns void language internal strict immutable as 'pg_sleep';
create function trap.innocent_word(text, text, bool) returns text language internal stable as 'set_config_by_name';
create function trap.innocent_file(text) returns text language internal stable strict as 'pg_read_file_all';
create function trap.innocent_message(text, text) returns void language internal stable as 'pg_notify';
create trusted language sneaky handler plpgsql_call_handler inline plpgsql_inline_handler validator plpgsql_validator;
create function trap.sneaks(n int) returns int language sneaky stable
as $$ begin perform trap.writes(n); return n; end $$;

-- Names that shadow built-in ones by a closer match.
create function public.upper(t varchar) returns text language sql as $$ select trap.writes(1)::text $$;
create function public.length(n int) returns int language sql as $$ select trap.writes(n) $$;
create function public.sum_of(t text) returns int language sql as $$ select trap.writes(1) $$;
create function public.coalesce_to(n int) returns int language sql as $$ select trap.writes(n) $$;
create function public."Lower"(t text) returns int language sql as $$ select trap.writes(1) $$;
create function public.lοwer(t text) returns int language sql as $$ select trap.writes(1) $$; -- a Greek o
create function public.now(n int) returns int language sql as $$ select trap.writes(n) $$;

-- Operators.
create function trap.adds(a int, b int) returns int language sql as $$ select trap.writes(a) + b $$;
create operator public.+#+ (function = trap.adds, leftarg = int, rightarg = int);
create operator public.!!! (function = trap.writes, rightarg = int);
create function trap.same_text(a varchar, b varchar) returns bool language sql as $$ select trap.writes(1) > 0 $$;
create operator public.= (function = trap.same_text, leftarg = varchar, rightarg = varchar);
create function trap.joins_text(a int, b text) returns text language sql as $$ select concat(trap.writes(a), b) $$;
create operator public.|| (function = trap.joins_text, leftarg = int, rightarg = text);
create function trap.like_text(a varchar, b text) returns bool language sql as $$ select trap.writes(1) > 0 $$;
create operator public.~~ (function = trap.like_text, leftarg = varchar, rightarg = text);

-- A type whose comparison writes: ORDER BY, DISTINCT, GROUP BY, joins and ranges all compare.
create type trap.weird as (x int);
create function trap.weird_cmp(a trap.weird, b trap.weird) returns int language plpgsql immutable
as $$ begin perform trap.writes(1); return (a).x - (b).x; end $$;
create function trap.weird_lt(a trap.weird, b trap.weird) returns bool language sql immutable as $$ select trap.weird_cmp(a, b) < 0 $$;
create function trap.weird_le(a trap.weird, b trap.weird) returns bool language sql immutable as $$ select trap.weird_cmp(a, b) <= 0 $$;
create function trap.weird_eq(a trap.weird, b trap.weird) returns bool language sql immutable as $$ select trap.weird_cmp(a, b) = 0 $$;
create function trap.weird_ge(a trap.weird, b trap.weird) returns bool language sql immutable as $$ select trap.weird_cmp(a, b) >= 0 $$;
create function trap.weird_gt(a trap.weird, b trap.weird) returns bool language sql immutable as $$ select trap.weird_cmp(a, b) > 0 $$;
create function trap.weird_hash(a trap.weird) returns int language plpgsql immutable
as $$ begin perform trap.writes(1); return 1; end $$;
create operator public.< (function = trap.weird_lt, leftarg = trap.weird, rightarg = trap.weird, commutator = operator(public.>));
create operator public.<= (function = trap.weird_le, leftarg = trap.weird, rightarg = trap.weird);
create operator public.= (function = trap.weird_eq, leftarg = trap.weird, rightarg = trap.weird, hashes, merges);
create operator public.>= (function = trap.weird_ge, leftarg = trap.weird, rightarg = trap.weird);
create operator public.> (function = trap.weird_gt, leftarg = trap.weird, rightarg = trap.weird);
create operator class trap.weird_ops default for type trap.weird using btree as
    operator 1 public.<, operator 2 public.<=, operator 3 public.=, operator 4 public.>=, operator 5 public.>,
    function 1 trap.weird_cmp(trap.weird, trap.weird);
create operator class trap.weird_hash_ops default for type trap.weird using hash as
    operator 1 public.=, function 1 trap.weird_hash(trap.weird);
create type trap.weird_range as range (subtype = trap.weird, subtype_opclass = trap.weird_ops);
create table public.weirds (id int, w trap.weird);
insert into public.weirds values (1, row(1)), (2, row(2)), (3, row(1));

-- A domain, and what hides one.
create domain trap.checked as int check (trap.writes(value) > 0);
create domain trap.checked_twice as trap.checked;
create domain trap.checked_text as text check (trap.claims_text(value) is not null);
create type trap.holder as (a trap.checked, b text);
create type trap.outer_holder as (h trap.holder);
create type trap.checked_range as range (subtype = trap.checked);

-- Casts.
create type trap.pair as (a int, b int);
create type trap.pairlike as (a int, b int);
create function trap.pair_to_int(p trap.pair) returns int language sql as $$ select trap.writes((p).a) $$;
create cast (trap.pair as int) with function trap.pair_to_int(trap.pair) as implicit;
create function trap.int_to_pair(n int) returns trap.pair language sql as $$ select row(trap.writes(n), n)::trap.pair $$;
create cast (int as trap.pair) with function trap.int_to_pair(int) as assignment;
create function trap.pair_to_text(p trap.pair) returns text language sql as $$ select trap.writes(1)::text $$;
create cast (trap.pair as text) with function trap.pair_to_text(trap.pair) as implicit;
create type trap.mood as enum ('calm', 'cross');
create function trap.mood_of(b boolean) returns trap.mood language sql
as $$ select case when trap.writes(1) > 0 then 'calm' else 'cross' end::trap.mood $$;
create cast (boolean as trap.mood) with function trap.mood_of(boolean) as implicit;
create table public.pairs (p trap.pair, q trap.pair);
insert into public.pairs values (row(1, 2), row(3, 4));

-- Functions that look like columns.
create function trap.audit(a trap.accounts) returns int language sql as $$ select trap.writes(a.id) $$;
create function public.stamp(i public.items) returns int language sql as $$ select trap.writes(i.id) $$;
create function public.stamp(p trap.pair) returns int language sql as $$ select trap.writes((p).a) $$;

-- One function for each place of PL/pgSQL and SQL bodies where an expression or a statement can stand.
create function trap.in_while(n int) returns int language plpgsql
as $$ begin while trap.writes(n) < 0 loop n := 2; end loop; return n; end $$;
create function trap.in_for_bound(n int) returns int language plpgsql
as $$ begin for i in trap.writes(1)..2 loop n := i; end loop; return n; end $$;
create function trap.in_for_step(n int) returns int language plpgsql
as $$ begin for i in 1..2 by trap.writes(1) loop n := i; end loop; return n; end $$;
create function trap.in_exit(n int) returns int language plpgsql
as $$ begin loop exit when trap.writes(1) > 0; end loop; return n; end $$;
create function trap.in_return(n int) returns int language plpgsql as $$ begin return trap.writes(n); end $$;
create function trap.in_return_next(n int) returns setof int language plpgsql
as $$ begin return next trap.writes(n); end $$;
create function trap.in_elsif(n int) returns int language plpgsql
as $$ begin if n < 0 then return 0; elsif trap.writes(n) > 0 then return n; end if; return 1; end $$;
create function trap.in_else(n int) returns int language plpgsql
as $$ begin if n < 0 then return 0; else perform trap.writes(n); end if; return 1; end $$;
create function trap.in_case_else(n int) returns int language plpgsql
as $$ begin case when n < 0 then return 0; else n := trap.writes(n); end case; return 1; end $$;
create function trap.in_raise_using(n int) returns int language plpgsql
as $$ begin raise debug 'n' using detail = trap.writes(n)::text; return n; end $$;
create function trap.in_cursor_argument(n int) returns int language plpgsql
as $$ declare c cursor (m int) for select m; begin open c (trap.writes(1)); fetch c into n; return n; end $$;
create function trap.in_open_query(n int) returns int language plpgsql
as $$ declare c refcursor; begin open c for select trap.writes(1); fetch c into n; close c; return n; end $$;
create function trap.in_open_execute(n int) returns int language plpgsql
as $$ declare c refcursor; begin open c for execute 'select trap.writes(1)'; fetch c into n; close c; return n; end $$;
create function trap.in_for_execute(n int) returns int language plpgsql
as $$ declare r record; begin for r in execute 'select trap.writes(1) as x' loop n := r.x; end loop; return n; end $$;
create function trap.in_for_cursor(n int) returns int language plpgsql
as $$ declare c cursor for select trap.writes(1) as x; begin for r in c loop n := r.x; end loop; return n; end $$;
create function trap.in_into(n int) returns int language plpgsql
as $$ begin select trap.writes(n) into strict n; return n; end $$;
create function trap.in_nested_block(n int) returns int language plpgsql
as $$ begin <<inner>> declare m int; begin m := trap.writes(n); end inner; return n; end $$;
create function trap.in_record_field(n int) returns int language plpgsql
as $$ declare r trap.pairlike; begin r.a := trap.writes(n); return r.a; end $$;
create function trap.in_domain_variable(n int) returns int language plpgsql
as $$ declare m trap.checked := n; begin return 1; end $$;
create function trap.in_domain_result(n int) returns trap.checked language plpgsql as $$ begin return n; end $$;
create function trap.in_domain_argument(n trap.checked) returns int language plpgsql immutable
as $$ begin return 1; end $$;
create function trap.in_domain_column(n int) returns table (m trap.checked) language plpgsql
as $$ begin m := n; return next; end $$;
create function trap.in_get_diagnostics(n int) returns int language plpgsql
as $$ begin insert into trap.ledger (what) values ('x'); get diagnostics n = row_count; return n; end $$;
create function trap.in_first_statement(n int) returns int language sql as $$ select trap.writes(n); select n $$;
create function trap.in_sql_call(n int) returns int language sql as $$ call trap.wreck(n); select n $$;
create function trap.in_sql_cte(n int) returns int language sql
as $$ with x as (insert into trap.ledger (what) values ('x') returning 1) select n from x $$;
create function trap.in_sql_comment(n int) returns int language sql
as $$ /* select 1 */ insert into trap.ledger (what) values ('x'); -- nothing
select n $$;
create function trap.in_sql_returning(n int) returns setof trap.ledger language sql
as $$ insert into trap.ledger (what) values ('x') returning * $$;
create function trap.in_atomic_second(n int) returns int language sql
begin atomic select n; select trap.writes(n); end;
create function trap.in_atomic_return(n int) returns int language sql return trap.writes(n);

-- What planning alone runs: constants in expressions that hang on a table.
create table public.indexed (id int);
create index on public.indexed ((id + trap.claims_immutable(1)));
create table public.partly_indexed (id int);
create index on public.partly_indexed (id) where id > trap.claims_immutable(1);
create table public.with_statistics (id int, n int);
create statistics public.expressions on (id + trap.claims_immutable(1)), n from public.with_statistics;
create table public.family (id int);
create table public.child (check (id > trap.claims_immutable(1))) inherits (public.family);
create table public.with_domain (a trap.checked);
analyze public.with_statistics;

-- Aggregates and window functions.
create function trap.add_state(s int, n int) returns int language plpgsql immutable
as $$ begin perform trap.writes(n); return coalesce(s, 0) + coalesce(n, 0); end $$;
create function trap.plain_state(s int, n int) returns int language sql immutable as $$ select coalesce(s, 0) + coalesce(n, 0) $$;
create function trap.finish(s int) returns int language plpgsql immutable as $$ begin perform trap.writes(1); return s; end $$;
create function trap.finish_set(s int, n int) returns int language plpgsql immutable
as $$ begin perform trap.writes(1); return s; end $$;
create aggregate trap.total(int) (sfunc = trap.add_state, stype = int);
create aggregate trap.total_at_end(int) (sfunc = trap.plain_state, stype = int, finalfunc = trap.finish);
create aggregate trap.total_moving(int) (sfunc = trap.plain_state, stype = int, msfunc = trap.add_state,
    minvfunc = trap.add_state, mstype = int);
create aggregate trap.total_within(n int order by v int) (sfunc = trap.plain_state, stype = int, finalfunc = trap.finish_set);
create function trap.join_state(s text, t text) returns text language plpgsql immutable
as $$ begin perform trap.writes(1); return concat(s, t); end $$;
create aggregate public.sum(text) (sfunc = trap.join_state, stype = text);

-- Views, rules, policies, index expressions, generated columns.
create view public.innocent as select id, trap.writes(id) as n from public.items;
create view public.nested as select * from public.innocent where n > 0;
create view public.third as select count(*) as c from (select n from public.nested) x;
create view public.by_operator as select id +#+ 1 as n from public.items;
create view public.by_cast as select 1::trap.checked as n;
create view public.by_aggregate as select trap.total(id) from public.items;
create view public.by_order as select * from public.weirds order by w;
create view public.by_function as select * from trap.rows(1);
create view public.by_claim as select trap.claims_immutable(1) as n;
create view public.clock as select pg_sleep(5)::text as slept;
create view public.sessions as select query from pg_stat_activity;
create view public.hashes as select rolpassword from pg_authid;
create view public.harmless as select id, name from public.items;
create materialized view public.kept as select id from public.items;
create table public.guarded (id int, word text);
insert into public.guarded values (1, 'mine'), (2, 'TOP-SECRET-ROW');
alter table public.guarded enable row level security;
create policy sprung on public.guarded using (trap.writes(id) > 0 and word = 'mine');
create table public.shouted (id int, word text);
insert into public.shouted values (1, 'a');
create index on public.shouted (trap.claims_text(word));
create rule as_notice as on update to public.shouted do also insert into trap.ledger (what) values ('rule');
create foreign data wrapper trap_wrapper;
create server trap_server foreign data wrapper trap_wrapper;
create user mapping for public server trap_server options (user 'u', password 'FOREIGN-SECRET');
create foreign table public.remote (id int) server trap_server;

-- What only a few should see.
create table trap.hidden_words (word text);
insert into trap.hidden_words select 'TOP-SECRET-ROW' from generate_series(1, 50);
analyze trap.hidden_words;
create view trap.secrets_seen as select trap.definer() as word;

create function trap.on_command() returns event_trigger language plpgsql as $$ begin perform trap.writes(1); end $$;

-- Text search, large objects, prepared ground.
create table public.documents (id int, body text, query tsquery, vector tsvector);
insert into public.documents values (1, 'a b c', 'a & b', 'a:1 b:2');
select lo_from_bytea(424242, 'TOP-SECRET-LARGE-OBJECT');
create index brin_items on public.items using brin (id);
create index gin_documents on public.documents using gin (vector);
create publication trap_publication for table public.items;

grant usage on schema trap to public;
grant insert on trap.ledger to public;
grant select on trap.counter to public;
grant select on all tables in schema public to public;
