"""The policy file, as those who edit it need it."""

from __future__ import annotations

from typing import Protocol

from pgwarden.domain.policy import Policy


class PolicyStore(Protocol):
    """One file, followed as a whole or not at all."""

    def __call__(self) -> Policy:
        """The policy that holds now. PolicyInvalid."""
        ...

    @property
    def place(self) -> str:
        """The file's name; '' where the built-in policy holds, which cannot be edited."""
        ...

    def text(self) -> str:
        """What stands in the file, also where it cannot be followed. PolicyInvalid where it cannot be read."""
        ...

    def parse(self, text: str) -> Policy:
        """What a text would mean. PolicyInvalid."""
        ...

    def replace(self, text: str, *, expected: str) -> None:
        """Write the file as a whole, in one step. ChangedMeanwhile when it is not the one with that SHA-256 (hex)."""
        ...
