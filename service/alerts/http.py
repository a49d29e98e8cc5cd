"""One POST: bounded in time and size, never redirected, and never raising because of the receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

import httpx

ANSWER_BYTES_MAX = 2_000
"""How much of an answer is read, for the log."""

USER_AGENT = "driftline"


class Reply(NamedTuple):
    """What came back; ``status`` is None when nothing did, and ``text`` then says why."""

    status: int | None
    text: str
    retry_after: str | None = None


class HttpClient:
    """A client that follows no redirect; an asynchronous context manager.

    Parameters
    ----------
    direct
        Ignore the proxies that the environment names.
    """

    def __init__(self, *, direct: bool = False) -> None:
        self._direct = direct
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=not self._direct,
            timeout=None,  # noqa: S113  # bounded in `post` as a whole, where httpx bounds each phase
            headers={"user-agent": USER_AGENT},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_ms: int) -> Reply:
        """Post JSON and read the status and the beginning of the answer."""
        assert self._client is not None, "post inside `async with`"
        sent = {**headers, "content-type": "application/json"}
        try:
            async with (
                asyncio.timeout(timeout_ms / 1000),
                self._client.stream("POST", url, content=body, headers=sent) as response,
            ):
                text = await _beginning(response)
                location = response.headers.get("location")
                if response.is_redirect and location:
                    text = f"a redirect to {location}"
                return Reply(response.status_code, text, response.headers.get("retry-after"))
        except TimeoutError:
            return Reply(None, f"no answer within {timeout_ms} ms")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Reply(None, f"{type(error).__name__}: {error}")


def host_of(url: str) -> str:
    """Host and port, without path or credentials: a name for logs and metrics."""
    return httpx.URL(url).netloc.decode()


async def _beginning(response: httpx.Response) -> str:
    data = b""
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) >= ANSWER_BYTES_MAX:
            break
    return data[:ANSWER_BYTES_MAX].decode("utf-8", "replace")
