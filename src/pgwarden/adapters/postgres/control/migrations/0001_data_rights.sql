-- Who may see which data. A version is never changed: an edit writes the next one, so what held at any
-- moment can be read back.

create table pgwarden_control.rights_version (
    number  integer     primary key check (number > 0),
    author  text        not null,
    at      timestamptz not null
);

create table pgwarden_control.data_right (
    number          integer not null references pgwarden_control.rights_version,
    position        integer not null check (position >= 0),
    subject         text    not null,
    access          text    not null check (access in ('deny', 'masked', 'read')),
    database        text    not null,
    schema_name     text    not null,
    table_name      text    not null,
    column_name     text    not null,
    sensitive_only  boolean not null,
    primary key (number, position)
);
