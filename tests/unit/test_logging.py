from __future__ import annotations

import io
import json
import logging as standard
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog
from pydantic import SecretStr

from pgwarden import logging
from pgwarden.adapters.telemetry.otlp import OtlpTracer
from pgwarden.tracing import resumed, tracing_with

SECRET = "hunter2-s3cret"


@pytest.fixture(autouse=True)
def _back_to_defaults() -> Iterator[None]:
    root = standard.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def logged(**fields: object) -> dict[str, object]:
    stream = io.StringIO()
    logging.configure("info", "json", stream)
    structlog.get_logger().info("something happened", **fields)
    line: dict[str, object] = json.loads(stream.getvalue())
    return line


def test_a_line_tells_the_trace_that_it_belongs_to() -> None:
    tracer = OtlpTracer("http://127.0.0.1:9")
    with tracing_with(tracer):
        with resumed("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
            assert logged()["trace"] == "0af7651916cd43dd8448eb211c80319c"
        assert "trace" not in logged()
    tracer.close()
    assert "trace" not in logged()


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://ana:{SECRET}@db:5432/shop",
        f"postgresql://:{SECRET}@/shop",
        f"redis://:{SECRET}@cache/0",
        f"could not connect to postgres://ana:{SECRET}@ss@db/shop now",
        f"postgresql://db/shop?user=ana&password={SECRET}&x=1",
        f"host=db password={SECRET} user=ana",
        f"host=db password='{SECRET} with \\' quote' user=ana",
        f"sslpassword = {SECRET}",
        f"Authorization: Bearer {SECRET}",
    ],
)
def test_passwords_inside_texts_are_dropped(text: str) -> None:
    assert SECRET not in logging.redact(text)
    assert SECRET not in str(logged(error=text, nested={"where": [text]}, odd=ValueError(text)))


@pytest.mark.parametrize(
    "text",
    [
        "select * from users where email = 'a@b.c'",
        "postgresql://ana@db:5432/shop",
        "https://example.org/a:b",
        "the password was wrong",
        "12:30:00 at home, mail me@home",
    ],
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    assert logging.redact(text) == text


SECRET_KEYS = [
    "password",
    "PGPASSWORD",
    "db_password",
    "api_key",
    "token",
    "access_token",
    "client_secret",
    "Authorization",
]


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_values_of_secret_keys_are_dropped(key: str) -> None:
    assert logged(**{key: SECRET})[key] == logging.REDACTED
    assert SECRET not in str(logged(settings={"deep": [{key: SECRET}]}))


def test_useful_values_stay() -> None:
    line = logged(database="shop", rows=3, tokens=120, seconds=0.5, url=SecretStr(SECRET), missing=None)
    assert line["database"] == "shop"
    assert (line["rows"], line["tokens"], line["seconds"], line["missing"]) == (3, 120, 0.5, None)
    assert line["event"] == "something happened"
    assert line["level"] == "info"
    assert SECRET not in str(line)


@pytest.mark.parametrize("style", ["json", "console"])
def test_tracebacks_are_searched_too(style: Literal["json", "console"]) -> None:
    stream = io.StringIO()
    logging.configure("info", style, stream)
    try:
        raise ValueError(f"postgresql://ana:{SECRET}@db/shop")
    except ValueError:
        structlog.get_logger().exception("it failed")
    assert "ValueError" in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_what_is_below_the_level_is_not_written() -> None:
    stream = io.StringIO()
    logging.configure("warning", "console", stream)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud", database="shop")
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()
    assert "shop" in stream.getvalue()


@pytest.mark.parametrize("style", ["json", "console"])
def test_lines_of_libraries_take_the_same_way(style: Literal["json", "console"]) -> None:
    stream = io.StringIO()
    for _ in range(2):  # configured again, a line still comes once
        logging.configure("warning", style, stream)
    library = standard.getLogger("psycopg.pool")
    library.warning("error connecting to %s", f"postgresql://ana:{SECRET}@db/shop")
    library.info("quiet")
    assert stream.getvalue().count("error connecting") == 1
    assert "psycopg.pool" in stream.getvalue()
    assert "quiet" not in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_importing_it_is_light() -> None:
    code = "import sys, pgwarden.logging; print('structlog' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
