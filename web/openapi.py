"""The OpenAPI 3.1 document, made from the table of routes and the structs. `python -m web.openapi` prints it."""

from __future__ import annotations

import functools
import inspect
import json
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from engine import __version__
from web import (
    colleagues_schema,
    frames,
    handling_schema,
    lines_schema,
    nouns_schema,
    people_schema,
    rules_schema,
    scheduled_schema,
    schema,
    tasks_schema,
    trace_schema,
)
from web.routes import PARAMETERS, Media, Operation, rooms, table

_REF: Final = "#/components/schemas/{name}"

_TITLES: Final[Mapping[int, str]] = {
    400: "The request cannot be read.",
    401: "Who are you? Sign in first.",
    403: "Seen, but not allowed.",
    404: "Not there, or not for you.",
    409: "Not in this state.",
    412: "Stale: somebody changed it meanwhile.",
    413: "Too large.",
    415: "Wrong content.",
    422: "Read, but not right; `errors` says where.",
    429: "Too many; `Retry-After` says when.",
    503: "Nothing can be stored at the moment, and nothing was changed; `Retry-After` says when to ask again.",
}

_RETRY: Final = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}


def document() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in table():
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Yingda (應答)",
            "version": __version__,
            "description": "The customer-service desk. Errors are problem documents (RFC 9457), lists answer `items` "
            "and `next`, times are RFC 3339 UTC. The sockets `/ws/chat` and `/ws/agent` speak the `…Frame` and `Send…` "
            "messages of the components.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The token of `POST auth/login`."},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "desk",
                    "description": "The browser's session; changes need `X-CSRF-Token` too.",
                },
                "visitor": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Visitor",
                    "description": "A guest's proof from the socket's `welcome`, together with `X-Shop`.",
                },
            },
        },
    }


@functools.cache
def encoded() -> bytes:
    """The document as JSON."""
    return json.dumps(document(), ensure_ascii=False, separators=(",", ":")).encode()


# --- operations -----------------------------------------------------------------------------------------------------


def _operation(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*_path_parameters(operation.path), *_query_parameters(operation.query), *_headers(operation)],
        "responses": _responses(operation),
        "security": [{"bearer": []}, {"cookie": []}, {"visitor": []}] if operation.who == "known" else [],
    }
    if operation.upload:
        found["requestBody"] = {"required": True, "content": _file_content()}
    elif operation.body is not None:
        needed = any(field.required for field in msgspec.structs.fields(operation.body))
        content: dict[str, Any] = {"schema": _ref(operation.body)}
        if operation.example is not None:
            content["example"] = dict(operation.example)
        found["requestBody"] = {"required": needed, "content": {"application/json": content}}
    if not found["parameters"]:
        del found["parameters"]
    return found


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARAMETERS[name][1],
            "schema": PARAMETERS[name][2],
        }
        for name in re.findall(r"\{([a-z]+)\}", path)
    ]


def _query_parameters(query: type[Struct]) -> list[dict[str, Any]]:
    _, components = msgspec.json.schema_components([query], ref_template=_REF)
    shape = components[query.__name__]
    notes = _notes(query)
    found = []
    for name, spec in shape["properties"].items():
        spec = _without_null(_tidy(spec))
        parameter: dict[str, Any] = {"name": name, "in": "query", "schema": spec}
        if name in shape.get("required", ()):
            parameter["required"] = True
        if name in notes:
            parameter["description"] = notes[name]
        found.append(parameter)
    return found


def _headers(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if operation.keyed:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The same key with the same request gives the first answer again, for 24 hours.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
            }
        )
    if operation.match:
        found.append(
            {
                "name": "If-Match",
                "in": "header",
                "description": "The ETag the change was made from; 412 when somebody was faster.",
                "schema": {"type": "string", "pattern": '^("[0-9]{1,15}"|\\*)$'},
            }
        )
    return found


