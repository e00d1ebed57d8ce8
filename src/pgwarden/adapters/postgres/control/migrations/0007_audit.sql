-- What happened, as a chain: each entry's hash covers its content and the hash of the entry before.
-- docs/audit.md says how the hash is made, and what the chain can and cannot show.

create table pgwarden_control.audit_entry (
    number       bigint      primary key check (number > 0),
    previous     text        not null check (previous ~ '^[0-9a-f]{64}$'),
    hash         text        not null check (hash ~ '^[0-9a-f]{64}$'),
    at           timestamptz not null,
    action       text        not null,
    actor        text        not null,
    outcome      text        not null check (outcome in ('done', 'refused', 'failed')),
    database     text        not null,
    subject      text        not null,
    source       text        not null,
    details      json        not null,
    commitments  json        not null    -- of the personal values, by their name
);

create index audit_entry_by_at on pgwarden_control.audit_entry (at);
create index audit_entry_by_actor on pgwarden_control.audit_entry (actor, number);
create index audit_entry_by_subject on pgwarden_control.audit_entry (subject, number) where subject <> '';
create index audit_entry_by_action on pgwarden_control.audit_entry (action text_pattern_ops, number);

-- What a person may have erased later. No foreign key: its check would need the right to update the entries.
create table pgwarden_control.audit_personal (
    number  bigint not null,
    name    text   not null,
    salt    text   not null check (salt ~ '^[0-9a-f]{64}$'),
    value   text   not null,
    primary key (number, name)
);

-- The end of the chain, one row. Whoever appends locks it, last of all, until the commit.
create table pgwarden_control.audit_head (
    one     boolean primary key default true check (one),
    chain   uuid    not null,
    number  bigint  not null,
    hash    text    not null
);

insert into pgwarden_control.audit_head (chain, number, hash)
select chain, 0, encode(sha256(convert_to('pgwarden audit ' || chain, 'UTF8')), 'hex') from gen_random_uuid() chain;

-- Keys of entries that must not be written twice, such as those copied from a target's ledger.
create table pgwarden_control.audit_key (
    key     text   primary key
);

-- Signed statements about where the chain stood, and where each was taken.
create table pgwarden_control.audit_checkpoint (
    signature   text        primary key,
    chain       text        not null,
    number      bigint      not null,
    hash        text        not null,
    at          timestamptz not null,
    public_key  text        not null,
    anchors     text[]      not null
);

create index audit_checkpoint_by_number on pgwarden_control.audit_checkpoint (number desc, at desc);

create function pgwarden_control.audit_is_append_only() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
    raise exception '% on %: the audit is append-only', tg_op, tg_table_name
        using errcode = 'insufficient_privilege', hint = 'To erase personal values: pgwarden audit erase';
end $$;

create trigger append_only before update or delete or truncate on pgwarden_control.audit_entry
    for each statement execute function pgwarden_control.audit_is_append_only();
create trigger append_only before delete or truncate on pgwarden_control.audit_head
    for each statement execute function pgwarden_control.audit_is_append_only();
create trigger append_only before update or truncate on pgwarden_control.audit_personal
    for each statement execute function pgwarden_control.audit_is_append_only();

-- "always": session_replication_role does not switch them off.
alter table pgwarden_control.audit_entry enable always trigger append_only;
alter table pgwarden_control.audit_head enable always trigger append_only;
alter table pgwarden_control.audit_personal enable always trigger append_only;

revoke update, delete, truncate on pgwarden_control.audit_entry from current_user;
revoke delete, truncate on pgwarden_control.audit_head from current_user;
revoke update, truncate on pgwarden_control.audit_personal from current_user;
