-- Conversations, judgements on answers, and a team's own words.
-- JSON is kept in "json", not "jsonb": it comes back exactly as it was given, whatever characters it escapes.

create table pgwarden_control.session (
    identity   text        not null,
    id         text        not null,   -- people name their sessions: the same name of two people is two sessions
    database   text        not null,
    started    timestamptz not null,
    last_used  timestamptz not null,
    title      text        not null,
    primary key (identity, id)
);

create index session_by_identity on pgwarden_control.session (identity, last_used desc);

create table pgwarden_control.turn (
    identity    text        not null,
    id          text        not null,
    session_id  text        not null,
    number      bigint      generated always as identity,   -- the order of turns, whatever their clocks said
    at          timestamptz not null,
    database    text        not null,
    question    text        not null,
    sql         text,
    state       json        not null,
    primary key (identity, id),
    foreign key (identity, session_id) references pgwarden_control.session on delete cascade
);

create index turn_by_session on pgwarden_control.turn (identity, session_id, number);

create table pgwarden_control.feedback (
    question_id    text        not null,
    identity       text        not null,
    database       text        not null,
    question       text        not null,
    sql            text,
    is_right       boolean     not null,
    corrected_sql  text,
    at             timestamptz not null,
    number         bigint      generated always as identity,   -- the order of saying, newest last
    primary key (question_id, identity)
);

create index feedback_by_database on pgwarden_control.feedback (database, number desc);
create index feedback_by_identity on pgwarden_control.feedback (identity);

create table pgwarden_control.glossary_term (
    database  text        not null,
    key       text        not null,   -- the term without regard to letter case and spacing
    term      text        not null,
    meaning   text        not null,
    author    text        not null,
    at        timestamptz not null,
    primary key (database, key)
);