def _responses(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, kind in operation.answers.items():
        answer: dict[str, Any] = {"description": operation.summary if status < 300 else "Not now."}
        if isinstance(kind, Media):
            binary = {"type": "string", "format": "binary"} if kind.type == "application/octet-stream" else {}
            types = ("*/*",) if kind.type == "application/octet-stream" else (kind.type,)
            answer["content"] = {name: {"schema": binary} for name in types}
        elif kind is not None:
            answer["content"] = {"application/json": {"schema": _ref(kind)}}
        headers: dict[str, Any] = {}
        if kind is schema.Ticket:
            headers["ETag"] = {"description": "The ticket's version, for `If-Match`.", "schema": {"type": "string"}}
        if status == 201 and kind is not schema.Message:
            headers["Location"] = {"description": "Where it is now.", "schema": {"type": "string"}}
        if headers:
            answer["headers"] = headers
        found[str(status)] = answer
    for status in operation.refusals:
        problem: dict[str, Any] = {
            "description": _TITLES[status],
            "content": {"application/problem+json": {"schema": _ref(schema.Problem)}},
        }
        if status in (429, 503):
            problem["headers"] = _RETRY
        found[str(status)] = problem
    return found


def _file_content() -> dict[str, Any]:
    part = {"type": "string", "format": "binary"}
    return {
        "multipart/form-data": {"schema": {"type": "object", "properties": {"file": part}, "required": ["file"]}},
        "application/octet-stream": {"schema": part},
    }


# --- schemas --------------------------------------------------------------------------------------------------------


def _ref(kind: type[Struct]) -> dict[str, str]:
    return {"$ref": _REF.format(name=kind.__name__)}


def _schemas() -> dict[str, Any]:
    hidden = {schema.Body, schema.Query, *_subclasses(schema.Query)}
    modules = (
        schema,
        colleagues_schema,
        lines_schema,
        people_schema,
        scheduled_schema,
        tasks_schema,
        handling_schema,
        nouns_schema,
        rules_schema,
        trace_schema,
        frames,
        *rooms(),
    )
    kinds = [kind for module in modules for kind in _structs(module) if kind not in hidden]
    _, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    by_name = {kind.__name__: kind for kind in kinds}
    found: dict[str, Any] = {}
    for name, shape in components.items():
        tidied = _tidy(shape)
        notes = _notes(by_name[name]) if name in by_name else {}
        for field, text in notes.items():
            if field in tidied.get("properties", {}):
                tidied["properties"][field] = _described(tidied["properties"][field], text)
        found[name] = tidied
    found["ClientFrame"] = _either(frames.ClientFrame)
    found["ServerFrame"] = _either(frames.ServerFrame)
    return found


def _either(kinds: Any) -> dict[str, Any]:
    return {"oneOf": [_ref(kind) for kind in kinds.__args__]}


def _structs(module: Any) -> list[type[Struct]]:
    return [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, Struct)
        and thing is not Struct
        and thing.__module__ == module.__name__
    ]


def _subclasses(kind: type) -> set[type]:
    children: list[type] = kind.__subclasses__()
    return {*children, *(one for child in children for one in _subclasses(child))}


def _tidy(shape: Any) -> Any:
    """What msgspec leaves to be guessed is written out: the type of words, and that free objects hold anything."""
    if isinstance(shape, list):
        return [_tidy(item) for item in shape]
    if not isinstance(shape, dict):
        return shape
    found = {name: _tidy(item) for name, item in shape.items()}
    words = found.get("enum")
    if isinstance(words, list) and "type" not in found and all(isinstance(word, str) for word in words):
        found["type"] = "string"
    if found.get("type") == "object" and "properties" not in found and "additionalProperties" not in found:
        found["additionalProperties"] = True
    return found


def _without_null(spec: dict[str, Any]) -> dict[str, Any]:
    """A query has no null: the name is left out."""
    spec = {name: item for name, item in spec.items() if not (name == "default" and item is None)}
    options = [option for option in spec.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        return {**{name: item for name, item in spec.items() if name != "anyOf"}, **options[0]}
    if isinstance(spec.get("enum"), list):
        return {**spec, "enum": [word for word in spec["enum"] if word is not None], "type": "string"}
    return spec


def _described(spec: dict[str, Any], text: str) -> dict[str, Any]:
    return {**spec, "description": text}


_FIELD: Final = re.compile(r"^    (\w+): ")


@functools.cache
def _notes(kind: type[Struct]) -> Mapping[str, str]:
    """The strings that stand below fields in the source, as their descriptions."""
    try:
        lines = inspect.getsource(kind).splitlines()
    except (OSError, TypeError):
        return {}
    found: dict[str, str] = {}
    field = ""
    text: list[str] = []
    for line in lines[1:]:
        if text:
            text.append(line.strip())
        elif match := _FIELD.match(line):
            field = match[1]
            continue
        elif field and line.startswith('    """'):
            text = [line.strip().removeprefix('"""')]
        else:
            field = ""
            continue
        if text[-1].endswith('"""'):
            found[field] = " ".join(text).removesuffix('"""').strip()
            field, text = "", []
    return found


def main() -> int:
    """Prints the document, indented: what the TypeScript types are made from."""
    print(json.dumps(document(), ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
