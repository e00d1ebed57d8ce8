-- Tickets: what was asked for and everything that happened to it, as events that are never changed.
-- The row in "ticket" only repeats what is searched for; where a ticket stands is computed from its events.

create table pgwarden_control.ticket (
    id         text        primary key,
    number     bigint      generated always as identity,   -- the order of opening, whatever the clocks said
    opened_at  timestamptz not null,
    database   text        not null,
    requester  text        not null,
    kind       text        not null,
    operation  text        not null,
    urgency    text        not null,
    tables     text[]      not null,
    status     text        not null,   -- as of its last event
    ends_at    timestamptz,            -- when time alone makes it EXPIRED
    events     integer     not null check (events > 0)
);

create index ticket_by_number on pgwarden_control.ticket (number desc);
create index ticket_by_status on pgwarden_control.ticket (status, number desc);
create index ticket_by_requester on pgwarden_control.ticket (requester, number desc);
create index ticket_by_tables on pgwarden_control.ticket using gin (tables);

create table pgwarden_control.ticket_event (
    ticket_id  text        not null references pgwarden_control.ticket,
    number     integer     not null check (number > 0),
    kind       text        not null,
    actor      text        not null,
    at         timestamptz not null,
    content    json        not null,   -- "json", not "jsonb": it comes back exactly as it was sealed
    primary key (ticket_id, number)
);

create table pgwarden_control.ticket_execution (
    execution_id  text primary key,
    ticket_id     text not null references pgwarden_control.ticket
);

create index ticket_execution_by_ticket on pgwarden_control.ticket_execution (ticket_id);

create function pgwarden_control.refuse_rewriting() returns trigger language plpgsql as $$
begin
    raise exception 'what happened to a ticket is never changed' using errcode = 'restrict_violation';
end $$;

create trigger append_only before update or delete on pgwarden_control.ticket_event
    for each row execute function pgwarden_control.refuse_rewriting();

-- Every use of the global switch; the newest row holds. Without any, writes may run.
create table pgwarden_control.write_switch (
    number  bigint      generated always as identity primary key,
    frozen  boolean     not null,
    actor   text        not null,
    reason  text        not null,
    at      timestamptz not null
);
