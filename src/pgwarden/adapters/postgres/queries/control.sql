-- Everything that pgwarden sends to its control database, except the migrations.
-- Loaded by name (sqlfile.py); values are parameters, always.

-- name: encoding
-- Text must come back as it was given, whatever language it is in.
select current_setting('server_encoding')

-- name: schema_is_ours
-- No row when there is none yet. In a schema of someone else, their triggers would run with our rights.
select pg_catalog.pg_has_role(nspowner, 'usage') from pg_catalog.pg_namespace where nspname = 'pgwarden_control'

-- name: migration_table_exists
-- Read from the catalog's tables, not by to_regclass(): that one may answer from this connection's cache of names, which
-- does not know yet what another starter committed while this one waited for the lock.
select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where n.nspname = 'pgwarden_control' and c.relname = 'migration')

-- name: create_schema
create schema pgwarden_control;
revoke all on schema pgwarden_control from public

-- name: create_migration_table
create table pgwarden_control.migration (
    number      integer     primary key,
    name        text        not null,
    sha256      text        not null,
    applied_at  timestamptz not null default now(),
    applied_by  text        not null default current_user
)

-- name: lock_migrations
-- One starter at a time. The key is "pgwarden" in ASCII, so that no other application takes it by chance.
select pg_catalog.pg_advisory_xact_lock(x'706777617264656e'::bigint)

-- name: applied_migrations
select number, name, sha256 from pgwarden_control.migration order by number

-- name: record_migration
insert into pgwarden_control.migration (number, name, sha256) values (%(number)s, %(name)s, %(sha256)s)

-- name: add_target
insert into pgwarden_control.target
    (name, conninfo, password_variable, passfile, password_command, allow_writes, owner, notes)
values (%(name)s, %(conninfo)s, %(variable)s, %(passfile)s, %(command)s::text[], %(allow_writes)s, %(owner)s, %(notes)s)
on conflict (name) do nothing

-- name: replace_target
update pgwarden_control.target
set conninfo = %(conninfo)s, password_variable = %(variable)s, passfile = %(passfile)s,
    password_command = %(command)s::text[], allow_writes = %(allow_writes)s, owner = %(owner)s, notes = %(notes)s
where name = %(name)s

-- name: target
select name, conninfo, password_variable, passfile, password_command, allow_writes, owner, notes
from pgwarden_control.target
where name = %(name)s

-- name: targets
select name, conninfo, password_variable, passfile, password_command, allow_writes, owner, notes
from pgwarden_control.target
order by name collate "C"

-- name: remove_target
delete from pgwarden_control.target where name = %(name)s

-- name: current_rights
select v.number, v.author, v.at,
       r.position, r.subject, r.access, r.database, r.schema_name, r.table_name, r.column_name, r.sensitive_only
from (select * from pgwarden_control.rights_version order by number desc limit 1) v
left join pgwarden_control.data_right r using (number)
order by r.position

-- name: rights_history
select v.number, v.author, v.at,
       r.position, r.subject, r.access, r.database, r.schema_name, r.table_name, r.column_name, r.sensitive_only
from (select * from pgwarden_control.rights_version order by number desc limit %(limit)s) v
left join pgwarden_control.data_right r using (number)
order by v.number desc, r.position

-- name: add_rights_version
-- Nothing is inserted unless it follows the version in force; of two at once the primary key lets one through.
insert into pgwarden_control.rights_version (number, author, at)
select %(number)s, %(author)s, %(at)s
where %(number)s = (select coalesce(max(number), 0) + 1 from pgwarden_control.rights_version)
on conflict (number) do nothing

-- name: add_right
insert into pgwarden_control.data_right
    (number, position, subject, access, database, schema_name, table_name, column_name, sensitive_only)
values (%(number)s, %(position)s, %(subject)s, %(access)s, %(database)s, %(schema)s, %(table)s, %(column)s,
        %(sensitive_only)s)

-- name: open_session
insert into pgwarden_control.session (id, identity, database, started, last_used, title)
values (%(id)s, %(identity)s, %(database)s, %(started)s, %(last_used)s, %(title)s)
on conflict (identity, id) do nothing

-- name: session
select id, identity, database, started, last_used, title
from pgwarden_control.session
where id = %(id)s and identity = %(identity)s

