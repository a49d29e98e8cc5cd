"""Several workers of one command, and stages apart, on a real broker."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.commands import attempt, write_config
from tests.e2e.service import Service, sample_sum
from tests.e2e.test_outages import exact, flowing, live_config
from tests.e2e.test_rebalances import lines
from tests.parts.kafka import KafkaBroker
from tests.parts.process import HOST, Server, eventually, free_port, listens


class Workers(Service):
    """`driftline run` with more options; its first worker is the one that is asked."""

    def __init__(self, folder: Path, config: dict[str, Any], name: str, *options: str) -> None:
        super().__init__(folder, config, name)
        program, config_path = Path(sys.executable).with_name("driftline"), folder / f"{name}.yaml"
        command: list[str | Path] = [program, "run", "--config", config_path]
        self.server = Server(name, [*command, *options], folder, self._is_up)

    def second(self) -> str:
        """Where the second worker is asked."""
        return f"http://{HOST}:{self.port + 1}"

    def pids(self) -> dict[int, int]:
        """The newest process of each worker."""
        return {line["number"]: line["pid"] for line in lines(self, "worker started")}


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def test_two_workers_of_one_command_share_the_work_and_one_that_dies_is_started_again(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, partitions=4)
    config = live_config(kafka, topic_prefix, grace="12s")
    with Workers(tmp_path / "both", config, "both", "--workers", "2") as both:
        urls = (both.url, both.second())
        await eventually(lambda: all(map(is_ready, urls)), seconds=40, what="both ready")
        async with flowing(kafka, topic, bursts=30):
            await asyncio.sleep(3)
            os.kill(both.pids()[1], signal.SIGKILL)
            await eventually(lambda: len(lines(both, "worker started")) == 3, seconds=15)
            await eventually(lambda: all(map(is_ready, urls)), seconds=20, what="both ready again")
        await exact(kafka, topic_prefix, seconds=60)
        counted = [sample_sum(httpx.get(f"{url}/metrics").text, "driftline_events_total") for url in urls]
        assert all(counted)
        pids = both.pids()
        status, seconds = await asyncio.to_thread(both.end)
    assert (status, seconds < 15) == (0, True)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.values())
    [death] = lines(both, "worker died and is started again")
    assert (death["number"], death["status"], death["pause_s"]) == (1, -signal.SIGKILL, 0.0)
    assert {line["worker"] for line in lines(both, "serving")} == {"0", "1"}
    # The one that died came back under its name: the other was not bothered.
    assert [line["worker"] for line in lines(both, "sources assigned")].count("0") <= 2


async def test_workers_end_when_the_process_that_watches_them_is_killed(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    kafka.create_topics(f"{topic_prefix}predictions", partitions=2)
    config = live_config(kafka, topic_prefix, grace="5s")
    with Workers(tmp_path / "both", config, "both", "--workers", "2") as both:
        await eventually(lambda: is_ready(both.url) and is_ready(both.second()), seconds=40)
        pids = both.pids().values()
        await asyncio.to_thread(both.server.kill)
        await eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), seconds=15)


def test_workers_that_cannot_listen_end_the_command_with_the_status_of_a_mistake(tmp_path: Path) -> None:
    port = next(port for port in iter(free_port, 0) if not listens(port + 1))
    config = {"web": {"host": HOST, "port": port}, "kafka": {"bootstrap_servers": f"{HOST}:9"}}
    config |= {"sources": [{"topic": "t"}], "models": [{"name": "m", "features": {"x": {"type": "numeric"}}}]}
    path = write_config(tmp_path / "taken.yaml", config)
    command = [sys.executable, "-m", "http.server", str(port + 1), "--bind", HOST]
    other = Server("other", command, tmp_path, lambda: listens(port + 1))
    other.start()
    try:
        done = attempt("run", "--config", path, "--workers", "2")
    finally:
        other.close()
    assert done.returncode == 2
    assert "cannot listen" in done.stderr
    given_up = [json.loads(line) for line in done.stderr.splitlines() if '"worker given up' in line]
    assert [line["status"] for line in given_up] == [2]


async def test_stages_run_apart_and_each_says_what_it_lacks(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, partitions=4)
    config = live_config(kafka, topic_prefix, grace="8s")
    reads = Workers(tmp_path / "reads", config, "reads", "--roles", "ingest")
    evaluates = Workers(tmp_path / "evaluates", config, "evaluates", "--roles", "evaluate,deliver")
    with reads, evaluates:
        await eventually(lambda: reads.ready() and evaluates.ready(), seconds=40)
        async with flowing(kafka, topic, bursts=25):
            pass
        await exact(kafka, topic_prefix, seconds=60)
        assert reads.metric("driftline_events_total") > 1_000
        assert evaluates.metric("driftline_events_total") == 0
        assert evaluates.metric("driftline_window_end_timestamp_seconds") > 0
        assert reads.metric("driftline_window_end_timestamp_seconds") == 0
        assert "does not evaluate (its roles: ingest)" in httpx.get(reads.url).text
        assert "does not evaluate" not in httpx.get(evaluates.url).text
        assert [line["roles"] for line in lines(evaluates, "serving")] == [["evaluate", "deliver"]]


def test_an_unknown_role_is_named_with_those_there_are(tmp_path: Path) -> None:
    done = attempt("run", "--config", tmp_path / "none.yaml", "--roles", "ingest,dance")
    assert done.returncode == 2
    assert "dance" in done.stderr
    assert "ingest, evaluate, deliver" in done.stderr
