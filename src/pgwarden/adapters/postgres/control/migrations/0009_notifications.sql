-- What people were told, over which channels, and how that went. Counts and statements only, never a row's values.

create table pgwarden_control.notification (
    id         text        primary key,   -- the same event has the same id: told again, it changes nothing
    number     bigint      generated always as identity,
    ticket     text        not null,
    kind       text        not null,
    urgency    text        not null,
    database   text        not null,
    requester  text        not null,
    at         timestamptz not null,
    summary    json        not null       -- the ticket as it stood then
);

create index notification_by_ticket on pgwarden_control.notification (ticket, number);

create table pgwarden_control.delivery (
    id            text        primary key,
    notification  text        not null references pgwarden_control.notification,
    number        bigint      generated always as identity,
    person        text        not null,   -- '' for the channels that everyone shares
    channel       text        not null,
    audience      text        not null,
    status        text        not null,
    due           timestamptz not null,
    held_for      text        not null default '',
    attempts      integer     not null default 0,
    error         text        not null default '',
    reference     text        not null default '',   -- what the channel calls the message
    created_at    timestamptz not null,
    sent_at       timestamptz,
    read_at       timestamptz,
    unique (notification, person, channel)
);

create index delivery_by_person on pgwarden_control.delivery (person, channel, number desc);
create index delivery_recent on pgwarden_control.delivery (person, created_at);
create index delivery_held on pgwarden_control.delivery (person, channel, due) where status = 'held';
create index delivery_dead on pgwarden_control.delivery (number desc) where status = 'dead';

create table pgwarden_control.notification_preference (
    person       text  primary key,
    preferences  json  not null
);

create table pgwarden_control.watch (
    person  text not null,
    kind    text not null check (kind in ('ticket', 'table', 'database')),
    name    text not null,
    primary key (kind, name, person)
);

create index watch_by_person on pgwarden_control.watch (person);
