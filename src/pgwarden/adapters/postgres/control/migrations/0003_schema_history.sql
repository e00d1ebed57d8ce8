-- How each target's structure changed, and how its tables belong together.

create table pgwarden_control.schema_version (
    number    bigint      generated always as identity primary key,
    database  text        not null,
    version   text        not null,   -- not unique: a structure that comes back comes back with its version
    at        timestamptz not null,
    diff      json        not null,
    snapshot  text                    -- the whole structure as JSON; null once newer ones took its place
);

create index schema_version_by_database on pgwarden_control.schema_version (database, number desc);

create table pgwarden_control.relationship_set (
    database  text primary key,
    version   text not null
);

create table pgwarden_control.relationship (
    database         text             not null references pgwarden_control.relationship_set on delete cascade,
    position         integer          not null,
    schema_name      text             not null,
    table_name       text             not null,
    columns          text[]           not null,
    foreign_schema   text             not null,
    foreign_table    text             not null,
    foreign_columns  text[]           not null,
    inferred         boolean          not null,
    score            double precision not null check (score between 0 and 1),
    evidence         text             not null,
    primary key (database, position),
    check (cardinality(columns) = cardinality(foreign_columns) and cardinality(columns) > 0)
);