-- name: sessions_of_identity
select id, identity, database, started, last_used, title
from pgwarden_control.session
where identity = %(identity)s
order by last_used desc, id collate "C"
limit %(limit)s

-- name: use_session
-- The row lock makes turns of one session come one after the other.
update pgwarden_control.session
set last_used = greatest(last_used, %(at)s)
where id = %(id)s and identity = %(identity)s

-- name: add_turn
insert into pgwarden_control.turn (identity, id, session_id, at, database, question, sql, state)
values (%(identity)s, %(id)s, %(session_id)s, %(at)s, %(database)s, %(question)s, %(sql)s, %(state)s)
on conflict (identity, id) do nothing

-- name: forget_old_turns
delete from pgwarden_control.turn
where identity = %(identity)s and session_id = %(session_id)s
  and number <= (select number from pgwarden_control.turn
                 where identity = %(identity)s and session_id = %(session_id)s
                 order by number desc
                 offset %(kept)s limit 1)

-- name: turns_of_session
select id, at, database, question, sql, state::text
from pgwarden_control.turn
where identity = %(identity)s and session_id = %(session_id)s
order by number

-- name: turn
select id, at, database, question, sql, state::text
from pgwarden_control.turn
where id = %(id)s and identity = %(identity)s

-- name: turns_of_identity
select id, at, database, question, sql, state::text
from pgwarden_control.turn
where identity = %(identity)s and strpos(lower(question || ' ' || coalesce(sql, '')), %(text)s) > 0
order by number desc
limit %(limit)s

-- name: delete_session
delete from pgwarden_control.session where id = %(id)s and identity = %(identity)s

-- name: delete_sessions_of_identity
delete from pgwarden_control.session where identity = %(identity)s

-- name: save_feedback
-- A judgement that was changed counts as the newest: it gets a new number.
insert into pgwarden_control.feedback
    (question_id, identity, database, question, sql, is_right, corrected_sql, at)
values (%(question_id)s, %(identity)s, %(database)s, %(question)s, %(sql)s, %(right)s, %(corrected_sql)s, %(at)s)
on conflict (question_id, identity) do update
set database = excluded.database, question = excluded.question, sql = excluded.sql, is_right = excluded.is_right,
    corrected_sql = excluded.corrected_sql, at = excluded.at, number = default

-- name: feedback
select question_id, identity, database, question, sql, is_right, at, corrected_sql
from pgwarden_control.feedback
where question_id = %(question_id)s and identity = %(identity)s

-- name: feedback_on_database
select question_id, identity, database, question, sql, is_right, at, corrected_sql
from pgwarden_control.feedback
where database = %(database)s
order by number desc
limit %(limit)s

-- name: feedback_by_identity
select question_id, identity, database, question, sql, is_right, at, corrected_sql
from pgwarden_control.feedback
where identity = %(identity)s
order by number desc

-- name: examples
-- What someone vouched for: a confirmed answer, or a correction.
select question, coalesce(nullif(corrected_sql, ''), sql), identity, at
from pgwarden_control.feedback
where database = %(database)s
  and (%(identity)s::text is null or identity = %(identity)s)
  and (corrected_sql <> '' or (is_right and sql <> ''))
order by number desc
limit %(limit)s

-- name: delete_feedback
delete from pgwarden_control.feedback where question_id = %(question_id)s and identity = %(identity)s

-- name: delete_feedback_of_identity
delete from pgwarden_control.feedback where identity = %(identity)s

-- name: save_term
insert into pgwarden_control.glossary_term (database, key, term, meaning, author, at)
values (%(database)s, %(key)s, %(term)s, %(meaning)s, %(author)s, %(at)s)
on conflict (database, key) do update
set term = excluded.term, meaning = excluded.meaning, author = excluded.author, at = excluded.at

-- name: terms
select term, meaning, author, at from pgwarden_control.glossary_term
where database = %(database)s
order by key collate "C"

-- name: delete_term
delete from pgwarden_control.glossary_term where database = %(database)s and key = %(key)s

-- name: lock_history
-- Recording is rare; one process at a time per target, so that none compares with a version that is not the latest.
select pg_catalog.pg_advisory_xact_lock(x'706777'::integer, pg_catalog.hashtext(%(database)s))

-- name: latest_version
select version, at, diff::text from pgwarden_control.schema_version
where database = %(database)s
order by number desc
limit 1

