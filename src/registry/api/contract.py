"""The published contract as the service itself serves it: the explanation of each code and the schema of the envelope."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse, Response

from registry.core import codes
from registry.core.findings import Code, Refusal

router = APIRouter(tags=["contract"])

_SIGNATURE_MEMBERS: dict[str, Any] = {
    "protected": {"type": "string", "description": "base64url of the protected header's JSON bytes"},
    "signature": {"type": "string", "description": "base64url of the signature value"},
    "header": {
        "type": "object",
        "required": ["etsiU"],
        "additionalProperties": False,
        "properties": {"etsiU": {"type": "array", "minItems": 1, "maxItems": 32, "items": {}}},
        "description": "Unsigned properties: time-stamps, OCSP answers and certificates are read, the rest is reported only",
    },
}

#: JWS JSON Serialization, general or flattened, with the payload attached or the document detached (openapi/envelope.md).
ENVELOPE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "SignedTranscript",
    "description": "JWS JSON Serialization (RFC 7515 section 7.2) over one transcript, signed by the homeroom "
    "teacher, the principal and the school seal in this order; see openapi/envelope.md.",
    "additionalProperties": False,
    "oneOf": [
        {"required": ["payload", "signatures"]},
        {"required": ["document", "signatures"]},
        {"required": ["payload", "protected", "signature"]},
        {"required": ["document", "protected", "signature"]},
    ],
    "properties": {
        "payload": {
            "type": "string",
            "description": "base64url of the transcript's JSON bytes, signatures linked by prev",
        },
        "document": {"type": "string", "description": "the same, detached: signatures cover it by sigD"},
        "signatures": {
            "type": "array",
            "minItems": 1,
            "maxItems": 16,
            "items": {
                "type": "object",
                "required": ["protected", "signature"],
                "additionalProperties": False,
                "properties": _SIGNATURE_MEMBERS,
            },
        },
        **_SIGNATURE_MEMBERS,
    },
}

_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details; one finding or fifty have the same shape",
    "required": ["type", "title", "status", "detail", "instance", "code", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "submission_id": {"type": "string", "format": "uuid"},
        "outcome": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FindingBody"}},
    },
}


@router.get("/problems/{slug}", response_model=None)
async def get_problem(request: Request, slug: str) -> Response:
    """What a code means and how to mend it, in Vietnamese and English (HTML for browsers, else JSON)."""
    code = codes.by_slug(slug)
    if code is None:
        raise Refusal(codes.REQUEST_PATH)
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(_page(code))
    return JSONResponse(
        {
            "code": code.slug,
            "kind": code.kind.value,
            "effect": code.effect.value,
            "vi": {"title": code.title_vi, "fix": code.fix_vi},
            "en": {"title": code.title_en, "fix": code.fix_en},
        }
    )


def _page(code: Code) -> str:
    """A page of two short texts; the table is ours, and is escaped all the same."""
    return (
        '<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(code.slug)}</title><style>body{{font:18px/1.5 system-ui;max-width:40em;margin:2em auto;padding:0 1em}}"
        "code{background:#eee;padding:.1em .3em}</style>"
        f"<h1><code>{escape(code.slug)}</code></h1><h2>{escape(code.title_vi)}</h2><p>{escape(code.fix_vi)}</p>"
        f'<section lang="en"><h2>{escape(code.title_en)}</h2><p>{escape(code.fix_en)}</p></section></html>'
    )


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: the routes' own, with the envelope and one problem shape for every error."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        openapi_version="3.1.0",
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["SignedTranscript"] = ENVELOPE_SCHEMA
    schemas["Problem"] = _PROBLEM_SCHEMA
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    document["components"]["securitySchemes"] = {
        "registry": {
            "type": "oauth2",
            "description": "client_credentials with private_key_jwt (RFC 7523)",
            "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": _SCOPES}},
        }
    }
    for path, item in document["paths"].items():
        for operation in item.values():
            _answers(operation)
            operation["summary"] = operation["description"].splitlines()[0].rstrip(".")
            if path.startswith("/v1/"):
                scopes = _SCOPES_OF_TAG[operation["tags"][0]]
                operation["security"] = [{"registry": [scope]} for scope in scopes]
    return document


_SCOPES = {
    "submit": "Submit transcripts of one's own schools",
    "completeness": "Ask who is missing in one's own units",
    "verify": "Ask whether a record is genuine and current",
    "operate": "Put rosters, read every submission's state, decide cases, renumber and merge pupils, read metrics",
}

#: Any one of them is enough.
_SCOPES_OF_TAG = {
    "submissions": ("submit",),
    "completeness": ("completeness",),
    "campaigns": ("completeness", "operate"),
    "reminders": ("completeness", "operate"),
    "declarations": ("completeness", "operate"),
    "readiness": ("completeness", "operate"),
    "rosters": ("operate",),
    "numbers": ("operate",),
    "missing-numbers": ("completeness", "operate"),
    "signers": ("completeness", "operate"),
    "verification": ("verify",),
    "transcripts": ("submit", "operate"),
    "extracts": ("submit", "operate", "verify"),
    "shares": ("submit", "operate"),
    "approvals": ("operate",),
    "changes": ("submit", "completeness", "operate"),
    "identification": ("submit",),
    "pupils": ("operate",),
    "cases": ("operate",),
    "sessions": ("operate",),
    "name-views": ("completeness", "operate"),
}


def _answers(operation: dict[str, Any]) -> None:
    """Every operation can answer with a problem; the framework's own 422 shape is never sent."""
    responses: dict[str, Any] = operation.setdefault("responses", {})
    responses.pop("422", None)
    problem = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    if operation.get("operationId", "").startswith("post_submission"):
        responses["422"] = {"description": "Refused; every finding is listed", **problem}
    responses["default"] = {"description": "Any other outcome, as a problem", **problem}
