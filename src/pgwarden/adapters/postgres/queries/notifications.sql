-- Everything that pgwarden sends about notifications to its control database.
-- Loaded by name (sqlfile.py); values are parameters, always.

-- name: add_notification
insert into pgwarden_control.notification (id, ticket, kind, urgency, database, requester, at, summary)
values (%(id)s, %(ticket)s, %(kind)s, %(urgency)s, %(database)s, %(requester)s, %(at)s, %(summary)s)
on conflict (id) do nothing

-- name: add_delivery
insert into pgwarden_control.delivery
       (id, notification, person, channel, audience, status, due, held_for, created_at, sent_at)
values (%(id)s, %(notification)s, %(person)s, %(channel)s, %(audience)s, %(status)s, %(due)s, %(held_for)s,
        %(created_at)s, %(sent_at)s)
on conflict (notification, person, channel) do nothing

-- name: letter
-- One delivery with its notification.
select d.id, d.notification, d.person, d.channel, d.due, d.status, d.audience, d.held_for, d.attempts, d.error,
       d.reference, d.sent_at, d.read_at, n.id, n.kind, n.urgency, n.at, n.summary::text
  from pgwarden_control.delivery d join pgwarden_control.notification n on n.id = d.notification
 where d.id = %(id)s

-- name: letters_held
select d.id, d.notification, d.person, d.channel, d.due, d.status, d.audience, d.held_for, d.attempts, d.error,
       d.reference, d.sent_at, d.read_at, n.id, n.kind, n.urgency, n.at, n.summary::text
  from pgwarden_control.delivery d join pgwarden_control.notification n on n.id = d.notification
 where d.person = %(person)s and d.channel = %(channel)s and d.status = 'held' and d.due <= %(due)s
 order by d.number

-- name: letters_of_person
-- The dashboard: newest first.
select d.id, d.notification, d.person, d.channel, d.due, d.status, d.audience, d.held_for, d.attempts, d.error,
       d.reference, d.sent_at, d.read_at, n.id, n.kind, n.urgency, n.at, n.summary::text
  from pgwarden_control.delivery d join pgwarden_control.notification n on n.id = d.notification
 where d.person = %(person)s and d.channel = 'dashboard' and (d.read_at is null or not %(unread)s)
 order by d.number desc limit %(limit)s

-- name: letters_by_status
-- For whoever looks after the channels: newest first.
select d.id, d.notification, d.person, d.channel, d.due, d.status, d.audience, d.held_for, d.attempts, d.error,
       d.reference, d.sent_at, d.read_at, n.id, n.kind, n.urgency, n.at, n.summary::text
  from pgwarden_control.delivery d join pgwarden_control.notification n on n.id = d.notification
 where d.status = %(status)s
 order by d.number desc limit %(limit)s

-- name: letters_of_ticket
select d.id, d.notification, d.person, d.channel, d.due, d.status, d.audience, d.held_for, d.attempts, d.error,
       d.reference, d.sent_at, d.read_at, n.id, n.kind, n.urgency, n.at, n.summary::text
  from pgwarden_control.delivery d join pgwarden_control.notification n on n.id = d.notification
 where n.ticket = %(ticket)s
 order by d.number

-- name: settle_delivery
-- What was settled by another worker stays as it is.
update pgwarden_control.delivery
   set status = %(status)s, due = %(due)s, attempts = %(attempts)s, error = %(error)s, reference = %(reference)s,
       sent_at = %(sent_at)s
 where id = %(id)s and status = %(before)s and attempts = %(attempts_before)s

-- name: mark_read
update pgwarden_control.delivery set read_at = %(at)s
 where person = %(person)s and channel = 'dashboard' and read_at is null
   and (%(ids)s::text[] is null or id = any (%(ids)s::text[]))

-- name: recent_messages
-- What one person was sent at once since then, and how much of it one requester caused.
select count(distinct n.id), count(distinct n.id) filter (where n.requester = %(requester)s)
  from pgwarden_control.delivery d join pgwarden_control.notification n on n.id = d.notification
 where d.person = %(person)s and d.channel <> 'dashboard' and d.held_for = '' and d.created_at > %(since)s

-- name: preferences
select preferences::text from pgwarden_control.notification_preference where person = %(person)s

-- name: save_preferences
insert into pgwarden_control.notification_preference (person, preferences) values (%(person)s, %(preferences)s)
on conflict (person) do update set preferences = excluded.preferences

-- name: add_watch
insert into pgwarden_control.watch (person, kind, name) values (%(person)s, %(kind)s, %(name)s) on conflict do nothing

-- name: remove_watch
delete from pgwarden_control.watch where person = %(person)s and kind = %(kind)s and name = %(name)s

-- name: watches_of_person
select person, kind, name from pgwarden_control.watch where person = %(person)s order by kind, name

-- name: watches_of
select w.person, w.kind, w.name
  from unnest(%(kinds)s::text[], %(names)s::text[]) as given (kind, name)
  join pgwarden_control.watch w on w.kind = given.kind and w.name = given.name
 order by w.person, w.kind, w.name