-- name: record_version
insert into pgwarden_control.schema_version (database, version, at, diff, snapshot)
values (%(database)s, %(version)s, %(at)s, %(diff)s, %(snapshot)s)

-- name: forget_old_snapshots
update pgwarden_control.schema_version set snapshot = null
where database = %(database)s and snapshot is not null
  and number <= (select number from pgwarden_control.schema_version
                 where database = %(database)s
                 order by number desc
                 offset %(kept)s limit 1)

-- name: versions
select version, at, diff::text from pgwarden_control.schema_version
where database = %(database)s
order by number desc
limit %(limit)s

-- name: snapshot
select snapshot from pgwarden_control.schema_version
where database = %(database)s and version = %(version)s and snapshot is not null
order by number desc
limit 1

-- name: relationships
select s.version, r.schema_name, r.table_name, r.columns, r.foreign_schema, r.foreign_table, r.foreign_columns,
       r.inferred, r.score, r.evidence
from pgwarden_control.relationship_set s left join pgwarden_control.relationship r using (database)
where s.database = %(database)s
order by r.position

-- name: save_relationship_set
insert into pgwarden_control.relationship_set (database, version) values (%(database)s, %(version)s)
on conflict (database) do update set version = excluded.version

-- name: delete_relationships
delete from pgwarden_control.relationship where database = %(database)s

-- name: add_relationship
insert into pgwarden_control.relationship
    (database, position, schema_name, table_name, columns, foreign_schema, foreign_table, foreign_columns,
     inferred, score, evidence)
values (%(database)s, %(position)s, %(schema)s, %(table)s, %(columns)s, %(foreign_schema)s, %(foreign_table)s,
        %(foreign_columns)s, %(inferred)s, %(score)s, %(evidence)s)

-- name: reserve_model_call
-- No row when it would go over a budget. The row of everyone is taken first, so that two calls wait for each other.
insert into pgwarden_control.model_use as kept (day, identity, calls, tokens, cost)
select %(day)s, %(identity)s, 1, %(tokens)s::bigint, %(cost)s::numeric
where %(tokens)s::bigint <= %(most_tokens)s::bigint and %(cost)s::numeric <= %(most_cost)s::numeric
on conflict (day, identity) do update
set calls = kept.calls + 1, tokens = kept.tokens + excluded.tokens, cost = kept.cost + excluded.cost
where kept.tokens + excluded.tokens <= %(most_tokens)s::bigint and kept.cost + excluded.cost <= %(most_cost)s::numeric
returning tokens

-- name: settle_model_call
update pgwarden_control.model_use
set tokens = tokens + %(tokens)s::bigint, cost = cost + %(cost)s::numeric, unpriced = unpriced + %(unpriced)s::bigint
where day = %(day)s and identity = %(identity)s

-- name: reserve_by_model
insert into pgwarden_control.model_use_by_model as kept (day, identity, model, calls, tokens, cost)
values (%(day)s, %(identity)s, %(model)s, 1, %(tokens)s, %(cost)s)
on conflict (day, identity, model) do update
set calls = kept.calls + 1, tokens = kept.tokens + excluded.tokens, cost = kept.cost + excluded.cost

-- name: settle_by_model
update pgwarden_control.model_use_by_model
set tokens = tokens + %(tokens)s::bigint, cost = cost + %(cost)s::numeric, unpriced = unpriced + %(unpriced)s::bigint
where day = %(day)s and identity = %(identity)s and model = %(model)s

-- name: model_use_by_model
-- Each identity's, and everyone's together under ''.
select day, coalesce(identity, ''), model, sum(calls)::bigint, sum(tokens)::bigint, sum(cost)::double precision,
       sum(unpriced)::bigint
from pgwarden_control.model_use_by_model where day >= %(since)s
group by grouping sets ((day, identity, model), (day, model)) order by day desc, 2, model

-- name: model_use
select day, identity, calls, tokens, cost::double precision, unpriced from pgwarden_control.model_use
where day >= %(since)s order by day desc, identity

-- name: model_circuit_taken
select failures, extract(epoch from opened_at)::double precision, said,
       extract(epoch from clock_timestamp())::double precision
from pgwarden_control.model_circuit where model = %(model)s for update

