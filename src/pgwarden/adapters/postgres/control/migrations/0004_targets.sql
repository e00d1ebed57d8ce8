-- The registered target databases. Never a password: only where it comes from.

create table pgwarden_control.target (
    name               text    primary key,
    conninfo           text    not null check (conninfo !~* 'password\s*='),
    password_variable  text    not null,
    passfile           text    not null,
    password_command   text[]  not null,
    allow_writes       boolean not null,
    owner              text    not null,
    notes              text    not null,
    check ((password_variable <> '')::int + (passfile <> '')::int + (password_command <> '{}')::int <= 1)
);
