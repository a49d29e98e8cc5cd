"""A real Kafka broker (KRaft, one node) on a loopback port."""

import base64
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from tests.parts.cache import run
from tests.parts.catalog import JAVA, KAFKA
from tests.parts.process import HOST, Server, free_port, listens, run_apart

HEAP = "-Xmx512m"
# The short session is what lets a killed broker back in quickly: the controller, which remembers its old
# registration, refuses the new one until that has timed out.
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}{listeners}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}
log.dirs={data}
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""


class KafkaBroker:
    """A broker with data of its own; `stop`, `kill` and `start` bounce it on the same port and data.

    Topics are never created by use: make them with :meth:`create_topics`. Called from inside an event loop,
    `start` holds the loop up for some seconds; `await asyncio.to_thread(broker.start)` does not.
    `settings` are broker settings beyond, or other than, the usual ones; `doors` are more listeners by name,
    with their protocols, found in `addresses`; `users` are the passwords of SCRAM users.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        doors: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
    ) -> None:
        doors = doors or {}
        self.addresses = {name: f"{HOST}:{free_port()}" for name in doors}
        self._users = users or {}
        self.port = free_port()
        self.bootstrap = f"{HOST}:{self.port}"
        self._settings = folder / "server.properties"
        self._java = JAVA.path()
        self._jars = f"{KAFKA.path()}/*"
        text = _SETTINGS.format(
            host=HOST, port=self.port, controller_port=free_port(), data=folder / "kafka-data",
            listeners="".join(f",{name}://{address}" for name, address in self.addresses.items()),
            protocols="".join(f",{name}:{protocol}" for name, protocol in doors.items()),
        )  # fmt: skip
        more = "".join(f"{name}={value}\n" for name, value in (settings or {}).items())
        self._settings.write_text(text + more, encoding="utf-8")
        command: list[str | Path] = [
            self._java,
            HEAP,
            "-XX:TieredStopAtLevel=1",
            "-cp",
            self._jars,
            "kafka.Kafka",
            self._settings,
        ]
        self.server = Server("kafka", command, folder, self._is_ready)

    def __enter__(self) -> Self:
        self._format()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.close()

    def start(self) -> None:
        """Start, or start again, and wait until clients are served."""
        self.server.start()

    def stop(self) -> None:
        """Shut down in good order."""
        self.server.stop()

    def kill(self) -> None:
        """SIGKILL: what a power cut or an out-of-memory kill looks like to clients."""
        self.server.kill()

    def create_topics(self, *names: str, partitions: int = 1, config: dict[str, str] | None = None) -> None:
        """Create topics and wait until they are there."""
        topics = [NewTopic(name, partitions, 1, topic_configs=config or {}) for name in names]

        async def create() -> None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
            await admin.start()
            try:
                answer = await admin.create_topics(topics)
            finally:
                await admin.close()
            refused = [(topic, text) for topic, code, text in answer.topic_errors if code]
            assert not refused, f"the broker refused topics: {refused}"

        run_apart(create)

    def _format(self) -> None:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # An id that begins with a dash would be read as an option.
        cluster_id = "A" + cluster_id[1:]
        tool: list[str | Path] = [
            self._java,
            "-XX:TieredStopAtLevel=1",
            "-cp",
            self._jars,
            "kafka.tools.StorageTool",
        ]
        scram = [
            f"--add-scram={mechanism}=[name={name},password={password}]"
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for name, password in self._users.items()
        ]
        run([*tool, "format", "-t", cluster_id, "-c", self._settings, *scram])

    def _is_ready(self) -> bool:
        return listens(self.port) and run_apart(self._knows_itself)

    async def _knows_itself(self) -> bool:
        # A broker accepts connections some time before the controller has let it into the cluster.
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5_000)
        try:
            await admin.start()
            cluster = await admin.describe_cluster()
        except KafkaError:
            return False
        finally:
            await admin.close()
        return bool(cluster["brokers"])
