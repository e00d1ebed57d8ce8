"""The signer gives the signatures that the specification's own examples give."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pgwarden.adapters.audit.aws_signature import Credentials, encoded_path, encoded_query, signed_headers

EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
AT = datetime(2013, 5, 24, tzinfo=UTC)
HOST = {"host": "examplebucket.s3.amazonaws.com"}


@pytest.mark.parametrize(
    ("path", "parameters", "headers", "signature"),
    [
        (
            "/test.txt",
            [],
            {"range": "bytes=0-9"},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        ("/", [("lifecycle", "")], {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (
            "/",
            [("prefix", "J"), ("max-keys", "2")],
            {},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_known_requests_get_their_known_signature(
    path: str, parameters: list[tuple[str, str]], headers: dict[str, str], signature: str
) -> None:
    signed = signed_headers(EXAMPLE, "GET", path, parameters, HOST | headers, b"", AT)
    assert signed["authorization"].endswith(f"Signature={signature}")


def test_a_known_upload_gets_its_known_signature() -> None:
    headers = HOST | {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}
    signed = signed_headers(EXAMPLE, "PUT", "/test$file.text", [], headers, b"Welcome to Amazon S3.", AT)
    expected = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    assert signed["authorization"].endswith(f"Signature={expected}")


def test_what_is_sent_is_what_was_signed() -> None:
    assert encoded_path("/b/ä b$c~d.json") == "/b/%C3%A4%20b%24c~d.json"
    assert encoded_query([("prefix", "a/b c"), ("list-type", "2")]) == "list-type=2&prefix=a%2Fb%20c"


def test_the_secret_shows_nowhere() -> None:
    assert EXAMPLE.secret not in f"{EXAMPLE!r} {EXAMPLE}"
