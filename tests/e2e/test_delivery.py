"""From drift in a slice to everyone who must know: a real Alertmanager, a webhook, a training pipeline."""

import asyncio
import base64
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.alerts.signing import Check, parse_secret, verify
from tests.e2e.commands import build_profile, with_model, with_profile
from tests.e2e.service import Service, credit_config
from tests.e2e.traffic import credit_events, produce, spread
from tests.parts.alertmanager import Alertmanager
from tests.parts.kafka import KafkaBroker
from tests.parts.process import HOST, eventually, free_port
from tests.parts.webhook import WebhookReceiver

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TOKEN = "open-sesame"
FIRING, RESOLVED = "drift.alert.firing", "drift.alert.resolved"
REQUESTED = "model.retraining.requested"
DRIFT = {
    "name": "AgeDrift", "metric": "psi", "threshold": 0.2, "resolve_threshold": 0.1, "features": ["age"],
    "slices": ["region=*"], "severity": "critical", "retrain": True, "runbook_url": "https://runbooks.test/age",
}  # fmt: skip

Configure = Callable[..., dict[str, Any]]


@pytest.fixture
def configure(kafka: KafkaBroker, topic_prefix: str, tmp_path: Path) -> Configure:
    """Configuration of a service that tells an Alertmanager and a webhook, on windows of two seconds."""
    config = credit_config(kafka.bootstrap, topic_prefix, timing={"flush": "200ms", "grace": "2s"})
    config = with_profile(config, build_profile(tmp_path, config))
    config = with_model(config, windows=[{"length": "2s"}], lateness="5s")
    (tmp_path / "secret").write_text(SECRET + "\n")
    (tmp_path / "tokens").write_text(f"pipeline: {TOKEN}\n")
    kafka.create_topics(f"{topic_prefix}predictions")

    def configured(peer: str, hook: str, cooldown: str = "1d") -> dict[str, Any]:
        secrets = {"secret_files": [str(tmp_path / "secret")]}
        receivers = {
            "alertmanager": {"urls": [peer], "resend": "1s", "labels": {"team": "risk"}},
            "webhooks": [{"name": "training", "url": f"{hook}/hook", **secrets}],
            "retraining": {"cooldown": cooldown, "expire": "6h"},
        }
        web = {"token_file": str(tmp_path / "tokens")}
        return config | {"monitors": [DRIFT], "receivers": receivers, "web": web}

    return configured


Send = Callable[..., Any]


@pytest.fixture
def send(kafka: KafkaBroker, topic_prefix: str) -> Send:
    """Send predictions of now, drifted in some regions or in none."""

    async def sent(*drifted: str) -> None:
        now_ms = round(time.time() * 1000)
        events = credit_events(3_000, now_ms, 0, seed=now_ms % 2**32, shift=25, shifted=drifted)
        await produce(kafka.bootstrap, f"{topic_prefix}predictions", spread(events, 1))

    return sent


def told(receiver: WebhookReceiver, kind: str) -> int:
    """How many requests of a type the receiver got."""
    return sum(request.json()["type"] == kind for request in receiver.requests)


def ends(alertmanager: Alertmanager, **labels: str) -> float:
    """Epoch seconds at which the alert would end by itself; 0 while there is none."""
    return max(
        (datetime.fromisoformat(one["endsAt"]).timestamp() for one in alertmanager.alerts(**labels)),
        default=0,
    )


async def told_until(alertmanager: Alertmanager, end_s: float, **labels: str) -> None:
    """Wait until the Alertmanager was told that an alert lasts beyond some time."""
    await eventually(
        lambda: ends(alertmanager, **labels) > end_s, seconds=40, what=f"alert {labels} sent again and again"
    )


async def tried_in_vain(service: Service, receiver: str) -> None:
    await eventually(
        lambda: service.metric("driftline_deliveries_total", receiver=receiver, outcome="retried") > 0,
        seconds=30,
        what=f"{receiver} tried in vain",
    )


async def report(service: Service, event: str, token: str = TOKEN) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(
            f"{service.url}/api/v1/models/credit/retraining",
            json={"event": event},
            headers={"authorization": f"Bearer {token}"},
        )


