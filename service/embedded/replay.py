"""Replaying files of events: the results and alerts that they would have raised, as JSON lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from service.alerts.notice import AlertNotice, Notice
from service.alerts.notice import encode as encode_notice
from service.config.settings import Settings
from service.embedded.engine import Engine
from service.embedded.files import FileRecord, read_records
from service.evaluation.lines import runs
from service.evaluation.result import Evaluated
from service.pipeline import Effect
from service.windows.control import ProfilePublished


@dataclass
class Summary:
    """What a replay met."""

    events: int = 0
    labels: int = 0
    rejects: dict[str, int] = field(default_factory=dict)
    tombstones: int = 0
    duplicate_keys: int = 0
    late: int = 0
    clamped: int = 0
    windows: int = 0
    results: int = 0
    firing: int = 0
    profiles: list[str] = field(default_factory=list)


class Writer:
    """Writes effects as JSON lines."""

    def __init__(self, results: BinaryIO, alerts: BinaryIO | None, summary: Summary) -> None:
        self._results, self._alerts, self._summary = results, alerts, summary

    def __call__(self, effect: Effect) -> None:
        """Write one effect."""
        if isinstance(effect, Evaluated):
            for lines in runs(effect.results):
                self._results.write(b"".join(line + b"\n" for line in lines))
            self._summary.windows += 1
            self._summary.results += len(effect.results)
        elif isinstance(effect, ProfilePublished):
            self._summary.profiles.append("learned")
        else:
            self._notice(effect)

    def _notice(self, notice: Notice) -> None:
        if isinstance(notice, AlertNotice):
            if not notice.transition:
                return
            self._summary.firing += notice.state == "firing"
        if self._alerts is not None:
            self._alerts.write(encode_notice(notice) + b"\n")


def replay(
    settings: Settings,
    profiles: Sequence[ProfilePublished],
    files: Sequence[Path],
    writer: Writer,
    summary: Summary,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Run files through the whole path.

    Several files are read together, always the one that is furthest behind in event time; each is a source
    with a clock of its own, so that the order of the files does not matter.

    Parameters
    ----------
    profiles
        References in force from the start.
    progress
        Told the bytes of events read, chunk by chunk.
    """
    topics = [f"file-{i}" for i in range(len(files))]
    engine = Engine(settings, topics, writer)
    for profile in profiles:
        engine.publish(profile)
    open_files: dict[str, Iterator[list[FileRecord]]] = {
        topic: read_records(path) for topic, path in zip(topics, files, strict=True)
    }
    while open_files:
        topic = min(open_files, key=lambda topic: (engine.newest_ms(topic), topic))
        chunk = next(open_files[topic], None)
        if chunk is None:
            del open_files[topic]
            engine.caught_up(topic)
            continue
        _count(summary, engine, topic, chunk)
        progress(sum(len(record.value or b"") + 1 for record in chunk))
    for source in engine.ingest.sources.values():
        for tally in source.tallies().values():
            summary.late += tally.late
            summary.clamped += tally.clamped


def _count(summary: Summary, engine: Engine, topic: str, chunk: list[FileRecord]) -> None:
    taken = engine.feed(topic, chunk)
    for (_, is_label), count in taken.events.items():
        if is_label:
            summary.labels += count
        else:
            summary.events += count
    for reject in taken.rejects:
        summary.rejects[reject.reason] = summary.rejects.get(reject.reason, 0) + 1
    summary.tombstones += taken.tombstones
    summary.duplicate_keys += taken.duplicate_keys
