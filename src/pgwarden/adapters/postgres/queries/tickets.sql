-- What pgwarden sends for tickets. Values are parameters, always.

-- name: open_ticket
insert into pgwarden_control.ticket
    (id, opened_at, database, requester, kind, operation, urgency, tables, status, ends_at, events)
values (%(id)s, %(opened_at)s, %(database)s, %(requester)s, %(kind)s, %(operation)s, %(urgency)s, %(tables)s,
        %(status)s, %(ends_at)s, %(events)s)
on conflict (id) do nothing

-- name: lock_ticket
-- Whoever decides on the same ticket at the same time waits here, and then sees another number of events.
select events from pgwarden_control.ticket where id = %(id)s for update

-- name: update_ticket
update pgwarden_control.ticket
set operation = %(operation)s, urgency = %(urgency)s, tables = %(tables)s, status = %(status)s, ends_at = %(ends_at)s,
    events = %(events)s
where id = %(id)s

-- name: add_ticket_events
insert into pgwarden_control.ticket_event (ticket_id, number, kind, actor, at, content)
select %(id)s, %(first)s + e.position - 1, e.kind, e.actor, e.at, e.content
from unnest(%(kinds)s::text[], %(actors)s::text[], %(at)s::timestamptz[], %(contents)s::json[])
    with ordinality e (kind, actor, at, content, position)

-- name: add_ticket_execution
insert into pgwarden_control.ticket_execution (execution_id, ticket_id) values (%(execution_id)s, %(id)s)

-- name: ticket_events
select ticket_id, kind, content::text from pgwarden_control.ticket_event where ticket_id = %(id)s order by number

-- name: wanted_tickets
-- The newest tickets that are wanted, and how they stand.
select t.id, t.number, t.events, case when t.ends_at <= %(at)s then 'EXPIRED' else t.status end as status
from pgwarden_control.ticket t
where (%(database)s = '' or t.database = %(database)s)
  and (%(requester)s = '' or t.requester = %(requester)s)
  and (%(kind)s = '' or t.kind = %(kind)s)
  and (%(operation)s = '' or t.operation = %(operation)s)
  and (%(urgencies)s::text[] = '{}' or t.urgency = any (%(urgencies)s))
  and (%(table)s = '' or t.tables @> array[%(table)s::text])
  and (%(since)s::timestamptz is null or t.opened_at >= %(since)s)
  and (%(until)s::timestamptz is null or t.opened_at < %(until)s)
  and (%(execution_id)s = '' or exists (
          select from pgwarden_control.ticket_execution x
          where x.ticket_id = t.id and x.execution_id = %(execution_id)s))
  and (%(statuses)s::text[] = '{}' or
       case when t.ends_at <= %(at)s then 'EXPIRED' else t.status end = any (%(statuses)s))
order by t.number desc
limit %(limit)s

-- name: find_tickets
-- Each with all its events in order.
with wanted as (
    -- include: wanted_tickets
)
select w.id, e.kind, e.content::text
from wanted w join pgwarden_control.ticket_event e on e.ticket_id = w.id
order by w.number desc, e.number

-- name: ticket_outcomes
with wanted as (
    -- include: wanted_tickets
)
select id, status from wanted order by number desc

-- name: tickets_mark
-- Of the wanted tickets and how they stand: another ticket, event or status makes another one.
with wanted as (
    -- include: wanted_tickets
)
select pg_catalog.hashtextextended(coalesce(string_agg(concat_ws(' ', id, events, status), ',' order by number), ''), 0)::text
from wanted

-- name: writes_go_on
-- Held until the end of a claim's transaction: whoever freezes waits for it, and comes after it.
select pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('pgwarden write switch', 0))

-- name: writes_change
select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('pgwarden write switch', 0))

-- name: write_switch
select frozen, actor, reason, at from pgwarden_control.write_switch order by number desc limit 1

-- name: switch_writes
insert into pgwarden_control.write_switch (frozen, actor, reason, at)
values (%(frozen)s, %(actor)s, %(reason)s, %(at)s)
