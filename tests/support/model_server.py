"""A provider of language models on loopback: it speaks the protocols of Groq, Mistral, OpenAI and Anthropic."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.http_server import Answer, Got, Listener, listening

from pgwarden.domain.model_spec import ModelSpec

PROVIDERS = ("groq", "mistral", "openai", "anthropic")


def said(text: str, got: Got, *, cut: bool = False) -> Answer:
    """A good answer, in the protocol of whoever asked."""
    if got.path.endswith("/messages"):
        body: dict[str, object] = {
            "id": "m", "type": "message", "role": "assistant", "model": "m",
            "content": [{"type": "text", "text": text}], "stop_reason": "max_tokens" if cut else "end_turn",
            "stop_sequence": None, "usage": {"input_tokens": 100, "output_tokens": 20},
        }  # fmt: skip
    else:
        choice = {"index": 0, "message": {"role": "assistant", "content": text}}
        body = {
            "id": "m", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [choice | {"finish_reason": "length" if cut else "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }  # fmt: skip
    return Answer(body=json.dumps(body).encode())


def proposal(sql: str | None, **more: object) -> str:
    """A model's text as the prompt wants it."""
    return json.dumps({"sql": sql, "explanation": "so it was read", "confidence": 0.9, **more})


@contextmanager
def model(answer: Callable[[Got], Answer], provider: str = "openai") -> Iterator[tuple[Listener, ModelSpec]]:
    """A server for the block, and the spec that reaches it."""
    with listening(answer) as server:
        suffix = "/v1" if provider == "openai" else ""
        yield server, ModelSpec.parse(f"{provider}:m@{server.url}{suffix}")
