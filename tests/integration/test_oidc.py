"""Logging in at an OpenID Connect provider that really answers, on loopback."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from tests.support.oidc_provider import CLIENT, Provider, new_key, running_provider

from pgwarden.adapters.oidc import OidcProvider
from pgwarden.adapters.passwords import ArgonPasswords
from pgwarden.adapters.redirect import redirect_listener
from pgwarden.agents.front_desk import FrontDesk, OpenedLogin
from pgwarden.agents.provider_desk import ProviderDesk
from pgwarden.domain.errors import ProviderRefused, ProviderUnavailable, SettingsError
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Person, Role
from pgwarden.domain.provider import ProviderRules
from pgwarden.settings import load
from pgwarden.testing.people import MemoryLoginStore, MemoryPeople, MemoryPeopleStore

ANA = Person("ana", email="ana@example.org", roles=frozenset({Role.REQUESTER, Role.ADMIN}))


class House:
    """pgwarden's side: accounts in memory, the provider over HTTP, and a clock that can be moved."""

    def __init__(
        self, provider: Provider, *people: Person, rules: ProviderRules | None = None, secret: str = ""
    ) -> None:
        self.provider, self.late = provider, timedelta()
        self.held = MemoryPeople(people)
        self.people, self.logins = MemoryPeopleStore(self.held), MemoryLoginStore(self.held)
        self.desk = FrontDesk(self.people, self.logins, ArgonPasswords(), self.now)
        self.oidc = OidcProvider(provider.issuer, CLIENT, self.now, client_secret=secret)
        rules = rules or ProviderRules()
        self.providers = ProviderDesk(self.oidc, rules, self.people, self.logins, self.desk, self.now)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.late

    async def browse(self) -> dict[str, str]:
        """Begin a login, and do what a browser does; what comes back to the redirect."""
        async with redirect_listener() as redirect:
            url = await self.providers.begin(redirect.uri)
            async with httpx.AsyncClient(follow_redirects=True, timeout=30, verify=False) as browser:
                (await browser.get(url)).raise_for_status()
            return dict(await redirect.returned(30))

    async def log_in(self) -> OpenedLogin:
        return await self.providers.finish(await self.browse(), "test")

    def told(self) -> list[str]:
        return [entry.action for entry in self.held.audit]


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with running_provider() as running:
        yield running


async def test_a_login_at_the_provider(provider: Provider) -> None:
    house = House(provider, ANA)
    opened = await house.log_in()
    admission = await house.desk.admit_login(opened.secret, "test")
    assert (admission.identity.name, admission.person) == ("ana", ANA)
    assert house.told() == ["login.linked", "login.opened"]


async def test_the_account_stays_with_the_subject_not_with_the_mail_address(provider: Provider) -> None:
    house = House(provider, ANA, Person("eve", email="eve@example.org"))
    await house.log_in()
    provider.person = {"sub": "42", "email": "eve@example.org", "email_verified": True}
    assert (await house.log_in()).login.person == "ana"
    provider.person = {"sub": "43", "email": "ANA@example.org", "email_verified": True}
    assert (await house.log_in()).login.person == "ana"


async def test_a_client_secret_is_sent(provider: Provider) -> None:
    provider.client_secret = "quite secret"
    assert (await House(provider, ANA, secret="quite secret").log_in()).login.person == "ana"
    with pytest.raises(ProviderRefused):
        await House(provider, ANA, secret="wrong").log_in()


