"""The jars of Apache Kafka: fetched by Maven, else those of an installed Kafka."""

import os
import shutil
import tempfile
from pathlib import Path

from tests.parts import debian, java
from tests.parts.cache import CACHE, PartMissingError, replace_folder, run

KAFKA_VERSION = "4.1.1"
POM = Path(__file__).with_name("kafka-pom.xml")
_FETCHED = CACHE / f"kafka-{KAFKA_VERSION}"


def locate() -> Path:
    """Folder of the broker's jars."""
    for folder in _candidates():
        if any(folder.glob("kafka_2.1*-*.jar")):
            return folder
    raise PartMissingError(
        "no Kafka: neither fetched, nor in KAFKA_HOME, nor `kafka-server-start.sh` on the PATH"
    )


def fetch() -> None:
    """Let Maven collect the broker and what it depends on."""
    if shutil.which("mvn") is None:
        debian.install(["maven"])
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        jars = Path(scratch) / "libs"
        goal = [
            "dependency:copy-dependencies",
            f"-Dkafka.version={KAFKA_VERSION}",
            f"-DoutputDirectory={jars}",
        ]
        run(["mvn", "-q", "-B", "-f", POM, *goal], env=_java_home())
        replace_folder(jars, _FETCHED)


def _candidates() -> list[Path]:
    folders = [_FETCHED]
    if home := os.environ.get("KAFKA_HOME"):
        folders.append(Path(home) / "libs")
    scripts = [shutil.which(name) for name in ("kafka-server-start.sh", "kafka-server-start")]
    return folders + [Path(script).resolve().parents[1] / "libs" for script in scripts if script]


def _java_home() -> dict[str, str]:
    return {} if shutil.which("java") else {"JAVA_HOME": str(java.locate().parents[1])}
