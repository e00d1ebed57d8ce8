"""A language model as one text: ``provider:model``, with ``@URL`` where it is not the provider's own address."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADDRESS = re.compile(r"(https?)://(\[[0-9a-f:]+\]|[\w.-]+)(:\d+)?(/[^\s?#@]*)?")
PROVIDERS = ("groq", "mistral", "openai", "anthropic")
REPLAY = "replay"
"""No provider: the model is the absolute path of a recording."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Which model, at which provider; ``url`` is '' for the provider's own address."""

    provider: str
    model: str
    url: str = ""

    @property
    def name(self) -> str:
        """For people; no address."""
        return f"{self.provider}:{self.model}"

    @property
    def local(self) -> bool:
        """Whether it runs on this machine, where a key is often not wanted."""
        if self.provider == REPLAY:
            return True
        found = _ADDRESS.fullmatch(self.url)
        return found is not None and found[2] in ("127.0.0.1", "[::1]", "localhost")

    @classmethod
    def parse(cls, text: str) -> ModelSpec:
        """The spec of a text. Raises ValueError."""
        named, _, url = text.partition("@http")
        provider, _, model = named.partition(":")
        if provider == REPLAY and model.startswith("/") and not url:
            return cls(provider, model)
        if provider not in PROVIDERS or not model:
            raise ValueError(f"provider:model or provider:model@URL is expected, with one of {', '.join(PROVIDERS)}")
        spec = cls(provider, model, f"http{url}" if url else "")
        if spec.url and not _ADDRESS.fullmatch(spec.url):
            raise ValueError("the address of a model is an http(s) URL without a password in it")
        if spec.url.startswith("http:") and not spec.local:
            raise ValueError("the address of a model is https, except on this machine: keys and schemas go there")
        return spec
