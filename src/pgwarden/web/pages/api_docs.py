"""The API's description for people: rendered here from the OpenAPI document, no request to anywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from pgwarden.web.door import door_of

router = APIRouter()

PLACE = "/api/v1/docs"
METHODS = ("get", "post", "put", "patch", "delete")
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of a path, or a member of a body or an answer."""

    name: str
    type: str
    required: bool
    told: str
    place: str = ""
    """path, query or header; '' for a member."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What a method does at a path."""

    method: str
    path: str
    summary: str
    told: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answers: tuple[Field, ...]
    status: str
    """Of the answer when all is well."""

    @property
    def anchor(self) -> str:
        return f"{self.method}-{self.path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}".lower()


@router.get(PLACE)
async def docs(request: Request) -> Response:
    """Every operation by its noun."""
    house = request.app
    assert isinstance(house, FastAPI)
    return door_of(request).templates.page(
        request, "pages/api_docs.html", document=house.openapi()["info"], nouns=_nouns(house)
    )


@cache
def _nouns(house: FastAPI) -> dict[str, tuple[Operation, ...]]:
    document = house.openapi()
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                found.setdefault(methods[method]["tags"][0], []).append(
                    _operation(document, method, path, methods[method])
                )
    return {noun: tuple(operations) for noun, operations in found.items()}


def _operation(document: Document, method: str, path: str, given: Document) -> Operation:
    status = next((code for code in given["responses"] if code.startswith("2")), "")
    parameters = tuple(
        Field(
            each["name"],
            _type(each["schema"]),
            each.get("required", False),
            each.get("description", each["schema"].get("description", "")),
            each["in"],
        )
        for each in given.get("parameters", ())
    )
    told, _, more = given.get("description", "").partition("\n")
    return Operation(
        method.upper(),
        path,
        told,
        more.strip(),
        parameters,
        tuple(_members(document, given.get("requestBody", {}))),
        tuple(_members(document, given["responses"].get(status, {}))),
        status,
    )


def _members(document: Document, content: Document) -> Iterator[Field]:
    """The members of a JSON object, or of the objects of a list."""
    schema = content.get("content", {}).get("application/json", {}).get("schema", {})
    if schema.get("type") == "array":
        schema = schema.get("items", {})
    schema = _resolved(document, schema)
    for name, each in schema.get("properties", {}).items():
        yield Field(name, _type(each), name in schema.get("required", ()), each.get("description", ""))


def _resolved(document: Document, schema: Document) -> Document:
    if "$ref" not in schema:
        return schema
    found: Document = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _type(schema: Document) -> str:
    """A type in a few words: ``text``, ``list of Field``, ``number or nothing``."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    words = {"string": "text", "null": "nothing", "boolean": "yes or no", "integer": "whole number"}
    return str(schema.get("format", words.get(kind, kind)))
