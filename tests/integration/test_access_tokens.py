"""Access tokens of an authorization server that really answers, on loopback: what holds for one, and what does not."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from tests.support.oidc_provider import Provider, new_key, running_provider

from pgwarden.adapters.issuer import Issuer
from pgwarden.adapters.passwords import ArgonPasswords
from pgwarden.agents.access_desk import AccessDesk
from pgwarden.agents.front_desk import FrontDesk
from pgwarden.domain.access_token import AccessRules
from pgwarden.domain.admission import Admission
from pgwarden.domain.errors import ProviderUnavailable, TokenInvalid
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import DIRECTOR, Person, Role
from pgwarden.servers.caller import caller_of
from pgwarden.testing.people import MemoryLoginStore, MemoryPeople, MemoryPeopleStore

HERE = "https://pgwarden.example.org/mcp/all"
RESOURCES = (HERE, "https://pgwarden.example.org")
APPROVER = frozenset({Role.REQUESTER, Role.APPROVER})
ANA = Person("ana", email="ana@example.org", roles=APPROVER, level=DIRECTOR, groups=frozenset({"dba"}))
SCOPES = ("pgwarden:ask=ask", "pgwarden:request=request", "pgwarden:execute=execute", "pgwarden:audit=audit")


class House:
    """pgwarden's side: accounts in memory, the keys over HTTP, and a clock that can be moved."""

    def __init__(self, provider: Provider, *people: Person, databases: tuple[str, ...] = ("*",)) -> None:
        self.provider, self.late = provider, timedelta()
        self.held = MemoryPeople(people or (ANA,))
        self.people, self.logins = MemoryPeopleStore(self.held), MemoryLoginStore(self.held)
        front = FrontDesk(self.people, self.logins, ArgonPasswords(), self.now)
        rules = AccessRules.of(provider.issuer, SCOPES, databases, "pgwarden_databases")
        self.desk = AccessDesk(Issuer(provider.issuer, self.now), rules, self.people, self.logins, front, self.now)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.late

    async def admit(self, token: str) -> Admission:
        return await self.desk.admit(token, RESOURCES, "test")

    async def refuses(self, token: str) -> str:
        """Why the token lets nobody in."""
        with pytest.raises(TokenInvalid) as caught:
            await self.admit(token)
        return caught.value.why


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with running_provider() as running:
        yield running


@pytest.mark.parametrize("audience", [HERE, HERE + "/", [HERE, "another"], "https://pgwarden.example.org"])
async def test_a_token_for_this_server_stands_for_its_person_as_an_agent(provider: Provider, audience: object) -> None:
    admission = await House(provider).admit(provider.access_token(audience))
    assert (admission.identity.name, admission.identity.groups) == ("ana", frozenset({"dba"}))
    assert admission.scopes == {"ask", "request", "execute"}
    assert admission.databases == {"*"}
    caller = caller_of(admission, "mcp http")
    assert caller.identity.kind is IdentityKind.AGENT
    assert caller.account == "oauth:desktop:ana", "a budget for each program of each person"


async def test_whatever_it_says_no_token_lets_decide_or_administer(provider: Provider) -> None:
    claims = {"scope": "approve admin pgwarden:approve pgwarden:admin pgwarden:ask", "roles": ["admin"]}
    admission = await House(provider).admit(provider.access_token(HERE, **claims))
    assert admission.scopes == {"ask"}
    with pytest.raises(ValueError, match="what a scope can give"):
        AccessRules.of(provider.issuer, ("pgwarden:approve=approve",), ("*",), "x")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": "https://another.example.org/mcp/all"}, "another server"),
        ({"aud": HERE + "/more"}, "another server"),
        ({"aud": ["a", "b"]}, "another server"),
        ({"aud": None}, "another server"),
        ({"iss": "https://evil.example.org"}, "another authorization server"),
        ({"exp": int(time.time()) - 3600}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": True}, "expired"),
        ({"nbf": int(time.time()) + 3600}, "does not hold yet"),
        ({"iat": int(time.time()) + 3600}, "from the future"),
        ({"sub": ""}, "names nobody"),
        ({"sub": 42}, "names nobody"),
        ({"email_verified": False}, "No active account"),
        ({"email": "nobody@example.org"}, "No active account"),
        ({"email": None}, "No active account"),
    ],
)
async def test_a_token_that_is_not_meant_for_this_lets_nobody_in(
    provider: Provider, claims: dict[str, Any], why: str
) -> None:
    house = House(provider)
    assert why in await house.refuses(provider.access_token(HERE, **claims))
    (entry,) = house.held.audit
    assert (entry.action, entry.source) == ("token.refused", "test")


async def test_small_differences_of_the_clocks_are_tolerated(provider: Provider) -> None:
    now = int(time.time())
    await House(provider).admit(provider.access_token(HERE, nbf=now + 30, iat=now + 30, exp=now - 30))


def _unsigned(provider: Provider) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return ".".join((head, provider.access_token(HERE).split(".")[1], ""))


def _public_key_as_shared_secret(provider: Provider) -> str:
    public = json.dumps(provider.key.as_dict(private=False))
    provider.sign = lambda claims: jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(public))
    return provider.access_token(HERE)


def _another_key_of_that_name(provider: Provider) -> str:
    other = new_key("one", 1)
    provider.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, other)
    return provider.access_token(HERE)


def _another_kind_of_key(provider: Provider) -> str:
    other = ECKey.generate_key("P-256", {"kid": "one"})
    provider.sign = lambda claims: jwt.encode({"alg": "ES256", "kid": "one"}, claims, other)
    return provider.access_token(HERE)


