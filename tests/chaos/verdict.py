"""The comparison at the end of a scenario: every pane and every window of the log, to the last cell."""

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from detectors.profile import Profile
from tests.chaos.ledger import Fields, Ledger, Tallies
from tests.chaos.stated import Results, StatedPanes, differences, read_results, scan
from tests.chaos.story import Story
from tests.e2e.commands import START_MS, build_profile, with_model, with_profile
from tests.e2e.service import credit_config
from tests.e2e.traffic import credit_events, read_all
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually

REFERENCE = 20_000


@dataclass
class Scene:
    """An installation on a broker, with a reference, windows of seconds and traffic of now."""

    kafka: KafkaBroker
    prefix: str
    folder: Path
    story: Story
    length_ms: int = 20_000
    every_ms: int = 5_000
    partitions: int = 6
    grace: str = "20s"
    lateness: str = "20s"
    flush: str = "300ms"
    reference: Path | None = None
    """A profile that was built already."""

    def __post_init__(self) -> None:
        self.profile_path = self.reference or build_profile(
            self.folder, self._bare(), credit_events(REFERENCE, START_MS, 100)
        )
        self.profile = Profile.from_json(self.profile_path.read_bytes())
        known = Fields.of(self.profile_path.read_bytes())
        self.fields = replace(known, latency=any(f.name == "latency_ms" for f in self.profile.layout.fields))

    @property
    def topic(self) -> str:
        """Where events go."""
        return f"{self.prefix}predictions"

    def config(self, **changes: Any) -> dict[str, Any]:
        """The configuration that all workers share."""
        monitors = [{"name": "shape", "metric": "ks", "threshold": 0.9}, *credit_config("", "")["monitors"]]
        return with_profile(self._bare(), self.profile_path) | {"monitors": monitors} | changes

    def create_topic(self, **settings: str) -> None:
        """Make the source topic."""
        self.kafka.create_topics(self.topic, partitions=self.partitions, config=settings)

    async def ledger(self) -> Ledger:
        """What the log really holds."""
        ledger = Ledger(self.fields, self.every_ms)
        await scan(self.kafka.bootstrap, self.topic, ledger.enter, self.partitions)
        return ledger

    async def results(self) -> Results:
        """The last of what was said of each window."""
        return read_results(
            record.value for record in await read_all(self.kafka.bootstrap, f"{self.prefix}results")
        )

    async def stated(self) -> StatedPanes:
        """What stage 1 said of each pane."""
        panes = StatedPanes()
        await scan(self.kafka.bootstrap, f"{self.prefix}partials", panes.see, 3)
        return panes

    async def settled(self, truth: Tallies, seconds: float) -> Results:
        """The results, once each window of the truth has one."""
        found: Results = {}

        async def complete() -> bool:
            nonlocal found
            await asyncio.sleep(0.5)  # reading all of a topic is no light question
            found = await self.results()
            return {(end, name) for end, name, _, metric in found if metric == "traffic"} >= truth.keys()

        await eventually(complete, seconds=seconds, what="every window stated")
        return found

    async def exact(self, seconds: float = 120, least: int = 10, until_ms: int = 2**62) -> Ledger:
        """Wait for the last window that ends by ``until_ms``, then compare all up to there."""
        ledger = (await self.ledger()).until(until_ms)
        await self.compare(ledger, seconds, least, until_ms)
        return ledger

    async def compare(
        self, ledger: Ledger, seconds: float = 120, least: int = 10, until_ms: int = 2**62
    ) -> StatedPanes:
        """Wait until each window of a ledger is stated, and compare; what differs is in the message."""
        windows = ledger.windows(self.length_ms, self.every_ms)
        truth = {place: cells for place, cells in windows.items() if place[0] <= until_ms}
        assert len(truth) > least
        results = await self.settled(truth, seconds)
        compared, wrong = differences(results, truth, self.profile)
        panes = await self.stated()
        self.story.tell(
            f"{ledger.events:,} events in the log; {compared:,} figures of {len(truth):,} windows and slices "
            f"compared, {len(wrong)} wrong; {len(ledger.panes):,} panes and slices to the last cell; "
            f"{panes.statements:,} statements, {panes.restated():,} panes stated again after a crash"
        )
        assert not wrong, wrong[:5]
        assert not (torn := panes.contradictions()), torn[:5]
        tallies = panes.tallies(self.profile.layout)
        stated = {place: cells for place, cells in tallies.items() if cells and place[0] < until_ms}
        assert not (odd := unlike(stated, ledger.panes)), odd
        return panes

    def _bare(self) -> dict[str, Any]:
        timing = {"flush": self.flush, "grace": self.grace}
        config = credit_config(self.kafka.bootstrap, self.prefix, timing=timing)
        windows = [{"length": f"{self.length_ms // 1000}s", "every": f"{self.every_ms // 1000}s"}]
        return with_model(config, windows=windows, lateness=self.lateness)


def unlike(stated: Tallies, truth: Tallies) -> list[str]:
    """The first cells that two tallies do not agree on."""
    found = []
    for place in sorted(stated.keys() | truth.keys()):
        one, two = stated.get(place, Counter()), truth.get(place, Counter())
        odd = [cell for cell in one.keys() | two.keys() if one[cell] != two[cell]]
        found += [f"{place} {cell}: stated {one[cell]}, in the log {two[cell]}" for cell in odd]
    return found[:10]