def without(claim: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {key: value for key, value in claims.items() if key != claim}


def with_(**given: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: claims | given


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (with_(aud="another"), "another application"),
        (with_(aud=["another", CLIENT]), "another application"),
        (with_(aud=[CLIENT], azp="another"), "another application"),
        (without("aud"), "another application"),
        (with_(iss="https://evil.example.org"), "another provider"),
        (with_(exp=int(time.time()) - 3600), "expired"),
        (without("exp"), "expired"),
        (with_(exp="tomorrow"), "expired"),
        (with_(exp=True), "expired"),
        (with_(iat=int(time.time()) + 3600), "future"),
        (without("iat"), "future"),
        (with_(nbf=int(time.time()) + 3600), "not hold yet"),
        (with_(nonce="another"), "another login"),
        (without("nonce"), "another login"),
        (with_(sub=""), "names nobody"),
        (without("sub"), "names nobody"),
        (with_(email_verified=False), "no account here"),
        (with_(email_verified="true"), "no account here"),
        (without("email"), "no account here"),
        (with_(email="nobody@example.org"), "no account here"),
    ],
)
async def test_a_token_that_proves_nothing_lets_nobody_in(
    provider: Provider, change: Callable[[dict[str, Any]], dict[str, Any]], why: str
) -> None:
    house = House(provider, ANA)
    provider.change = change
    with pytest.raises(ProviderRefused) as caught:
        await house.log_in()
    assert why in caught.value.why
    assert house.told() == ["login.refused"]
    assert house.held.logins == {}


async def test_small_differences_of_the_clocks_are_tolerated(provider: Provider) -> None:
    now = int(time.time())
    provider.change = with_(iat=now + 30, nbf=now + 30, exp=now - 30)
    assert (await House(provider, ANA).log_in()).login.person == "ana"


def _forged(provider: Provider) -> None:
    other = new_key("one", 1)
    provider.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, other)


def _unknown_key(provider: Provider) -> None:
    provider.key = new_key("unpublished")


def _unsigned(provider: Provider) -> None:
    def sign(claims: dict[str, Any]) -> str:
        head, _, _ = provider.signed(claims).split(".")
        none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
        return provider.signed(claims).replace(head, none).rpartition(".")[0] + "."

    provider.sign = sign


def _shared_secret(provider: Provider) -> None:
    public = json.dumps(provider.key.as_dict(private=False))
    provider.sign = lambda claims: jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(public))


def _tampered(provider: Provider) -> None:
    def sign(claims: dict[str, Any]) -> str:
        head, _, signature = provider.signed(claims).split(".")
        return ".".join((head, provider.signed(claims | {"sub": "1"}).split(".")[1], signature))

    provider.sign = sign


def _garbage(provider: Provider) -> None:
    provider.sign = lambda claims: "not.a.token"


@pytest.mark.parametrize("spoil", [_forged, _unknown_key, _unsigned, _shared_secret, _tampered, _garbage])
async def test_a_signature_that_does_not_hold_lets_nobody_in(
    provider: Provider, spoil: Callable[[Provider], None]
) -> None:
    house = House(provider, ANA)
    spoil(provider)
    with pytest.raises(ProviderRefused, match="not accepted"):
        await house.log_in()
    assert house.held.logins == {}


async def test_a_new_key_of_the_provider_is_fetched_and_a_flood_of_unknown_ones_is_not(provider: Provider) -> None:
    house = House(provider, ANA)
    await house.log_in()
    provider.key = new_key("two")
    provider.published = [provider.key]
    house.late = timedelta(seconds=31)
    assert (await house.log_in()).login.person == "ana"
    fetched = provider.keys_fetched
    provider.key = new_key("unpublished")
    for _ in range(3):
        with pytest.raises(ProviderRefused, match="not accepted"):
            await house.log_in()
    assert provider.keys_fetched == fetched


async def test_an_answer_is_taken_once(provider: Provider) -> None:
    house = House(provider, ANA)
    returned = await house.browse()
    await house.providers.finish(returned, "test")
    with pytest.raises(ProviderRefused, match="not accepted"):
        await house.providers.finish(returned, "test")
    assert len(house.held.logins) == 1


async def test_a_code_or_a_token_of_another_login_is_refused(provider: Provider) -> None:
    house = House(provider, ANA)
    mine, theirs = await house.browse(), await house.browse()
    with pytest.raises(ProviderRefused):
        await house.providers.finish(mine | {"code": theirs["code"]}, "test")
    tokens: list[str] = []

    def keep(claims: dict[str, Any]) -> str:
        tokens.append(provider.signed(claims))
        return tokens[0]

    provider.sign = keep
    await house.log_in()
    with pytest.raises(ProviderRefused) as replayed:
        await house.log_in()
    assert "another login" in replayed.value.why


