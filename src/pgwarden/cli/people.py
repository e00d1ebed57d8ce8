"""``pgwarden people``: who there is, what they may do, and how they prove it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pgwarden.cli.door import Json, open_app
from pgwarden.cli.login import FromInput, ask_password
from pgwarden.cli.proof import require_proof
from pgwarden.cli.render import console, emit_json, print_facts
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Person, Role
from pgwarden.domain.quantity import counted

if TYPE_CHECKING:
    from pgwarden.bootstrap import App

app = typer.Typer(help="Who there is, what they may do, and how they prove it.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The account's name.")]
Roles = Annotated[list[Role] | None, typer.Option("--role", help="A role; repeat for more. They replace the old ones.")]
Level = Annotated[int | None, typer.Option("--level", min=0, max=3, help="1 team lead, 2 manager, 3 director.")]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="A group; repeat for more. They replace the old ones.")
]
Email = Annotated[str | None, typer.Option("--email", help="Mail address.")]
Phone = Annotated[str | None, typer.Option("--phone", help="For urgent text messages, like +491701234567.")]
Slack = Annotated[str | None, typer.Option("--slack", help="Slack member id, like U012AB3CD.")]
Zone = Annotated[str | None, typer.Option("--zone", help="Time zone, like Europe/Berlin.")]
FullName = Annotated[str | None, typer.Option("--full-name", help="The name as people say it.")]
Backup = Annotated[str | None, typer.Option("--backup", help="Who is asked when this approver is away.")]
Owner = Annotated[str | None, typer.Option("--owner", help="Of a service or agent: the person who answers for it.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Show every account. Others' contacts are for administrators."""

    async def work(opened: App) -> tuple[Person, ...]:
        return await opened.personnel.accounts(by=opened.session)

    people = open_app(work, scope=None)
    if as_json:
        emit_json(people)
        return
    rows = [(p.name, _may(p), p.full_name, ", ".join(sorted(p.groups)), p.email) for p in people]
    print_facts(("name", "may", "full name", "groups", "mail"), rows)


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show one account."""

    async def work(opened: App) -> Person:
        return await opened.personnel.account(name, by=opened.session)

    person = open_app(work, scope=None)
    if as_json:
        emit_json(person)
        return
    facts = [
        ("name", person.name),
        ("kind", person.kind.value),
        ("may", _may(person)),
        ("full name", person.full_name),
        ("groups", ", ".join(sorted(person.groups))),
        ("mail", person.email),
        ("phone", person.phone),
        ("slack", person.slack),
        ("zone", person.zone),
        ("backup", person.backup),
        ("owner", person.owner),
    ]
    print_facts(("", ""), [fact for fact in facts if fact[1]])


@app.command()
def add(
    name: Name,
    kind: Annotated[IdentityKind, typer.Option("--kind", help="A person can approve; the others never.")] = (
        IdentityKind.PERSON
    ),
    roles: Roles = None,
    level: Level = None,
    groups: Groups = None,
    email: Email = None,
    phone: Phone = None,
    slack: Slack = None,
    zone: Zone = None,
    full_name: FullName = None,
    backup: Backup = None,
    owner: Owner = None,
    as_json: Json = False,
) -> None:
    """Make an account. A person gets a one-time password, shown once, that serves only to set another.

    [dim]pgwarden people add lea --role approver --level 1 --email lea@example.org[/dim]
    """
    if level and roles is None:
        roles = [Role.APPROVER]
    given = _given(roles, level, groups, email, phone, slack, zone, full_name, backup, owner)
    person = Person(name, kind, **given)

    async def work(opened: App) -> str:
        return await opened.personnel.add(person, by=opened.session)

    _tell_password(name, open_app(work, scope=None), as_json, "added")


@app.command("set")
def set_(
    name: Name,
    roles: Roles = None,
    level: Level = None,
    groups: Groups = None,
    email: Email = None,
    phone: Phone = None,
    slack: Slack = None,
    zone: Zone = None,
    full_name: FullName = None,
    backup: Backup = None,
    owner: Owner = None,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="Whether it may be used.")] = None,
    as_json: Json = False,
) -> None:
    """Change an account; what is not named stays. Your own phone, time zone and full name you may change yourself."""
    given = _given(roles, level, groups, email, phone, slack, zone, full_name, backup, owner)
    if active is not None:
        given["active"] = active

    async def work(opened: App) -> Person:
        return await opened.personnel.change(name, by=opened.session, **given)

    person = open_app(work, scope=None)
    if as_json:
        emit_json(person)
    else:
        console().print(f"{person.name}: {_may(person)}.", markup=False)


@app.command()
def remove(name: Name, as_json: Json = False) -> None:
    """Take an account out of use: its logins, tokens and delegations end at once. Its name stays taken."""

    async def work(opened: App) -> Person:
        return await opened.personnel.remove(name, by=opened.session)

    person = open_app(work, scope=None)
    if as_json:
        emit_json(person)
    else:
        console().print(f"{person.name} can no longer do anything.", markup=False)


@app.command()
def password(from_input: FromInput = False, as_json: Json = False) -> None:
    """Set your own password. All your other logins end. With --password-stdin: the old one, then the new one."""

    async def work(opened: App) -> None:
        old = ask_password("Old password", from_input=from_input)
        new = ask_password("New password", from_input=from_input, twice=True)
        await opened.personnel.set_password(old, new, by=opened.session)

    open_app(work, scope=None)
    if as_json:
        emit_json({"changed": True})
    else:
        console().print("The password is changed; all other logins have ended.")


@app.command("second-factor")
def second_factor(as_json: Json = False) -> None:
    """Enrol an authenticator app: from then on a login, and a decision on what is risky, needs its code.

    Ten recovery codes are shown once, for when the app is lost. Without a terminal the password and the code are read
    from standard input, one a line.
    """

    async def work(opened: App) -> tuple[str, ...]:
        from pgwarden.domain.one_time_code import provisioning_uri, written_secret

        person = opened.session.require_login()
        secret = opened.personnel.new_second_factor()
        out = console(stderr=True)
        out.print("Put this into the app:", style="dim")
        out.print(written_secret(secret), markup=False)
        out.print(provisioning_uri(secret, person.name), markup=False, soft_wrap=True)
        word = ask_password("Your password", from_input=not sys.stdin.isatty())
        code = ask_password("The code that the app shows", from_input=not sys.stdin.isatty())
        return await opened.personnel.enrol(secret, code, word, by=opened.session)

    codes = open_app(work, scope=None)
    if as_json:
        emit_json({"enrolled": True, "recovery_codes": codes})
    else:
        console().print("From now on logins and risky decisions need a code of the app.")
        _show_codes(codes)


@app.command("recovery-codes")
def recovery_codes(
    new: Annotated[bool, typer.Option("--new", help="Make new ones; the old ones hold no more.")] = False,
    as_json: Json = False,
) -> None:
    """How many recovery codes are left: each stands in for a code of the second factor once. `--new` makes ten anew.

    New ones take a fresh proof: a code of the app, or one of the old ones.
    """

    async def work(opened: App) -> int | tuple[str, ...]:
        if not new:
            return await opened.personnel.recovery_codes_left(by=opened.session)
        opened.session.require_login()
        await require_proof(opened)
        return await opened.personnel.renew_recovery_codes(by=opened.session)

    found = open_app(work, scope=None)
    if isinstance(found, int):
        if as_json:
            emit_json({"left": found})
        else:
            console().print(f"{counted(found, 'recovery code')} left.")
    elif as_json:
        emit_json({"recovery_codes": found})
    else:
        _show_codes(found)


@app.command()
def reset(
    name: Name,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="Take a lost second factor away, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a new one-time password for somebody who lost theirs. Their logins end."""

    async def work(opened: App) -> str:
        return await opened.personnel.reset(name, by=opened.session, second_factor=second_factor)

    _tell_password(name, open_app(work, scope=None), as_json, "reset")


