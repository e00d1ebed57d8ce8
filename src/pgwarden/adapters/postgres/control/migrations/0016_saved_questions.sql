-- Questions that people keep, share and have sent; and to whom each run of a schedule was sent.

create table pgwarden_control.saved_question (
    id           text        primary key,
    owner        text        not null,
    name         text        not null,
    shared_with  text        not null,
    changed_at   timestamptz not null,
    revision     bigint      not null,
    words        text        not null,   -- name, question and SQL in lower case, for the search
    content      json        not null
);

create unique index saved_question_by_name on pgwarden_control.saved_question (owner, name);
create index saved_question_by_share on pgwarden_control.saved_question (shared_with) where shared_with <> '';

create table pgwarden_control.saved_question_delivery (
    question  text        not null references pgwarden_control.saved_question on delete cascade,
    due       timestamptz not null,
    person    text        not null,
    at        timestamptz not null,
    primary key (question, due, person)
);

create index turn_by_time on pgwarden_control.turn (identity, number desc);