async def test_drift_in_a_slice_is_told_until_it_ends_through_failures_and_a_restart(
    configure: Configure,
    send: Send,
    alertmanager: Alertmanager,
    webhook_receiver: WebhookReceiver,
    tmp_path: Path,
) -> None:
    webhook_receiver.answer_next([500])
    with Service(tmp_path / "service", configure(alertmanager.url, webhook_receiver.url)) as service:
        await eventually(service.ready, seconds=30)
        await send("eu")

        # The Alertmanager holds it, and goes on holding it long after it would have ended by itself.
        await eventually(
            lambda: bool(alertmanager.alerts()), seconds=30, what="the alert in the Alertmanager"
        )
        [alert] = alertmanager.alerts()
        assert alert["labels"] == {
            "alertname": "AgeDrift", "severity": "critical", "model": "credit", "model_version": "7",
            "feature": "age", "slice": "region=eu", "window": "2s", "team": "risk",
        }  # fmt: skip
        assert alert["annotations"]["runbook_url"] == DRIFT["runbook_url"]
        assert float(alert["annotations"]["value"]) > 0.2
        await told_until(alertmanager, ends(alertmanager) + 4)

        # The webhook refused at first, and got the same again.
        await eventually(lambda: told(webhook_receiver, REQUESTED) > 0, what="the request to retrain")
        refused, firing, requested = webhook_receiver.requests
        assert refused.headers["webhook-id"] == firing.headers["webhook-id"]
        assert refused.body == firing.body
        assert firing.json()["data"]["slice"] == "region=eu"
        for request in webhook_receiver.requests:
            assert (
                verify([parse_secret(SECRET)], request.headers, request.body, int(time.time())) is Check.VALID
            )
        [evidence] = requested.json()["data"]["evidence"]
        assert evidence["alert_id"] == firing.json()["data"]["alert_id"]
        assert (evidence["feature"], evidence["slice"], evidence["threshold"]) == ("age", "region=eu", 0.2)
        assert evidence["value"] > 0.2
        assert evidence["reference_id"].startswith("sha256:")
        assert service.metric("driftline_deliveries_total", receiver="training", outcome="retried") == 1

        # A second slice drifts: another alert, but one request to retrain is in flight already.
        await send("eu", "us")
        await eventually(lambda: told(webhook_receiver, FIRING) == 3, what="the alert on another slice")

        # A restarted worker goes on telling of what it did not see begin.
        await asyncio.to_thread(service.end)
        await asyncio.to_thread(service.server.start)
        back = time.time()
        for region in ("region=eu", "region=us"):
            await told_until(alertmanager, back + 5, slice=region)

        await eventually(service.ready, seconds=30)
        await send()
        await eventually(lambda: told(webhook_receiver, RESOLVED) == 2, seconds=30, what="told of the end")
        await eventually(lambda: not alertmanager.alerts(), what="no alert left in the Alertmanager")
    assert told(webhook_receiver, REQUESTED) == 1
    assert len({request.headers["webhook-id"] for request in webhook_receiver.requests}) == 5


async def test_a_reported_retraining_keeps_quiet_what_would_ask_for_another_until_it_ends(
    configure: Configure,
    send: Send,
    alertmanager: Alertmanager,
    webhook_receiver: WebhookReceiver,
    tmp_path: Path,
) -> None:
    config = configure(alertmanager.url, webhook_receiver.url, cooldown="0s")
    with Service(tmp_path / "service", config) as service:
        await eventually(service.ready, seconds=30)
        assert (await report(service, "started", token="guessed")).status_code == httpx.codes.UNAUTHORIZED
        assert (await report(service, "started")).status_code == httpx.codes.ACCEPTED
        await send("eu")
        await eventually(lambda: told(webhook_receiver, FIRING) > 0, seconds=30, what="the alert")
        await send()
        await eventually(
            lambda: told(webhook_receiver, RESOLVED) > 0, seconds=30, what="the end of the alert"
        )
        assert told(webhook_receiver, REQUESTED) == 0
        assert (await report(service, "finished")).status_code == httpx.codes.ACCEPTED
        await send("us")
        await eventually(
            lambda: told(webhook_receiver, REQUESTED) > 0, seconds=30, what="the request to retrain"
        )


async def test_receivers_that_come_up_late_are_told_what_they_missed(
    configure: Configure, send: Send, alertmanager: Alertmanager, tmp_path: Path
) -> None:
    alertmanager.server.stop()
    port = free_port()
    with Service(tmp_path / "service", configure(alertmanager.url, f"http://{HOST}:{port}")) as service:
        await eventually(service.ready, seconds=30)
        await send("eu")
        await tried_in_vain(service, "training")
        await tried_in_vain(service, alertmanager.url.replace("http://", "alertmanager/"))
        await asyncio.to_thread(alertmanager.server.start)
        await eventually(lambda: bool(alertmanager.alerts()), seconds=30, what="the Alertmanager told")
        async with WebhookReceiver(port) as late:
            await eventually(lambda: told(late, REQUESTED) > 0, seconds=40, what="the webhook told")
            assert [request.json()["type"] for request in late.requests] == [FIRING, REQUESTED]
