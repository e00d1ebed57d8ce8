-- Entries behind the end of the chain that the appender remembers: as a function, whose plans a connection makes once.
-- As a statement it was planned at every entry, which took the server as long as writing it. A PgBouncer may stand in
-- between: nothing is prepared.
--
-- 'written', or why nothing was: 'moved' where the chain ends elsewhere, 'rights' where the data rights in force are of
-- another version than the one that what is told of was decided by (null: it was decided by none).

create function pgwarden_control.audit_append_behind(
    behind bigint, behind_hash text, entries json, personal json, last bigint, last_hash text, rights integer
) returns text
language plpgsql as $$
begin
    -- Of two at once the second waits here for the first to commit, not without end, and then finds another end.
    perform pg_catalog.set_config('lock_timeout', '30s', true);
    perform from pgwarden_control.audit_head h where h.number = behind and h.hash = behind_hash for update;
    if not found then
        return 'moved';
    end if;
    if rights <> (select coalesce(max(v.number), 0) from pgwarden_control.rights_version v) then
        return 'rights';
    end if;
    update pgwarden_control.audit_head set number = last, hash = last_hash;
    insert into pgwarden_control.audit_entry
        (number, previous, hash, at, action, actor, outcome, database, subject, source, details, commitments)
    select e.number, e.previous, e.hash, e.at, e.action, e.actor, e.outcome, e.database, e.subject, e.source,
           e.details::json, e.commitments::json
    from pg_catalog.json_to_recordset(entries) e(
        number bigint, previous text, hash text, at timestamptz, action text, actor text, outcome text, database text,
        subject text, source text, details text, commitments text);
    insert into pgwarden_control.audit_personal (number, name, salt, value)
    select p.number, p.name, p.salt, p.value
    from pg_catalog.json_to_recordset(personal) p(number bigint, name text, salt text, value text);
    return 'written';
end $$;