@app.command("reset-totp")
def reset_totp(name: Name, as_json: Json = False) -> None:
    """Take a lost second factor from the only administrator, on the machine that holds pgwarden's key.

    Another administrator, where there is one, does it instead: people reset NAME --second-factor. The password stays.
    """

    async def work(opened: App) -> None:
        await opened.personnel.reset_last_second_factor(name)

    open_app(work, admit=False, scope=None)
    if as_json:
        emit_json({"reset": name})
    else:
        console().print(f"{name} logs in with the password alone, and should enrol anew at once.", markup=False)


@app.command()
def link(
    name: Name,
    subject: Annotated[str, typer.Argument(help="What the provider calls it: sub of its tokens.")],
    issuer: Annotated[
        str | None, typer.Option("--issuer", help="The provider; the one of oauth_issuer without it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Let a provider's access tokens for a program (client credentials) act for a service or an agent here.

    [dim]pgwarden people link robot 7f3c…-client-id[/dim]
    """

    async def work(opened: App) -> None:
        await opened.personnel.link(name, issuer or opened.settings.oauth_issuer, subject, by=opened.session)

    open_app(work, scope=None)
    if as_json:
        emit_json({"linked": name})
    else:
        console().print(f"Tokens of that subject act for {name}.", markup=False)


@app.command()
def unlock(name: Name, as_json: Json = False) -> None:
    """Lift the lock of a name after wrong attempts."""

    async def work(opened: App) -> None:
        await opened.personnel.unlock(name, by=opened.session)

    open_app(work, scope=None)
    if as_json:
        emit_json({"unlocked": name})
    else:
        console().print(f"{name} may try again.", markup=False)


@app.command("first-admin")
def first_admin(as_json: Json = False) -> None:
    """Make the first administrator, or its one-time password anew, as long as nobody ever logged in."""

    async def work(opened: App) -> tuple[str, str]:
        return await opened.personnel.renew_first_administrator()

    name, made = open_app(work, admit=False, scope=None)
    _tell_password(name, made, as_json, "added")


def _given(roles: list[Role] | None, level: int | None, groups: list[str] | None, *texts: str | None) -> dict[str, Any]:
    """The fields that were named."""
    names = ("email", "phone", "slack", "zone", "full_name", "backup", "owner")
    given: dict[str, Any] = {name: text for name, text in zip(names, texts, strict=True) if text is not None}
    if roles is not None:
        given["roles"] = frozenset({Role.REQUESTER, *roles})
    if level is not None:
        given["level"] = level
    if groups is not None:
        given["groups"] = frozenset(group for group in groups if group)
    return given


def _may(person: Person) -> str:
    if not person.active:
        return "nothing: removed"
    roles = ", ".join(sorted(role.value for role in person.roles))
    kind = "" if person.kind is IdentityKind.PERSON else f" ({person.kind.value})"
    return roles + (f", level {person.level}" if person.level else "") + kind


def _show_codes(codes: tuple[str, ...]) -> None:
    out = console()
    out.print("Recovery codes, each in place of one code of the app; they are not shown again:")
    for each in codes:
        out.print(f"  {each}", markup=False)


def _tell_password(name: str, made: str, as_json: bool, what: str) -> None:
    if as_json:
        emit_json({what: name, "one_time_password": made})
    elif made:
        console().print(f"{name} has the one-time password {made}", markup=False)
        console().print(f"It is not shown again: pgwarden login {name}", style="dim", markup=False)
    else:
        console().print(f"{name} is {what}; give it a token: pgwarden token create {name} LABEL", markup=False)
