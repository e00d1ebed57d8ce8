"""Language models over HTTP, against servers that speak the providers' protocols."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import keyring
import pytest
from keyring.backend import KeyringBackend
from tests.support.http_server import Answer
from tests.support.model_server import PROVIDERS, cut, held, model, said

from pgwarden.adapters.llm.client import PydanticModel
from pgwarden.adapters.llm.spec import key_of
from pgwarden.domain.errors import ModelFailed, SettingsError
from pgwarden.domain.model_call import Prompt
from pgwarden.domain.model_spec import ModelSpec

PROMPT = Prompt("Do this.", "with that")


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS:
        monkeypatch.setenv(f"{provider.upper()}_API_KEY", "k-secret")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_each_provider_answers_and_fails_in_its_own_protocol(provider: str) -> None:
    with model(lambda got: said("hello", got), provider) as (server, spec):
        client = PydanticModel(spec)
        pieces: list[str] = []
        found = await client.complete(PROMPT, pieces.append)
        assert "".join(pieces) == "hello"
        assert len([piece for piece in pieces if piece]) == 2, "it is told as it comes"
        assert (found.text, found.input_tokens, found.output_tokens, found.cut) == ("hello", 100, 20, False)
        assert b"with that" in server.got[0].body
        assert b"Do this." in server.got[0].body
        assert "k-secret" in str(server.got[0].headers)

        server.answer = lambda got: said("hel", got, end="length")
        assert (await client.complete(PROMPT)).cut

        server.answer = lambda got: said("hel", got, end="content_filter")
        refused = await client.complete(PROMPT)
        assert (refused.refused, refused.input_tokens, refused.output_tokens) == (True, 100, 20)

        for status, transient in ((429, True), (500, True), (401, False)):
            before = len(server.got)
            refusal = Answer(status, b'{"error": {"message": "no"}}', {"retry-after": "3"})
            server.answer = lambda _got, refusal=refusal: refusal  # type: ignore[misc]  # bound now
            with pytest.raises(ModelFailed) as caught:
                await client.complete(PROMPT)
            assert (caught.value.transient, len(server.got) - before) == (transient, 1), (
                "nobody repeats it but the road"
            )
            assert "k-secret" not in str(caught.value.to_dict())

        server.answer = lambda _got: Answer(200, b"{ not json")
        with pytest.raises(ModelFailed):
            await client.complete(PROMPT)
        await client.close()


class Kept(KeyringBackend):
    """A keyring in memory."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the library has no types
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


async def test_a_key_comes_from_the_environment_else_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(Kept())
    keyring.set_password("pgwarden", "groq", "k-from-keyring")
    try:
        far = ModelSpec.parse("groq:m@https://model.invalid/v1")
        assert key_of(far) == "k-secret"
        monkeypatch.delenv("GROQ_API_KEY")
        assert key_of(far) == "k-from-keyring"
        monkeypatch.delenv("MISTRAL_API_KEY")
        with pytest.raises(SettingsError, match="no key") as caught:
            key_of(ModelSpec.parse("mistral:m"))
        assert "MISTRAL_API_KEY" in caught.value.next_step
        assert "k-from-keyring" not in str(caught.value.to_dict())
    finally:
        keyring.set_keyring(before)


async def test_a_server_that_does_not_stream_gives_no_answer_and_says_so() -> None:
    whole = b'{"id": "m", "object": "chat.completion", "created": 1, "model": "m", "choices": []}'
    with model(lambda _got: Answer(body=whole)) as (_, spec), pytest.raises(ModelFailed, match="no answer"):
        await PydanticModel(spec).complete(PROMPT)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_stream_that_is_cut_gives_no_answer(provider: str) -> None:
    with model(lambda got: cut(said("hello", got)), provider) as (server, spec):
        client = PydanticModel(spec)
        with pytest.raises(ModelFailed, match="no answer") as caught:
            await client.complete(PROMPT)
        assert caught.value.transient
        server.answer = lambda got: said("hello", got, end=None)
        with pytest.raises(ModelFailed, match="no answer") as caught:
            await client.complete(PROMPT)
        assert "cut off" in caught.value.why
        await client.close()


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_cancelling_ends_the_request_at_the_provider(provider: str) -> None:
    with model(lambda got: held(said("hello", got)), provider) as (server, spec):
        begun = asyncio.Event()
        call = asyncio.create_task(PydanticModel(spec).complete(PROMPT, lambda _piece: begun.set()))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(server.left.wait, 20), "the connection is closed"


async def test_a_provider_that_is_silent_is_left() -> None:
    with model(lambda _got: Answer(late=True)) as (server, spec):
        with pytest.raises(ModelFailed, match="no answer"):
            await PydanticModel(spec, seconds=0.3).complete(PROMPT)
        server.ended.set()


@pytest.mark.parametrize(
    "text", ["gpt", "other:m", "openai:", "openai:m@http://far.example/v1", "groq:m@https://u:p@x"]
)
def test_a_model_that_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|address"):
        ModelSpec.parse(text)


def test_nothing_heavy_is_imported_before_a_model_is_called() -> None:
    code = (
        "import sys, pgwarden.models, pgwarden.bootstrap\n"
        "sys.exit(str({'pydantic_ai', 'openai', 'groq', 'anthropic', 'mistralai', 'keyring'} & set(sys.modules) or ''))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stderr.strip() == ""
