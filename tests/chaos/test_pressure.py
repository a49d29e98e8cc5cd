"""Slow neighbours: a broker behind a thin line, a receiver that takes its time; nothing grows or is lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from tests.chaos.fleet import live
from tests.chaos.proxy import SlowProxy
from tests.chaos.story import Story
from tests.chaos.verdict import Scene
from tests.e2e.commands import KEPT, START_MS
from tests.e2e.service import Service
from tests.e2e.traffic import Sent, credit_events, produce, read_all
from tests.parts.fixtures import skip_if_missing
from tests.parts.kafka import KafkaBroker
from tests.parts.process import HOST, eventually, free_port

BYTES_A_SECOND = 3_000_000


class Memory:
    """Watches how much memory a service holds."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.first = self.most = service.metric("process_resident_memory_bytes")

    async def watch(self) -> None:
        """Look every half second, for as long as it is let."""
        while True:
            held = await asyncio.to_thread(self._service.metric, "process_resident_memory_bytes")
            self.most = max(self.most, held)
            await asyncio.sleep(0.5)

    def said(self) -> str:
        return f"{self.first / 1e6:.0f} MB at first, {self.most / 1e6:.0f} MB at most"


@pytest.fixture
def throttled(tmp_path: Path) -> Iterator[tuple[KafkaBroker, int, int]]:
    """A broker with a second listener, that clients know by the proxy's port: broker, its port, that one."""
    slow, told = free_port(), free_port()
    with ExitStack() as stack:
        with skip_if_missing():
            broker = KafkaBroker(tmp_path)
            text = broker._settings.read_text(encoding="utf-8")
            own = f"PLAINTEXT://{HOST}:{broker.port}"
            text = text.replace(f"listeners={own},", f"listeners={own},SLOW://{HOST}:{slow},")
            text = text.replace("protocol.map=", "protocol.map=SLOW:PLAINTEXT,")
            text += f"advertised.listeners={own},SLOW://{HOST}:{told}\n"
            broker._settings.write_text(text, encoding="utf-8")
            stack.enter_context(broker)
        yield broker, slow, told


@pytest.mark.chaos
@pytest.mark.timeout(400)
async def test_a_broker_behind_a_thin_line_is_read_slowly_in_little_memory(
    throttled: tuple[KafkaBroker, int, int], tmp_path: Path, story: Story
) -> None:
    kafka, slow, told = throttled
    scene = Scene(kafka, "", tmp_path, story, length_ms=60_000, every_ms=20_000, partitions=4, lateness="40s")
    scene.create_topic(**KEPT)
    events = credit_events(200_000, START_MS, 2)
    sent = [Sent(i % 4, orjson.dumps(e), None, e["timestamp"]) for i, e in enumerate(events)]
    await produce(kafka.bootstrap, scene.topic, sent)
    size = sum(len(record.value or b"") for record in sent)
    config = scene.config()
    config["kafka"]["bootstrap_servers"] = f"{HOST}:{told}"
    async with SlowProxy(told, slow, BYTES_A_SECOND) as proxy:
        # The proxy lives on this loop: what would hold it up runs beside it.
        service = Service(tmp_path / "service", config)
        await asyncio.to_thread(service.__enter__)
        try:
            memory = Memory(service)
            watching = asyncio.create_task(memory.watch())
            ledger = await scene.exact(seconds=240)
            watching.cancel()
        finally:
            await asyncio.to_thread(service.__exit__, None, None, None)
        story.tell(f"{size / 1e6:.0f} MB of events over {BYTES_A_SECOND / 1e6:.0f} MB/s, {memory.said()}")
        assert proxy.forwarded > size
    assert ledger.events == 200_000
    assert memory.most - memory.first < 250_000_000


class SlowReceiver:
    """A webhook that takes half a second for each request."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(0.5)
        self.ids.append(request.headers["webhook-id"])
        return web.Response()


@pytest.fixture
async def slow_receiver() -> AsyncIterator[SlowReceiver]:
    """A server on a loopback port."""
    receiver = SlowReceiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    receiver.url = f"http://{HOST}:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


@pytest.mark.chaos
@pytest.mark.timeout(300)
async def test_a_slow_receiver_holds_nothing_up_and_is_told_everything(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story, slow_receiver: SlowReceiver
) -> None:
    scene = Scene(
        kafka, topic_prefix, tmp_path, story, length_ms=4_000, every_ms=2_000, grace="8s", lateness="8s"
    )
    scene.create_topic()
    flicker = [
        {"name": f"busy{i}", "metric": "traffic", "threshold": 500 + 10 * i, "slices": ["*"], "alpha": None}
        for i in range(10)
    ]
    hook = {"name": "slow", "url": slow_receiver.url}
    config = scene.config(receivers={"webhooks": [hook]})
    config["monitors"] = [*config["monitors"], *flicker]
    with Service(tmp_path / "service", config) as service:
        await eventually(service.ready, seconds=30)
        memory = Memory(service)
        watching = asyncio.create_task(memory.watch())
        await live(kafka, scene.topic, story, total=30_000, rate=1_500, partitions=scene.partitions)
        await scene.exact(seconds=90)
        alerts = [orjson.loads(r.value) for r in await read_all(kafka.bootstrap, f"{scene.prefix}alerts")]
        told = {
            a["id"]
            for a in alerts
            if a.get("transition") and a["fired"] and a["state"] in {"firing", "resolved"}
        }
        story.tell(
            f"windows exact while {len(set(slow_receiver.ids))} of {len(told)} transitions were delivered"
        )
        await eventually(
            lambda: set(slow_receiver.ids) >= told, seconds=120, what="every transition delivered"
        )
        watching.cancel()
    story.tell(f"{len(slow_receiver.ids)} deliveries of {len(told)} transitions, {memory.said()}")
    assert len(told) > 20
    assert memory.most - memory.first < 200_000_000
