-- What pgwarden sends for the audit. Loaded by name (sqlfile.py); values are parameters, always.

-- name: lock_head
-- One appender at a time: the lock is held until the commit, so it is taken last. Nobody waits for it without end.
with patience as materialized (select pg_catalog.set_config('lock_timeout', '30s', true))
select chain::text, number, hash from pgwarden_control.audit_head cross join patience for update of audit_head

-- name: head
select chain::text, number, hash from pgwarden_control.audit_head

-- name: append
-- The entries, their personal values and the new end of the chain in one statement.
with entries as (
    insert into pgwarden_control.audit_entry
        (number, previous, hash, at, action, actor, outcome, database, subject, source, details, commitments)
    select e.number, e.previous, e.hash, e.at, e.action, e.actor, e.outcome, e.database, e.subject, e.source,
           e.details::json, e.commitments::json
    from json_to_recordset(%(entries)s) e(
        number bigint, previous text, hash text, at timestamptz, action text, actor text, outcome text, database text,
        subject text, source text, details text, commitments text)
), personal as (
    insert into pgwarden_control.audit_personal (number, name, salt, value)
    select p.number, p.name, p.salt, p.value
    from json_to_recordset(%(personal)s) p(number bigint, name text, salt text, value text)
)
update pgwarden_control.audit_head set number = %(last)s, hash = %(hash)s

-- name: append_behind
-- The same in one round trip, for who remembers the end of the chain: where it is another one by now, nothing is
-- written. Of two at once the second waits for the first to commit, and then finds another end.
select pgwarden_control.audit_append_behind(
    %(behind)s, %(behind_hash)s, %(entries)s, %(personal)s, %(last)s, %(hash)s, %(rights)s)

-- name: rights_in_force
select coalesce(max(number), 0) from pgwarden_control.rights_version

-- name: hash_at
select hash from pgwarden_control.audit_entry where number = %(number)s

-- name: use_keys
-- Two who copy the same at once: the second waits here for the first, and then gets no key.
insert into pgwarden_control.audit_key (key)
select distinct key from unnest(%(keys)s::text[]) key
order by key
on conflict do nothing
returning key

-- name: key
select key from pgwarden_control.audit_key where key = %(key)s

-- name: find
select number, previous, hash, at, action, actor, outcome, database, subject, source, details, commitments
from pgwarden_control.audit_entry
where (%(before)s::bigint is null or number < %(before)s)
  and (%(action)s = '' or action = %(action)s or action like %(noun)s)
  and (%(actor)s = '' or actor = %(actor)s)
  and (%(database)s = '' or database = %(database)s)
  and (%(subject)s = '' or subject = %(subject)s)
  and (%(outcome)s = '' or outcome = %(outcome)s)
  and (%(since)s::timestamptz is null or at >= %(since)s)
  and (%(until)s::timestamptz is null or at < %(until)s)
order by number desc
limit %(limit)s

-- name: entry
select number, previous, hash, at, action, actor, outcome, database, subject, source, details, commitments
from pgwarden_control.audit_entry
where number = %(number)s

-- name: entries_between
-- One batch of an export. The snapshot is the transaction's, so every batch sees the same chain.
select number, previous, hash, at, action, actor, outcome, database, subject, source, details, commitments
from pgwarden_control.audit_entry
where number > %(after)s
order by number
limit %(limit)s

-- name: personal_of
select number, name, value, salt from pgwarden_control.audit_personal
where number = any(%(numbers)s)
order by number, name

-- name: erase
delete from pgwarden_control.audit_personal p
using pgwarden_control.audit_entry e
where e.number = p.number
  and (p.number = any(%(entries)s)
       or (%(person)s <> '' and %(person)s in (e.actor, e.subject))
       or (%(containing)s <> '' and position(lower(%(containing)s) in lower(p.value)) > 0))
returning p.number

-- name: keep_checkpoint
insert into pgwarden_control.audit_checkpoint (chain, number, hash, at, public_key, signature, anchors)
values (%(chain)s, %(number)s, %(hash)s, %(at)s, %(public_key)s, %(signature)s, %(anchors)s::text[])
on conflict (signature) do update
set anchors = audit_checkpoint.anchors
    || array(select place from unnest(excluded.anchors) place where place <> all (audit_checkpoint.anchors))

-- name: checkpoints
select chain, number, hash, at, public_key, signature, anchors
from pgwarden_control.audit_checkpoint
order by number desc, at desc
limit %(limit)s

-- name: guards
-- What keeps people from changing the entries: the triggers with their function, and nothing beside them.
-- A rule, another trigger or row security could swallow or change what is appended.
select c.relname, t.tgname, t.tgenabled::text, t.tgtype, t.tgqual is null, p.prosrc
from pg_catalog.pg_class c
join pg_catalog.pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal
join pg_catalog.pg_proc p on p.oid = t.tgfoid
where c.relnamespace = 'pgwarden_control'::regnamespace and c.relname in ('audit_entry', 'audit_head', 'audit_personal')
order by c.relname, t.tgname

-- name: intruders
select c.relname, r.rulename, 'rule'
from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class
where c.relnamespace = 'pgwarden_control'::regnamespace and c.relkind = 'r' and c.relname like 'audit%%'
union all
select c.relname, c.relname, 'row security'
from pg_catalog.pg_class c
where c.relnamespace = 'pgwarden_control'::regnamespace and c.relname like 'audit%%' and c.relrowsecurity
union all
select c.relname, coalesce(r.rolname, 'everyone'), lower(a.privilege_type) || ' right'
from pg_catalog.pg_class c
cross join lateral aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
left join pg_catalog.pg_roles r on r.oid = a.grantee
where c.relnamespace = 'pgwarden_control'::regnamespace and c.relname = 'audit_entry'
  and a.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')
order by 1, 2, 3
