"""The form of a new token, one's own or another account's."""

from __future__ import annotations

from pydantic import Field

from pgwarden.domain.login import Scope
from pgwarden.web.api.tokens import Label, NewToken
from pgwarden.web.proof import Proof


class TokenForm(Proof):
    """Its fields; no database chosen is every one."""

    person: str = Field(default="", max_length=200)
    label: Label
    scopes: list[Scope] = Field(default=[])
    databases: list[str] = Field(default=[])
    days: int = Field(default=90, ge=1, le=366)
    allow_approve: bool = False

    @property
    def wanted(self) -> NewToken:
        """As the API takes it."""
        return NewToken(
            person=self.person,
            label=self.label,
            scopes=self.scopes,
            databases=self.databases or ["*"],
            days=self.days,
            allow_approve=self.allow_approve,
            proof=Proof(password=self.password, code=self.code),
        )


def blank_token() -> TokenForm:
    """The form as it is shown at first."""
    return TokenForm.model_construct(label="", scopes=[Scope.ASK, Scope.REQUEST])