-- name: model_circuits
select model, failures, extract(epoch from opened_at)::double precision, said,
       extract(epoch from clock_timestamp())::double precision
from pgwarden_control.model_circuit order by model

-- name: new_model_circuit
insert into pgwarden_control.model_circuit (model, failures) values (%(model)s, 0) on conflict (model) do nothing

-- name: keep_model_circuit
insert into pgwarden_control.model_circuit (model, failures, opened_at, said)
values (%(model)s, %(failures)s, to_timestamp(%(opened_at)s::double precision), %(said)s)
on conflict (model) do update
set failures = excluded.failures, opened_at = excluded.opened_at, said = excluded.said

-- name: drop_model_circuit
delete from pgwarden_control.model_circuit where model = %(model)s

-- name: user_preferences
select name, value from pgwarden_control.user_preference where identity = %(identity)s order by name collate "C"

-- name: set_preference
insert into pgwarden_control.user_preference (identity, name, value, at)
values (%(identity)s, %(name)s, %(value)s, %(at)s)
on conflict (identity, name) do update set value = excluded.value, at = excluded.at

-- name: unset_preference
delete from pgwarden_control.user_preference where identity = %(identity)s and name = %(name)s

-- name: delete_preferences
delete from pgwarden_control.user_preference where identity = %(identity)s

-- name: note_trouble
insert into pgwarden_control.trouble (database, code, pattern, question, form, first_at, last_at, worst_ms, what)
values (%(database)s, %(code)s, %(pattern)s, %(question)s, %(form)s, %(at)s, %(at)s, %(milliseconds)s, %(what)s)
on conflict (database, pattern, code, question) do update
set times = trouble.times + 1, last_at = greatest(trouble.last_at, excluded.last_at),
    worst_ms = greatest(trouble.worst_ms, excluded.worst_ms), what = excluded.what

-- name: forget_old_troubles
-- What did not happen again for long, and what is beyond the most that is kept of a database.
delete from pgwarden_control.trouble
where last_at < %(before)s
   or (database = %(database)s
       and last_at < (select last_at from pgwarden_control.trouble where database = %(database)s
                      order by last_at desc offset %(kept)s limit 1))

-- name: troubles_of_statement
select database, code, pattern, form, question, times, first_at, last_at, worst_ms, what, helped, helped_at
from pgwarden_control.trouble
where database = %(database)s and (pattern = %(pattern)s or (question = %(question)s and question <> ''))
order by last_at desc
limit 20

-- name: troubles
select database, code, pattern, form, question, times, first_at, last_at, worst_ms, what, helped, helped_at
from pgwarden_control.trouble
where %(database)s::text is null or database = %(database)s
order by times desc, last_at desc
limit %(limit)s

-- name: note_remedy
update pgwarden_control.trouble set helped = %(helped)s, helped_at = %(at)s
where database = %(database)s and pattern = %(pattern)s and code = %(code)s and question = %(question)s

-- name: add_mcp_use
-- In the order of accounts, so that processes that save at once wait for each other rather than deadlock.
insert into pgwarden_control.mcp_use as kept (account, minute, calls, rows, bytes, seconds)
select given.account, date_trunc('minute', now()), given.calls, given.rows, given.bytes, given.seconds
from unnest(%(accounts)s::text[], %(calls)s::bigint[], %(rows)s::bigint[], %(bytes)s::bigint[],
            %(seconds)s::double precision[]) as given (account, calls, rows, bytes, seconds)
order by given.account
on conflict (account, minute) do update
set calls = kept.calls + excluded.calls, rows = kept.rows + excluded.rows, bytes = kept.bytes + excluded.bytes,
    seconds = kept.seconds + excluded.seconds

-- name: drop_old_mcp_use
-- Rows that another process is dropping are left to it.
delete from pgwarden_control.mcp_use where ctid = any(array(
    select ctid from pgwarden_control.mcp_use where minute < now() - interval '2 hours' for update skip locked
))

-- name: mcp_use_of_the_hour
select account, extract(epoch from now() - min(minute))::double precision,
       sum(calls)::bigint, sum(rows)::bigint, sum(bytes)::bigint, sum(seconds)
from pgwarden_control.mcp_use
where (%(accounts)s::text[] is null or account = any(%(accounts)s)) and minute > now() - interval '61 minutes'
group by account
