"""A model as the settings name it, and where its key comes from."""

from __future__ import annotations

import os

from pgwarden.domain.errors import SettingsError
from pgwarden.domain.model_spec import ModelSpec

SERVICE = "pgwarden"
"""The keyring's service; the user name is the provider's."""


def key_of(spec: ModelSpec) -> str:
    """The provider's key: GROQ_API_KEY and its like, else the keyring. Raises SettingsError."""
    variable = f"{spec.provider.upper()}_API_KEY"
    if found := os.environ.get(variable, "").strip():
        return found
    if spec.local:
        return "none"
    import keyring
    from keyring.errors import KeyringError

    try:
        kept = keyring.get_password(SERVICE, spec.provider)
    except KeyringError:
        kept = None
    if kept:
        return kept
    raise SettingsError(
        f"There is no key for the model {spec.name}.",
        why=f"Neither the variable {variable} nor the keyring ({SERVICE}, {spec.provider}) holds one.",
        not_done="The model was not called.",
        next_step=f"Set {variable}, or: keyring set {SERVICE} {spec.provider}",
    )
