"""Replies: the headers of all, JSON, errors that say what to do, and answers that are unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

_ENCODER = msgspec.json.Encoder()

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""No script, style or frame but our own: names of models and slices come from events."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was not served."""

    reason: str
    field: str
    value: str | None
    consequence: str
    mend: str


class ProblemDocument(msgspec.Struct, frozen=True):
    """Body of every error under ``/api``."""

    error: Problem


def reply(
    body: bytes, content_type: str, *, status: int = 200, cache: str = "no-store", etag: str | None = None
) -> web.Response:
    """A reply, compressed when the client takes it."""
    response = web.Response(body=body, status=status, headers={**HEADERS, "Cache-Control": cache})
    response.headers["Content-Type"] = content_type
    if etag is not None:
        response.headers["ETag"] = etag
    response.enable_compression()
    return response


def json_reply(document: Any, *, status: int = 200) -> web.Response:
    """A document as JSON; numbers that do not exist become null."""
    return reply(_ENCODER.encode(document), "application/json; charset=utf-8", status=status)


def problem(
    status: int, reason: str, *, field: str, value: str | None, consequence: str, mend: str
) -> web.Response:
    """An error under ``/api``."""
    error = Problem(reason=reason, field=field, value=value, consequence=consequence, mend=mend)
    response = json_reply(ProblemDocument(error), status=status)
    if status == web.HTTPUnauthorized.status_code:
        response.headers["WWW-Authenticate"] = 'Bearer realm="driftline"'
    return response


def not_modified(request: web.Request, etag: str) -> web.Response | None:
    """The empty reply to a client that has this version already."""
    given = [part.strip() for part in request.headers.get("If-None-Match", "").split(",")]
    if etag not in given:
        return None
    return web.Response(status=304, headers={**HEADERS, "Cache-Control": "no-cache", "ETag": etag})
