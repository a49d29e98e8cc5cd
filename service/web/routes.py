"""The HTTP routes: plain aiohttp handlers, for any aiohttp server."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from service.config.settings import Settings
from service.web import api
from service.web.board import Board
from service.web.page import Asked, view
from service.web.replies import json_reply, not_modified, problem, reply
from service.web.retraining import Retraining
from service.web.static_files import StaticFile, load_static
from service.web.templating import environment

RetrainingEvent = Literal["started", "finished"]
ReportRetraining = Callable[[str, RetrainingEvent, str], Awaitable[None]]
"""Called with the model, the event and the principal who reports it."""


@dataclass(frozen=True)
class WebState:
    """What the handlers read and call.

    Attributes
    ----------
    ready
        Whether the service is assigned, recovered and fresh; and what is missing, when it is not.
    report_retraining
        Takes note of a retraining that began or ended, and audits it.
    banner
        A text above the page, or None.
    """

    settings: Settings
    board: Board
    registry: CollectorRegistry
    ready: Callable[[], tuple[bool, Sequence[str]]]
    report_retraining: ReportRetraining
    banner: Callable[[], str | None] = field(default=lambda: None)


def routes(state: WebState) -> list[web.RouteDef]:
    """Every route of the service."""
    site, documents = _Site(state), _Documents(state)
    retraining = Retraining(state.settings.web.token_file, state.board.models, state.report_retraining)
    return [
        web.get("/", site.page),
        web.get("/metrics", site.metrics),
        web.get("/healthz", site.healthz),
        web.get("/readyz", site.readyz),
        web.get("/static/{name}", site.static),
        web.get("/api/v1/models", documents.models),
        web.get("/api/v1/models/{model}", documents.model),
        web.get("/api/v1/models/{model}/distribution", documents.distribution),
        web.post("/api/v1/models/{model}/retraining", retraining.report),
        web.get("/api/v1/results", documents.results),
        web.get("/api/v1/alerts", documents.alerts),
        web.get("/api/v1/profiles", documents.profiles),
        web.get("/api/v1/profiles/{id}", documents.profile),
        web.route("*", "/api/{path:.*}", _unknown),
    ]


class _Site:
    """Page, metrics, health."""

    def __init__(self, state: WebState) -> None:
        self._state = state
        self._static = load_static()
        self._start = secrets.token_hex(4)  # revisions begin anew with every process
        self._template = environment().get_template("page.html.j2")

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The status page; unchanged as long as the board is."""
        state, query = self._state, request.query
        banner = state.banner()
        ready, reasons = state.ready()
        not_ready = () if ready else tuple(reasons) or ("not ready",)
        seen = f"{self._start}/{state.board.revision}/{banner}/{not_ready}/{request.query_string}"
        etag = f'W/"{hashlib.sha256(seen.encode()).hexdigest()[:24]}"'
        if (unchanged := not_modified(request, etag)) is not None:
            return unchanged
        asked = Asked(
            model=query.get("model", ""),
            version=query.get("version"),
            window=query.get("window", ""),
            slice=query.get("slice", ""),
            feature=query.get("feature"),
            filter=query.get("filter", "")[:200],
        )
        # In a thread: ranking a window of very many slices takes longer than the event loop may stand still.
        html = await asyncio.to_thread(self._render, asked, banner, not_ready)
        return reply(html.encode(), "text/html; charset=utf-8", cache="no-cache", etag=etag)

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """All series, in the format that is asked for; rendered in a thread, so that nothing waits."""
        encoder, content_type = choose_encoder(",".join(request.headers.getall("Accept", [])))
        return reply(await asyncio.to_thread(encoder, self._state.registry), content_type)

    async def healthz(self, request: web.Request) -> web.StreamResponse:
        """Alive: the event loop answers."""
        del request
        return json_reply({"status": "ok"})

    async def readyz(self, request: web.Request) -> web.StreamResponse:
        """Ready: assigned, recovered and fresh; else 503 with the reasons."""
        del request
        ready, reasons = self._state.ready()
        return json_reply({"ready": ready, "reasons": list(reasons)}, status=200 if ready else 503)

    async def static(self, request: web.Request) -> web.StreamResponse:
        """Style and script."""
        file = self._static.get(request.match_info["name"])
        if file is None:
            return reply(b"no such file\n", "text/plain; charset=utf-8", status=404)
        etag = f'W/"{file.digest}"'
        if (unchanged := not_modified(request, etag)) is not None:
            return unchanged
        lasting = request.query.get("v") == file.digest
        cache = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return reply(file.body, file.content_type, cache=cache, etag=etag)

    def _render(self, asked: Asked, banner: str | None, not_ready: tuple[str, ...]) -> str:
        shown = view(self._state.board, asked, banner, not_ready)
        return self._template.render(page=shown, static=self._address)

    def _address(self, name: str) -> str:
        file: StaticFile = self._static[name]
        return f"static/{name}?v={file.digest}"


