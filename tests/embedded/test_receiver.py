"""The receiver of signed webhooks believes nothing that is not signed, and nothing twice."""

import time

import httpx

from service.alerts.signing import signed_headers
from service.embedded.receiver import Received, SignedReceiver

KEY = b"k" * 32
BODY = b'{"type":"drift.alert.firing","data":{"model":"credit"}}'


async def test_a_signed_event_is_handed_on_once_however_often_it_comes() -> None:
    events: list[Received] = []
    headers = signed_headers([KEY], "msg-1", int(time.time()), BODY)
    async with SignedReceiver([KEY], events.append) as receiver, httpx.AsyncClient() as client:
        replies = [await client.post(receiver.url, content=BODY, headers=headers) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [204, 204]
    assert events == [Received("msg-1", "drift.alert.firing", {"model": "credit"})]
    assert (receiver.verified, receiver.repeated) == (2, 1)


async def test_an_event_with_another_signature_is_refused() -> None:
    events: list[Received] = []
    headers = signed_headers([b"x" * 32], "msg-1", int(time.time()), BODY)
    async with SignedReceiver([KEY], events.append) as receiver, httpx.AsyncClient() as client:
        reply = await client.post(receiver.url, content=BODY, headers=headers)
    assert reply.status_code == 401
    assert (events, dict(receiver.refused)) == ([], {"mismatch": 1})
