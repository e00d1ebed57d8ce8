-- Who there is, how they prove it, and who stands in for whom. No password, token or login secret: only hashes.

create table pgwarden_control.person (
    name       text     primary key check (name <> ''),
    kind       text     not null check (kind in ('person', 'service', 'agent')),
    full_name  text     not null,
    roles      text[]   not null check (roles <@ '{requester,approver,auditor,admin}'),
    level      integer  not null check (level between 0 and 3),
    groups     text[]   not null,
    email      text     not null,
    phone      text     not null,
    slack      text     not null,
    zone       text     not null,
    backup     text     not null,
    active     boolean  not null,
    owner      text     not null,   -- of a service or agent: the person who answers for it
    check (kind = 'person' or (level = 0 and not roles && '{approver,admin}'))
);

-- A mail address or a Slack member leads to one account at most: decisions arrive through them.
create unique index person_by_email on pgwarden_control.person (lower(email)) where email <> '';
create unique index person_by_slack on pgwarden_control.person (slack) where slack <> '';

create table pgwarden_control.credential (
    person         text        primary key references pgwarden_control.person,
    password_hash  text        not null check (password_hash = '' or password_hash like '$argon2id$%'),
    must_change    boolean     not null,
    changed_at     timestamptz not null,
    totp_secret    bytea       not null,
    totp_step      bigint      not null
);

-- Wrong attempts by the name that was given, whether or not there is such an account: both look the same from outside.
create table pgwarden_control.login_attempt (
    name          text        primary key,
    failures      integer     not null check (failures >= 0),
    last_at       timestamptz not null,
    locked_until  timestamptz
);

create table pgwarden_control.login (
    id           text        primary key,
    secret_hash  text        not null unique check (secret_hash ~ '^[0-9a-f]{64}$'),
    person       text        not null references pgwarden_control.person,
    method       text        not null,
    source       text        not null,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    ended_at     timestamptz
);

create index login_by_person on pgwarden_control.login (person);

create table pgwarden_control.api_token (
    id           text        primary key,
    secret_hash  text        not null unique check (secret_hash ~ '^[0-9a-f]{64}$'),
    person       text        not null references pgwarden_control.person,
    label        text        not null,
    scopes       text[]      not null,
    databases    text[]      not null,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    revoked_at   timestamptz
);

create index api_token_by_person on pgwarden_control.api_token (person);

create table pgwarden_control.delegation (
    giver    text        not null references pgwarden_control.person,
    deputy   text        not null references pgwarden_control.person,
    starts   timestamptz not null,
    ends     timestamptz not null check (ends >= starts),
    reason   text        not null,
    primary key (giver, deputy, starts),
    check (giver <> deputy)
);

-- Which account a provider's subject is: by the subject, since a mail address may be given to somebody else later.
create table pgwarden_control.provider_subject (
    issuer   text not null,
    subject  text not null,
    person   text not null references pgwarden_control.person,
    primary key (issuer, subject)
);