@pytest.mark.parametrize(
    "answer", [{}, {"state": "x"}, {"state": "", "code": "1"}, {"code": "1"}, {"state": "Ω", "code": "1"}]
)
async def test_an_answer_that_nobody_asked_for_is_refused(provider: Provider, answer: dict[str, str]) -> None:
    house = House(provider, ANA)
    await house.browse()
    with pytest.raises(ProviderRefused):
        await house.providers.finish(answer, "test")


async def test_a_login_that_took_too_long_or_was_refused_there(provider: Provider) -> None:
    house = House(provider, ANA)
    slow = await house.browse()
    house.late = timedelta(minutes=11)
    with pytest.raises(ProviderRefused, match="not accepted"):
        await house.providers.finish(slow, "test")
    provider.refuses = "access_denied"
    with pytest.raises(ProviderRefused) as caught:
        await house.log_in()
    assert "access_denied" in caught.value.why


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.example.org"},
        {"token_endpoint": "http://evil.example.org/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
    ],
)
async def test_a_provider_that_describes_itself_wrongly_is_not_used(
    provider: Provider, described: dict[str, Any]
) -> None:
    provider.described = described
    with pytest.raises(ProviderUnavailable):
        await House(provider, ANA).log_in()


async def test_a_provider_that_is_down_is_told(provider: Provider) -> None:
    provider.issuer = "http://127.0.0.1:9"
    with pytest.raises(ProviderUnavailable):
        await House(provider, ANA).log_in()


RULES = ProviderRules.of(("leads=approver:1", "bosses=approver:3", "ops=admin"), create_accounts=True)


async def test_the_providers_groups_decide_on_roles_when_they_are_to(provider: Provider) -> None:
    house = House(provider, Person("root", roles=frozenset({Role.ADMIN})), rules=RULES)
    provider.person |= {"groups": ["leads", "bosses", "odd:name", 7], "name": "Ana A."}
    await house.log_in()
    made = await house.people.get("ana@example.org")
    assert (made.level, made.roles, made.groups) == (
        3,
        frozenset({Role.REQUESTER, Role.APPROVER}),
        frozenset({"leads", "bosses"}),
    )
    provider.person["groups"] = []
    await house.log_in()
    assert (await house.people.get("ana@example.org")).may_approve(1) is False
    assert house.told().count("person.changed") == 1


async def test_the_last_administrator_stays_one_whatever_the_provider_says(provider: Provider) -> None:
    house = House(provider, ANA, rules=RULES)
    await house.log_in()
    assert Role.ADMIN in (await house.people.get("ana")).roles


async def test_whoever_has_no_active_account_of_a_person_stays_out(provider: Provider) -> None:
    for account in (replace(ANA, active=False), Person("ana", IdentityKind.SERVICE, email="ana@example.org")):
        house = House(provider, account, Person("root", roles=frozenset({Role.ADMIN})))
        with pytest.raises(ProviderRefused, match="not accepted"):
            await house.log_in()


@pytest.mark.parametrize("written", ["leads", "leads=boss", "leads=approver", "leads=approver:4", "=admin"])
def test_a_rule_that_is_malformed_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="approver:2"):
        ProviderRules.of((written,), create_accounts=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGWARDEN_OIDC_ISSUER", "http://login.example.org"),
        ("PGWARDEN_OIDC_ISSUER", "https://login.example.org/?a=b"),
        ("PGWARDEN_OIDC_ISSUER", "login.example.org"),
        ("PGWARDEN_OIDC_ROLES", "leads=boss"),
    ],
)
def test_settings_of_the_provider_that_are_unsafe_or_malformed_stop_the_start(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "none.toml").touch(mode=0o600)
    monkeypatch.setenv("PGWARDEN_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError):
        load()


async def test_the_listener_answers_nothing_but_the_redirect() -> None:
    async with redirect_listener() as redirect, httpx.AsyncClient(timeout=30) as client:
        base = redirect.uri.removesuffix("/callback")
        assert (await client.get(f"{base}/favicon.ico")).status_code == 404
        assert (await client.post(redirect.uri, content=b"x=1")).status_code == 404
        answer = await client.get(redirect.uri, params={"code": "1", "state": "a b"})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert await redirect.returned(30) == {"code": "1", "state": "a b"}
