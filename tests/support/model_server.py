"""A provider of language models on loopback: it speaks the protocols of Groq, Mistral, OpenAI and Anthropic."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.support.http_server import Answer, Got, Listener, listening

from pgwarden.domain.model_spec import ModelSpec

PROVIDERS = ("groq", "mistral", "openai", "anthropic")


def said(text: str, got: Got, *, end: str | None = "stop", counted: bool = True) -> Answer:
    """A good answer as a stream of two pieces of text, in the protocol of whoever asked.

    ``end``: ``stop``, ``length`` or ``content_filter``; None: the stream ends without saying so.
    ``counted``: whether the provider says how many tokens it took.
    """
    half = len(text) // 2
    parts = [text[:half], text[half:]]
    events = (_anthropic if got.path.endswith("/messages") else _openai)(parts, end, counted=counted)
    return Answer(headers={"content-type": "text/event-stream"}, pieces=tuple(events))


def cut(answer: Answer, pieces: int = 2) -> Answer:
    """The first pieces of an answer; then the connection is lost."""
    return replace(answer, pieces=answer.pieces[:pieces], breaks=True)


def held(answer: Answer, pieces: int = 2) -> Answer:
    """The first pieces of an answer; then nothing more comes."""
    return replace(answer, pieces=answer.pieces[:pieces], holds=True)


def _openai(parts: list[str], end: str | None, *, counted: bool) -> Iterator[bytes]:
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}

    def chunk(**more: object) -> bytes:
        body = {"id": "m", "object": "chat.completion.chunk", "created": 1, "model": "m", **more}
        return f"data: {json.dumps(body)}\n\n".encode()

    for part in parts:
        yield chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": part}, "finish_reason": None}])
    if end:
        spent = {"usage": usage, "x_groq": {"id": "m", "usage": usage}} if counted else {}
        yield chunk(choices=[{"index": 0, "delta": {}, "finish_reason": end}], **spent)
        yield b"data: [DONE]\n\n"


def _anthropic(parts: list[str], end: str | None, *, counted: bool) -> Iterator[bytes]:
    reasons = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}

    def event(kind: str, **more: object) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()

    usage = {"input_tokens": 100 * counted, "output_tokens": 0}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": list[object](),
               "stop_reason": None, "stop_sequence": None, "usage": usage}  # fmt: skip
    start = event("message_start", message=message)
    yield start + event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for part in parts:
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": part})
    if end:
        yield event("content_block_stop", index=0)
        delta = {"stop_reason": reasons[end], "stop_sequence": None}
        yield event("message_delta", delta=delta, usage={"output_tokens": 20 * counted})
        yield event("message_stop")


def proposal(sql: str | None, **more: object) -> str:
    """A model's text as the prompt wants it."""
    return json.dumps({"sql": sql, "explanation": "so it was read", "confidence": 0.9, **more})


@contextmanager
def model(answer: Callable[[Got], Answer], provider: str = "openai") -> Iterator[tuple[Listener, ModelSpec]]:
    """A server for the block, and the spec that reaches it."""
    with listening(answer) as server:
        suffix = "/v1" if provider == "openai" else ""
        yield server, ModelSpec.parse(f"{provider}:m@{server.url}{suffix}")