class _Documents:
    """JSON for programs."""

    def __init__(self, state: WebState) -> None:
        self._board = state.board

    async def models(self, request: web.Request) -> web.StreamResponse:
        """Every model with its status."""
        del request
        return json_reply(await asyncio.to_thread(api.models, self._board))

    async def model(self, request: web.Request) -> web.StreamResponse:
        """One model with its worst findings."""
        name = request.match_info["model"]
        detail = await asyncio.to_thread(api.model_detail, self._board, name)
        return _unknown_model(name, self._board) if detail is None else json_reply(detail)

    async def results(self, request: web.Request) -> web.StreamResponse:
        """Results of the newest windows, filtered."""
        query = dict(request.query)
        limit = query.pop("limit", str(api.RESULTS_MAX))
        strange = sorted(set(query) - set(api.Filter.__struct_fields__))
        if strange:
            known = ", ".join((*api.Filter.__struct_fields__, "limit"))
            return problem(
                422, "unknown_parameter", field=strange[0], value=query[strange[0]],
                consequence="it filters nothing, so no results were sent", mend=f"use {known}",
            )  # fmt: skip
        if not (limit.isascii() and limit.isdigit() and 0 < int(limit[:9]) <= api.RESULTS_MAX):
            return problem(
                422, "bad_limit", field="limit", value=limit, consequence="no results were sent",
                mend=f"write a whole number from 1 to {api.RESULTS_MAX}",
            )  # fmt: skip
        wanted = api.Filter(**query)
        return json_reply(await asyncio.to_thread(api.results, self._board, wanted, int(limit)))

    async def alerts(self, request: web.Request) -> web.StreamResponse:
        """Alerts and requests."""
        del request
        return json_reply(api.alerts(self._board))

    async def profiles(self, request: web.Request) -> web.StreamResponse:
        """References in force."""
        del request
        return json_reply(api.profiles(self._board))

    async def profile(self, request: web.Request) -> web.StreamResponse:
        """One reference as its canonical text, whose hash is its id."""
        wanted = request.match_info["id"]
        for snapshot in self._board.snapshots().values():
            profile = snapshot.evaluated.window.profile
            if profile is not None and profile.id == wanted:
                return reply(profile.to_json(), "application/json; charset=utf-8", cache="no-cache")
        return problem(
            404, "unknown_profile", field="id", value=wanted, consequence="there is nothing to show",
            mend="take an id from /api/v1/profiles; references that are no longer in force are not kept",
        )  # fmt: skip

    async def distribution(self, request: web.Request) -> web.StreamResponse:
        """Reference and current counts of a feature on a slice."""
        name, query = request.match_info["model"], request.query
        if name not in self._board.models():
            return _unknown_model(name, self._board)
        feature, slice_name = query.get("feature"), query.get("slice", "all")
        if feature is None:
            return problem(
                422, "missing_parameter", field="feature", value=None, consequence="there is nothing to draw",
                mend="name a feature, `prediction` or `actual`",
            )  # fmt: skip
        found = api.find_distribution(
            self._board, name, feature, slice_name, query.get("version"), query.get("window")
        )
        if found is None:
            return problem(
                404, "unknown_distribution", field="feature", value=f"{feature} on {slice_name}",
                consequence="no newest window counts it",
                mend="take names from /api/v1/results, and wait until a window closed",
            )  # fmt: skip
        drawn, version, window = found
        return json_reply({"model": name, "model_version": version, "window": window, "distribution": drawn})


async def _unknown(request: web.Request) -> web.StreamResponse:
    return problem(
        404, "unknown_path", field="path", value=f"{request.method} {request.path}",
        consequence="nothing was done",
        mend="begin at /api/v1/models, /api/v1/results, /api/v1/alerts or /api/v1/profiles",
    )  # fmt: skip


def _unknown_model(name: str, board: Board) -> web.Response:
    return problem(
        404, "unknown_model", field="model", value=name, consequence="there is nothing to show",
        mend=f"use one of: {', '.join(board.models())}",
    )  # fmt: skip
