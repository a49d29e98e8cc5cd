"""``POST /api/v1/models/{model}/retraining``: a pipeline reports that a retraining began or ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import msgspec
from aiohttp import web

from service.errors import ConfigError
from service.web.replies import json_reply, problem
from service.web.tokens import principal_of, read_tokens

Event = Literal["started", "finished"]


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the request."""

    event: Event


class Retraining:
    """The handler.

    Parameters
    ----------
    token_file
        Read at every request, so that a token can be changed without a restart; None refuses every request.
    models
        The names of the known models.
    report
        Called with model, event and principal.
    """

    def __init__(
        self,
        token_file: str | None,
        models: Callable[[], tuple[str, ...]],
        report: Callable[[str, Event, str], Awaitable[None]],
    ) -> None:
        self._token_file = token_file
        self._models = models
        self._report = report

    async def report(self, request: web.Request) -> web.StreamResponse:
        """Check who asks, for what, and pass it on."""
        principal = await self._principal(request)
        if isinstance(principal, web.Response):
            return principal
        model = request.match_info["model"]
        if model not in self._models():
            return problem(
                404, "unknown_model", field="model", value=model, consequence="nothing was recorded",
                mend=f"use one of: {', '.join(self._models())}",
            )  # fmt: skip
        body = await request.read()
        try:
            report = msgspec.json.decode(body, type=Report)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return problem(
                422, "bad_body", field="event", value=body[:200].decode(errors="replace"),
                consequence=f"nothing was recorded: {error}",
                mend='send {"event": "started"} or {"event": "finished"}',
            )  # fmt: skip
        await self._report(model, report.event, principal)
        return json_reply({"model": model, "event": report.event, "principal": principal}, status=202)

    async def _principal(self, request: web.Request) -> str | web.Response:
        if self._token_file is None:
            return problem(
                403, "changes_disabled", field="web.token_file", value=None,
                consequence="nothing can be changed over HTTP",
                mend="name a file with lines `principal: token` in the configuration, and restart",
            )  # fmt: skip
        try:
            tokens = await asyncio.to_thread(read_tokens, Path(self._token_file))
        except ConfigError as error:
            return problem(
                503, error.reason, field="web.token_file", value=self._token_file,
                consequence=str(error), mend="mend the file; it is read at every request",
            )  # fmt: skip
        principal = principal_of(tokens, request.headers.get("Authorization"))
        if principal is not None:
            return principal
        given = (
            "no bearer token" if "Authorization" not in request.headers else "a token that is not in the file"
        )
        return problem(
            401, "unauthorized", field="Authorization", value=given, consequence="nothing was recorded",
            mend="send `Authorization: Bearer TOKEN` with a token of web.token_file",
        )  # fmt: skip