def _key_in_the_token(provider: Provider) -> str:
    other = new_key("mine", 2)
    head = {"alg": "RS256", "jwk": other.as_dict(private=False)}
    provider.sign = lambda claims: jwt.encode(head, claims, other)
    return provider.access_token(HERE)


def _tampered(provider: Provider) -> str:
    head, _, signature = provider.access_token(HERE).split(".")
    return ".".join((head, provider.access_token(HERE, scope="pgwarden:audit").split(".")[1], signature))


def _endless(provider: Provider) -> str:
    return provider.access_token(HERE, padding="x" * 20_000)


def _garbage(_provider: Provider) -> str:
    return "not.a.token"


@pytest.mark.parametrize(
    "made",
    [
        _unsigned,
        _public_key_as_shared_secret,
        _another_key_of_that_name,
        _another_kind_of_key,
        _key_in_the_token,
        _tampered,
        _endless,
        _garbage,
    ],
)
async def test_a_signature_that_does_not_hold_lets_nobody_in(
    provider: Provider, made: Callable[[Provider], str]
) -> None:
    house = House(provider)
    assert "No active account" not in await house.refuses(made(provider))


async def test_a_new_key_is_fetched_and_a_flood_of_unknown_ones_is_not(provider: Provider) -> None:
    house = House(provider)
    await house.admit(provider.access_token(HERE))
    provider.key = new_key("two")
    provider.published = [provider.key]
    assert "does not publish" in await house.refuses(provider.access_token(HERE)), "it was asked a moment ago"
    house.late = timedelta(seconds=31)
    await house.admit(provider.access_token(HERE))
    fetched = provider.keys_fetched
    provider.key = new_key("unpublished")
    for _ in range(5):
        assert "does not publish" in await house.refuses(provider.access_token(HERE))
    assert provider.keys_fetched == fetched
    provider.key = new_key("one")
    assert "does not publish" in await house.refuses(provider.access_token(HERE)), "what was withdrawn holds no more"


async def test_while_the_keys_cannot_be_had_nobody_comes_in() -> None:
    async with running_provider() as provider:
        house, token = House(provider), provider.access_token(HERE)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await house.admit(token)


async def test_keys_that_were_had_long_ago_are_not_trusted_while_the_server_is_down() -> None:
    async with running_provider() as provider:
        house, token = House(provider), provider.access_token(HERE, exp=int(time.time()) + 9000)
        await house.admit(token)
    await house.admit(token)
    house.late = timedelta(minutes=61)
    with pytest.raises(ProviderUnavailable):
        await house.admit(token)


async def test_a_server_that_describes_itself_where_rfc_8414_says(provider: Provider) -> None:
    provider.place = "/.well-known/oauth-authorization-server"
    await House(provider).admit(provider.access_token(HERE))


async def test_the_subject_that_was_linked_counts_and_not_the_address(provider: Provider) -> None:
    house = House(provider, ANA, Person("eve", email="eve@example.org"))
    await house.logins.link(provider.issuer, "42", "eve", audit=())
    assert (await house.admit(provider.access_token(HERE))).identity.name == "eve"
    await house.logins.link("https://another.example.org", "43", "eve", audit=())
    assert (await house.admit(provider.access_token(HERE, sub="43"))).identity.name == "ana"


async def test_whoever_is_removed_or_no_person_is_out_with_the_next_call(provider: Provider) -> None:
    house, token = House(provider), provider.access_token(HERE)
    await house.admit(token)
    house.held.people["ana"] = replace(ANA, active=False)
    assert "No active account" in await house.refuses(token)
    for kind in (IdentityKind.SERVICE, IdentityKind.AGENT):
        house.held.people["ana"] = Person("ana", kind, email="ana@example.org")
        assert "No active account" in await house.refuses(token)


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "pgwarden:ask"}, {"ask"}),
        ({"scope": "openid profile"}, set()),
        ({"scope": ["pgwarden:ask"]}, set()),
        ({"scope": None}, set()),
        ({"scope": None, "scp": ["pgwarden:execute", 7]}, {"execute"}),
        ({"scope": None, "scp": "pgwarden:request"}, {"request"}),
        ({"scope": "pgwarden:audit pgwarden:ask"}, {"ask"}),
    ],
)
async def test_its_scopes_are_those_that_were_given(
    provider: Provider, claims: dict[str, Any], scopes: set[str]
) -> None:
    assert (await House(provider).admit(provider.access_token(HERE, **claims))).scopes == scopes


async def test_only_an_auditor_audits_with_one(provider: Provider) -> None:
    house = House(provider, replace(ANA, roles=frozenset({Role.AUDITOR}), level=0))
    assert (await house.admit(provider.access_token(HERE, scope="pgwarden:audit"))).scopes == {"audit"}


@pytest.mark.parametrize(
    ("allowed", "claimed", "databases"),
    [
        (("shop",), None, {"shop"}),
        (("shop", "crm"), ["crm", "hr"], {"crm"}),
        (("*",), ["crm"], {"crm"}),
        (("shop",), ["*"], {"shop"}),
        (("*",), [], set()),
        (("*",), "crm", set()),
        (("*",), 7, set()),
    ],
)
async def test_its_databases_are_those_of_the_settings_and_of_its_claim(
    provider: Provider, allowed: tuple[str, ...], claimed: object, databases: set[str]
) -> None:
    claims = {} if claimed is None else {"pgwarden_databases": claimed}
    house = House(provider, databases=allowed)
    assert (await house.admit(provider.access_token(HERE, **claims))).databases == databases
